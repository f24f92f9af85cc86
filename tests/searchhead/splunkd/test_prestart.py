"""Commands that start before their input is there."""

from __future__ import annotations

import os
import re
import time

import pytest

from searchhead.spl.context import CustomCall
from searchhead.splunkd.errors import CommandError
from searchhead.table import Table

from .trial import Commands


@pytest.fixture
def trial(tmp_path):
    return Commands(tmp_path)


def _call(name: str, raw_args: str = "") -> CustomCall:
    return CustomCall(name, raw_args, 0, False, True, (), (), f"| {name} {raw_args}")


def _started(trial: Commands) -> list[int]:
    log = trial.search_log if trial.dispatch.log_file.exists() else ""
    return [int(number) for number in re.findall(r"Running process (\d+)", log)]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_all_commands_of_a_search_start_before_the_first_has_its_input(trial):
    names = _call("upper", "field=name"), _call("upper", "field=city")

    with trial.prepare(parse_launches=0) as commands:
        commands.start(names)
        deadline = time.monotonic() + 10
        while len(_started(trial)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(_started(trial)) == 2
        table = Table.from_columns({"name": ["ada"], "city": ["bern"]})
        for call in names:
            table = commands.run(call, table)

    assert (table.column("name"), table.column("city")) == (["ADA"], ["BERN"])


def test_a_process_that_no_stage_took_is_ended_with_the_search(trial):
    with trial.prepare(parse_launches=0) as commands:
        commands.start([_call("upper", "field=name")])

    (process,) = _started(trial)
    assert not _runs(process)


def test_a_command_that_does_not_start_fails_its_own_stage_only(trial):
    good, bad = _call("upper", "field=name"), _call("upper", "nonsense=1 field")

    with trial.prepare(parse_launches=0) as commands:
        commands.start([bad, good])
        assert commands.run(good, Table.from_columns({"name": ["ada"]})).column("name") == ["ADA"]
        with pytest.raises(CommandError):
            commands.run(bad, Table.from_columns({"name": ["ada"]}))
