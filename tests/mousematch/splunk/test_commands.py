"""Command classes: options, errors and messages over the protocol, with small commands as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.protocol import APP, CommandProcess, run

STREAMING = f"""
import sys
sys.path.insert(0, {str(APP / "bin")!r})
import mousematch_path
from splunklib.searchcommands import Configuration, Option, validators
from mousematch.errors import TelemetryError
from mousematch.splunk.commands import StreamingColumns, run

@Configuration(distributed=False)
class ProbeCommand(StreamingColumns):
    field = Option(default="n")
    most = Option(validate=validators.Integer(1, 10))
    needed = Option(require=False)

    def prepare(self):
        if self.needed == "a module":
            raise ImportError("there is none")

    def required_fields(self):
        return [self.field]

    def stream(self, columns):
        if "boom" in columns[self.field]:
            raise KeyError("boom {{}}")
        if "bad" in columns[self.field]:
            raise TelemetryError("Two\\nlines {{0}}.")
        self.write_warning("{{}} rows", columns.rows)
        self.write_info("braces {{x}} stay")
        self.write_metric("rows", columns.rows)
        columns["twice"] = [value * 2 for value in columns[self.field]]
        del columns[self.field]
        return columns

run(ProbeCommand)
"""

REPORTING = f"""
import sys
sys.path.insert(0, {str(APP / "bin")!r})
import mousematch_path
from splunklib.searchcommands import Configuration, Option
from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import ReportingColumns, run

@Configuration()
class CountCommand(ReportingColumns):
    label = Option(default="rows")
    count = 0

    def reduce(self, columns):
        self.count += columns.rows

    def report(self):
        yield Columns({{self.label: [str(self.count)]}})

run(CountCommand)
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("probe") / "probe.py"
    script.write_text(STREAMING)
    return script


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("count") / "count.py"
    script.write_text(REPORTING)
    return script


def test_a_streaming_command_announces_itself_and_keeps_the_row_numbers(probe):
    result = run("probe", "field=a", script=probe, chunks=[[{"a": "x", "_chunked_idx": "0"}], [{"a": "y"}]])

    assert result.replies[0].metadata == {"required_fields": ["a"], "type": "stateful"}
    assert result.rows == [{"_chunked_idx": "0", "twice": "xx"}, {"twice": "yy"}]
    assert [reply.metadata["finished"] for reply in result.replies[1:]] == [False, False, True]
    assert (result.exit_code, result.stderr) == (0, "")


def test_messages_and_figures_travel_with_the_reply(probe):
    reply = run("probe", script=probe, chunks=[[{"n": "1"}]]).replies[1]

    assert reply.messages == [("WARN", "1 rows"), ("INFO", "braces {x} stay")]
    assert reply.metadata["inspector"]["metric.rows"] == 1


def test_an_expected_error_ends_the_search_with_one_line(probe):
    result = run("probe", script=probe, chunks=[[{"n": "1"}], [{"n": "bad"}], [{"n": "3"}]])

    last = result.replies[-1].metadata
    assert last == {
        "inspector": {"messages": [["ERROR", "Two lines {0}."]]},
        "error": "Two lines {0}.",
        "finished": True,
    }
    assert list(last) == ["inspector", "error", "finished"]
    assert (result.exit_code, result.stderr) == (1, "")


def test_an_unexpected_error_names_itself_and_leaves_its_traceback(probe):
    result = run("probe", script=probe, chunks=[[{"n": "boom"}]])

    assert "KeyError: 'boom {}'" in result.error
    assert "search.log" in result.error
    assert "Traceback" in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arg", "words"),
    [
        ("colour=red", ('no option colour="red"', "field, most, needed")),
        ("record=t", ("no option record",)),
        ("logging_configuration=/etc/x", ("no option logging_configuration",)),
        ("most=99", ('most="99"', "probe")),
    ],
)
def test_a_wrong_option_is_named_with_its_value(probe, arg, words):
    result = run("probe", arg, script=probe, chunks=[])

    assert all(word in result.error for word in words)
    assert result.replies[-1].metadata["finished"] is True
    assert result.exit_code == 1


def test_getinfo_alone_is_a_launch_like_any_other(probe):
    with CommandProcess("probe", script=probe) as command:
        command.getinfo()

        assert command.close() == 0
    assert command.exit_code == 0


def test_a_search_that_is_cancelled_ends_the_command_quietly(probe):
    with CommandProcess("probe", script=probe) as command:
        command.getinfo()
        command.process.stdin.write(b'chunked 1.0,20,5000\n{"action":"execute"}n\n1\n')

        assert command.close() == 0
        assert command.stderr() == ""


def test_a_reporting_command_answers_every_chunk_and_reports_at_the_end(count):
    chunks = [[{"n": "1"}] * 3, b"n\n", [{"n": "1"}] * 2]

    result = run("count", "label=total", script=count, chunks=chunks)

    assert result.replies[0].metadata == {"type": "reporting"}
    assert result.rows == [{"total": "5"}]
    assert [len(reply.rows) for reply in result.replies] == [0, 0, 0, 0, 1]


def test_a_command_without_a_map_phase_refuses_to_run_one(count):
    assert "no map phase" in run("count", "phase=map", script=count, chunks=[]).error


def test_what_cannot_be_loaded_is_not_told_before_rows_are_asked_for(probe):
    result = run("probe", "needed=a module", script=probe, chunks=[[{"n": "1"}]])

    assert result.rows == [{"twice": "11"}]
    assert (result.exit_code, result.stderr) == (0, "")
