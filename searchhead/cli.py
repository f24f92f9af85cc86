"""The search head's command line.

    python -m searchhead run '| inputlookup people.csv | stats count by city'
    python -m searchhead serve

Results go to stdout, everything else to stderr. Exit codes: 0 results, 1 the search failed, 2 a wrong command line,
130 cancelled.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from . import output
from .conf_files import ConfError
from .spl.errors import SplError
from .spl.timespans import moment
from .splunkd.chunking import Chunking
from .splunkd.errors import CommandError, RestError, SearchCancelled, SplunkdError
from .splunkd.head import Options, Search, SearchHead
from .splunkd.process import REPLY_TIMEOUT_S
from .table import Table

APP = Path(__file__).resolve().parent.parent
_EXAMPLES = """\
examples:
  python -m searchhead run '| makeresults count=3 | eval n=random()%10'
  python -m searchhead run --output csv '| inputlookup mousematch_sample.csv | head 5'
  python -m searchhead run --indexers 3 \\
      '| inputlookup mousematch_sample.csv | mouseencode | mousescore | table user session match_score match_verdict'
  python -m searchhead commands

What a run leaves behind (templates, settings, logs) is in the state folder; the log of the last search is the newest
STATE/splunk/var/run/splunk/dispatch/*/search.log.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code."""
    settings = _parser().parse_args(_with_relative_times(sys.argv[1:] if arguments is None else arguments))
    settings.state = (settings.state or settings.app / "state").expanduser()
    try:
        return int(settings.do(settings))
    except SearchCancelled:
        print("The search was cancelled.", file=sys.stderr)
        return 130
    except (SplunkdError, SplError, ConfError, RestError) as exc:
        print(f"ERROR: {exc}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our results has seen enough
        _close_stdout()
        return 0


def _run(settings: argparse.Namespace) -> int:
    text = sys.stdin.read() if settings.search == "-" else settings.search
    status = _Status(sys.stderr)
    with SearchHead(settings.app, settings.state, user=settings.user) as head, status:
        search = head.search(
            text, _options(settings), on_message=status.message, on_preview=status.preview if settings.preview else None
        )
        try:
            with _cancelled_by_signals(search):
                table = search.run()
        except CommandError as exc:
            if search.dispatch.stderr_seen:  # a traceback, most likely
                raise SplunkdError(f"{exc}\nWhat it wrote to stderr is in {search.dispatch.log_file}.") from exc
            raise
    try:
        output.write(table, settings.output, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        _close_stdout()
        raise SplunkdError(f"The results cannot be written ({exc}).") from exc
    return 0


def _close_stdout() -> None:
    """Lets Python's own last flush of stdout succeed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _serve(settings: argparse.Namespace) -> int:
    from .web.serve import serve  # what it imports would slow down every search of this command line

    serve(
        settings.app,
        settings.state,
        port=settings.port,
        users=settings.users,
        schedules=not settings.no_schedules,
        verbose=settings.verbose,
    )
    return 0


def _commands(settings: argparse.Namespace) -> int:
    with SearchHead(settings.app, settings.state) as head:
        for command in head.commands.values():
            print(f"{command.name:16} {command.script.name:20} {command.problem or 'installed'}")
    return 0


def _options(settings: argparse.Namespace) -> Options:
    return Options(
        indexers=settings.indexers,
        chunking=Chunking.fixed(settings.chunk_rows) if settings.chunk_rows else Chunking(),
        python=settings.python,
        parse_launches=settings.parse_launches,
        reply_timeout_s=settings.timeout,
        maxresultrows=settings.maxresultrows,
        old_getinfo=settings.old_getinfo,
        lookup_dirs=tuple(folder.resolve() for folder in settings.lookups),
        earliest=settings.earliest,
        latest=settings.latest,
    )


class _Status:
    """Messages and progress of a search on stderr; the progress line is shown on a terminal only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._started = time.monotonic()

    def __enter__(self) -> _Status:
        if self._terminal:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        with self._lock:
            self._clear()

    def message(self, level: str, text: str) -> None:
        """One message of the search."""
        with self._lock:
            self._clear()
            print(f"{level}: {text}", file=self._stream, flush=True)

    def preview(self, command: str, table: Table) -> None:
        """An intermediate result."""
        with self._lock:
            self._clear()
            print(f"PREVIEW: {command}, {len(table)} rows so far", file=self._stream)
            output.write_aligned(table, self._stream)
            self._stream.flush()

    def _tick(self) -> None:
        while not self._done.wait(0.5):
            with self._lock:
                if not self._done.is_set():
                    self._stream.write(f"\r\x1b[2KSearching … {time.monotonic() - self._started:.0f} s")
                    self._stream.flush()

    def _clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()


@contextlib.contextmanager
def _cancelled_by_signals(search: Search) -> Iterator[None]:
    """The first interrupt or termination cancels the search, the next one ends this program."""

    def cancel(number: int, frame: object) -> None:
        search.cancel()
        signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _time_argument(text: str) -> float:
    seconds = moment(text, time.time())
    if seconds is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; write epoch seconds, now, -24h, or -1d@d")
    return seconds


def _with_relative_times(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``--earliest -24h`` as ``--earliest=-24h``, which argparse would take for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in ("--earliest", "--latest") and argument.startswith(("-", "+", "@")):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port from 0 to 65535")
    return int(text)


def _folder(text: str) -> Path:
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is no folder")
    return folder


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m searchhead",
        description="Runs SPL searches with this app's commands, lookups and macros, without a Splunk.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    does = parser.add_subparsers(title="what to do", required=True, metavar="run | serve | commands")
    run = does.add_parser(
        "run",
        help="run a search",
        description="Runs a search. Results go to stdout, messages to stderr.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.set_defaults(do=_run)
    run.add_argument("search", metavar="SPL", help="the search, in quotes; - reads it from stdin")
    run.add_argument("--output", choices=output.FORMATS, default="table", help="form of the results (default: table)")
    run.add_argument("--indexers", type=_at_least_one, default=1, metavar="N", help="simulated indexers (default: 1)")
    run.add_argument("--lookups", type=_folder, action="append", default=[], metavar="DIR",
                     help="a further folder of CSV lookups; may be given again")  # fmt: skip
    run.add_argument("--user", default="admin", metavar="NAME", help="who searches (default: admin)")
    run.add_argument("--earliest", type=_time_argument, metavar="TIME", help="like -24h, -1d@d, or epoch seconds")
    run.add_argument("--latest", type=_time_argument, metavar="TIME", help="like now, -1h, or epoch seconds")
    run.add_argument("--preview", action="store_true", help="show intermediate results on stderr")
    run.add_argument("--python", metavar="PATH", help="another Python for the commands (default: this one)")
    run.add_argument("--timeout", type=float, default=REPLY_TIMEOUT_S, metavar="S",
                     help="seconds that a command may take for one reply (default: an hour; 0: no limit)")  # fmt: skip
    protocol = run.add_argument_group("how splunkd is played")
    protocol.add_argument("--chunk-rows", type=_at_least_one, metavar="N",
                          help="rows in every chunk (default: 100, growing to 50,000)")  # fmt: skip
    protocol.add_argument("--parse-launches", type=int, choices=range(4), default=1,
                          help="launches of each command for getinfo only, before the search (default: 1)")  # fmt: skip
    protocol.add_argument("--maxresultrows", type=_at_least_one, default=50_000, metavar="N",
                          help="limits.conf's maxresultrows, as the commands are told (default: 50000)")  # fmt: skip
    protocol.add_argument("--old-getinfo", action="store_true", help="tell commands only what Splunk 6.3 told them")
    serve = does.add_parser(
        "serve",
        help="serve the app's pages, REST, HEC and schedules",
        description="Serves the app on a port of 127.0.0.1 until it is interrupted: pages, REST, HEC, schedules.",
    )
    serve.set_defaults(do=_serve)
    serve.add_argument("--port", type=_port, default=8000, metavar="N", help="0 takes any free one (default: 8000)")
    serve.add_argument("--user", action="append", default=[], metavar="NAME", dest="users",
                       help="print a link for this user only; may be given again (default: all)")  # fmt: skip
    serve.add_argument("--no-schedules", action="store_true", help="run no saved search by itself")
    serve.add_argument("--verbose", action="store_true", help="log every request on stderr")
    commands = does.add_parser("commands", help="list the commands that the app installs")
    commands.set_defaults(do=_commands)
    for part in (run, serve, commands):
        part.add_argument("--app", type=_folder, default=APP, metavar="DIR", help="the app (default: this repository)")
        part.add_argument("--state", type=Path, default=None, metavar="DIR",
                          help="where KV store, settings and trained models live (default: state/ in the app)")  # fmt: skip
    return parser
