"""Runs commands of the trial app: small ones, each of one kind, as processes."""

from __future__ import annotations

from pathlib import Path

from searchhead.spl.context import CustomCall
from searchhead.splunkd import environment, installed
from searchhead.splunkd.commands import CustomCommands, Plan
from searchhead.splunkd.dispatch import Dispatch
from searchhead.splunkd.searchinfo import SearchInfo
from searchhead.table import Table

TRIAL_APP = Path(__file__).parent / "apps" / "trial"


class Commands:
    """Runs single commands of the trial app; ``messages`` are those of all its searches."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.home = environment.prepare_home(state, TRIAL_APP, "trial")
        self.messages: list[tuple[str, str]] = []
        self.dispatch = Dispatch(self.home)

    def prepare(self, *, uri: str = "http://127.0.0.1:1", key: str = "none", **plan: object) -> CustomCommands:
        """The commands of a new search."""
        python = environment.interpreter()
        self.dispatch = Dispatch(self.home, on_message=lambda level, text: self.messages.append((level, text)))
        info = SearchInfo(
            command="", raw_args=(), search="| trial", sid=self.dispatch.sid, dispatch_dir=str(self.dispatch.folder),
            app="trial", owner="admin", session_key=key, splunkd_uri=uri,
        )  # fmt: skip
        env = environment.variables(python, self.home, state=self.state)
        settings = Plan(python=python, env=env, indexer_session_key="indexer", **plan)  # type: ignore[arg-type]
        return CustomCommands(installed.read(TRIAL_APP), info=info, plan=settings, dispatch=self.dispatch)

    def run(
        self,
        name: str,
        raw_args: str = "",
        table: Table | None = None,
        *,
        distributable: bool = True,
        **plan: object,
    ) -> Table:
        """The output of one command on this input, after its parse launches; without input it opens the search."""
        commands = self.prepare(**{"parse_launches": 0, **plan})
        first = table is None
        call = CustomCall(name, raw_args, 0, first, distributable and not first, (), (), f"| {name} {raw_args}")
        with commands:
            commands.parse([call])
            commands.start([call])
            return commands.run(call, Table.empty() if table is None else table)

    @property
    def search_log(self) -> str:
        """The log of the last search."""
        return (self.dispatch.folder / "search.log").read_text()
