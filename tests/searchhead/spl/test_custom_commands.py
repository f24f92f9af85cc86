"""What the search head is told when a command of the app stands in a pipeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from searchhead import spl
from searchhead.table import Table


class Recorder:
    """Runs every custom command: its input is its output, an empty one becomes two rows."""

    def __init__(self) -> None:
        self.calls: list[spl.CustomCall] = []
        self.inputs: list[Table] = []

    def __call__(self, call: spl.CustomCall, table: Table) -> Table:
        self.calls.append(call)
        self.inputs.append(table)
        return table if not call.first else Table.from_columns({"model": ["base", "other"], "image": [["a", "b"], "c"]})


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def with_commands(context, recorder) -> spl.Context:
    return replace(context, custom=recorder, custom_commands=frozenset({"mouseencode", "mousescore", "mousemodels"}))


def test_arguments_arrive_exactly_as_typed_and_results_pass_through(with_commands, recorder):
    made = spl.run(
        '| inputlookup sessions.csv | mouseencode  session="my session"  rows=window \\| x  | head 1', with_commands
    )

    (call,) = recorder.calls
    assert (call.name, call.raw_args) == ("mouseencode", 'session="my session"  rows=window \\| x')
    assert recorder.inputs[0].fields == ["user", "session", "score", "city"]
    assert len(made) == 1


def test_a_call_says_what_stands_around_it(with_commands, recorder):
    spl.run("| inputlookup sessions.csv | eval x=1 | mouseencode | mousescore | table user", with_commands)

    encode, score = recorder.calls
    assert (encode.before, encode.after) == (("inputlookup", "eval"), ("mousescore", "table"))
    assert (encode.distributable, score.distributable) == (True, False)
    assert encode.search == "| inputlookup sessions.csv | eval x=1 | mouseencode | mousescore | table user"


@pytest.mark.parametrize(
    ("search", "distributable"),
    [
        ("| inputlookup sessions.csv | where score>1 | rename user AS owner | mouseencode", True),
        ("| inputlookup sessions.csv | stats count BY user | mouseencode", False),
        ("| inputlookup sessions.csv | sort user | mouseencode", False),
        ("| makeresults | mouseencode", True),
        ("| makeresults | append [| makeresults] | mouseencode", False),
    ],
)
def test_only_streaming_commands_run_on_indexers(with_commands, recorder, search: str, distributable: bool):
    spl.run(search, with_commands)

    assert recorder.calls[0].distributable is distributable


def test_a_first_command_generates(with_commands, recorder):
    made = spl.run("| mousemodels | mvexpand image", with_commands)

    assert recorder.calls[0].first
    assert len(recorder.inputs[0]) == 0
    assert made == Table.from_columns({"model": ["base", "base", "other"], "image": ["a", "b", "c"]})


def test_subsearches_in_arguments_become_terms(with_commands, recorder):
    spl.run("| makeresults | mousescore [| inputlookup sessions.csv | head 1 | fields user]", with_commands)

    assert recorder.calls[0].raw_args == '( ( user="alice" ) )'


def test_macros_in_arguments_are_expanded(with_commands, recorder):
    (with_commands.app / "default" / "macros.conf").write_text("[options]\ndefinition = rows=window\n")

    spl.run("| inputlookup sessions.csv | mouseencode `options` user=user", with_commands)

    assert recorder.calls[0].raw_args == "rows=window user=user"


def test_custom_commands_work_in_subsearches(with_commands):
    made = spl.run("| makeresults | append [| mousemodels | fields model]", with_commands)

    assert made.column("model") == [None, "base", "other"]


def test_errors_of_the_command_pass_through(with_commands):
    class Died(Exception):
        pass

    def die(call: spl.CustomCall, table: Table) -> Table:
        raise Died(call.name)

    with pytest.raises(Died, match="mouseencode"):
        spl.run("| makeresults | mouseencode", replace(with_commands, custom=die))


def test_events_are_what_a_search_without_a_pipe_begins_with(with_commands):
    events = Table.from_columns(
        {"_time": ["1699999000", "1699000000"], "_raw": ["a bob", "b bob"], "index": ["web", "web"]}
    )

    class Indexes:
        def find(self, query: spl.EventQuery) -> Table:
            return events

    indexed = replace(with_commands, indexes=Indexes())

    assert spl.run("index=web bob earliest=-1h", indexed).column("_raw") == ["a bob"]
    assert len(spl.run("search index=web latest=now", indexed)) == 2
    assert len(spl.run("index=other", indexed)) == 0
