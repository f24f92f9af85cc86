"""Command processes: whatever a command does, the search ends with its rows or with one clear error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time

import pytest

from searchhead.splunkd.chunking import Chunking
from searchhead.splunkd.errors import CommandError, CommandTimeout, ProtocolError, SearchCancelled
from searchhead.splunkd.process import _end_of
from searchhead.table import Table
from tests.searchhead.splunkd.trial import Commands

ROWS = Table.from_columns({"a": ["x", "y"], "b": [["1", "2"], None]})


@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [
        ("getinfo_error", CommandError, "exited unexpectedly with non-zero error code 1"),
        ("no_type", CommandError, "Unknown type None"),
        ("garbage", ProtocolError, "Failed to parse transport header: 'hello, I print to stdout'"),
        ("half_a_frame", CommandError, "non-zero error code 3. Its last reply was cut off"),
        ("killed", CommandError, "ended by SIGKILL"),
        ("exit_0", CommandError, "exited unexpectedly before its last reply"),
        ("error_key", CommandError, "Error in 'misbehave' command: The disk is full."),
        ("too_large", ProtocolError, "larger than maxchunksize = 1000000"),
        ("two_replies", ProtocolError, "what no request asked for"),
        ("late_exit_4", CommandError, "non-zero error code 4"),
        ("silent_maxwait", CommandTimeout, "did not reply within 1 s"),
    ],
)
def test_a_failing_command_fails_the_search_with_its_reason(
    commands: Commands, how: str, kind: type[CommandError], told: str
) -> None:
    with pytest.raises(kind, match=told):
        commands.run("misbehave", f"how={how}", ROWS)


def test_error_messages_come_before_the_error(commands: Commands) -> None:
    with pytest.raises(CommandError):
        commands.run("misbehave", "how=getinfo_error", ROWS)

    assert commands.messages == [("ERROR", "No such thing: 7.")]


def test_an_error_that_is_also_a_message_is_told_once(commands: Commands) -> None:
    with pytest.raises(CommandError, match="disk is full"):
        commands.run("misbehave", "how=error_key", ROWS)

    assert commands.messages == [("WARN", "Something is odd.")]


def test_stderr_goes_to_search_log_at_error_level_and_the_rows_arrive(commands: Commands) -> None:
    table = commands.run("misbehave", "how=stderr", ROWS)

    assert table == ROWS
    assert "ERROR ChunkedExternProcessor - a line on stderr" in commands.search_log
    assert not list(commands.dispatch.folder.glob("*.stderr"))


def test_a_reply_that_never_comes_ends_at_the_time_limit(commands: Commands) -> None:
    with pytest.raises(CommandTimeout, match=r"did not reply within 0\.3 s"):
        commands.run("misbehave", "how=silent", ROWS, reply_timeout_s=0.3)


def test_a_command_that_stays_after_its_last_reply_is_ended(commands: Commands) -> None:
    table = commands.run("misbehave", "how=stays", ROWS, exit_timeout_s=0.3)

    assert table == ROWS
    assert "still ran 0.3 s after its last reply: killed" in commands.search_log


def test_a_daemon_that_inherits_all_pipes_does_not_hold_the_search(commands: Commands) -> None:
    started = time.monotonic()

    table = commands.run("misbehave", "how=daemon", ROWS)

    assert table == ROWS
    assert time.monotonic() - started < 5
    daemon = int((commands.state / "daemon.pid").read_text())
    os.kill(daemon, signal.SIGTERM)  # it is still there: ending the command did not end it


def test_cancelling_ends_a_hanging_command(commands: Commands) -> None:
    timer = threading.Timer(0.5, lambda: commands.dispatch.cancel())
    timer.start()

    started = time.monotonic()
    with pytest.raises(SearchCancelled):
        commands.run("misbehave", "how=silent", ROWS)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("name", "told"),
    [("oldstyle", "chunked = true"), ("missing", "Could not find nowhere.py"), ("leaving", "may not leave bin/")],
)
def test_a_stanza_that_cannot_run_says_why(commands: Commands, name: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        commands.run(name, "", ROWS)


def test_splunkd_starts_commands_for_getinfo_before_the_search(commands: Commands) -> None:
    commands.run("misbehave", "how=record_launch", ROWS, parse_launches=3)

    launches = [json.loads(line) for line in (commands.state / "launches.txt").read_text().splitlines()]
    sid = commands.dispatch.sid
    assert {launch["sid"] for launch in launches[:3]} == {f"searchparsetmp_{sid}", "", f"{sid}_tmp"}
    assert [launch["sid"] for launch in launches[3:]] == [sid]
    assert all(len(launch["argv"]) == 1 for launch in launches)


def test_getinfo_tells_all_that_splunkd_tells(commands: Commands) -> None:
    commands.run("misbehave", 'how="record_launch" "two words"', ROWS)

    request = json.loads((commands.state / "launches.txt").read_text())["request"]
    assert set(request) == {"action", "preview", "streaming_command_will_restart", "searchinfo"}
    assert set(request["searchinfo"]) == {
        "args", "raw_args", "dispatch_dir", "sid", "app", "owner", "username", "session_key", "splunkd_uri",
        "splunk_version", "search", "command", "maxresultrows", "earliest_time", "latest_time",
    }  # fmt: skip
    assert request["searchinfo"]["args"] == ["how=record_launch", "two words"]
    assert request["searchinfo"]["raw_args"] == ['how="record_launch"', '"two words"']
    assert request["searchinfo"]["search"] == "%7C%20trial"


_DATA = [
    'a,b,"__mv_a","__mv_b"\n0,x,,\n1,x,,\n',
    'a,b,"__mv_a","__mv_b"\n2,x,,\n3,x,,\n',
    'a,b,"__mv_a","__mv_b"\n4,x,,\n',
]
_HEADER = 'a,b,"__mv_a","__mv_b"\n'


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        ("streaming", [[False, _DATA[0]], [False, _HEADER], [False, _DATA[1]], [False, _DATA[2]], [True, _HEADER]]),
        (
            "stateful",
            [
                [False, _DATA[0]],
                [False, _HEADER],
                [False, _DATA[1]],
                [False, _DATA[2]],
                [False, _HEADER],
                [True, _HEADER],
            ],
        ),
        ("events", [[False, _DATA[0]], [False, _HEADER], [False, _DATA[1]], [True, _DATA[2]]]),
        ("reporting", [[False, _DATA[0]], [False, _HEADER], [False, _DATA[1]], [True, _DATA[2]]]),
    ],
)
def test_each_kind_gets_its_chunks_as_splunkd_sends_them(
    commands: Commands, kind: str, requests: list[list[object]]
) -> None:
    rows = Table.from_columns({"a": ["0", "1", "2", "3", "4"], "b": ["x"] * 5})

    table = commands.run(
        "misbehave",
        f"how=record_requests {kind}",
        rows,
        chunking=Chunking.fixed(2),
        parse_launches=0,
        distributable=False,
    )

    sent = [json.loads(line) for line in (commands.state / "requests.txt").read_text().splitlines()]
    assert sent == requests
    assert table == rows


@pytest.mark.parametrize("watched", [True, False])
def test_the_end_of_a_process_is_noticed_whether_or_not_the_system_tells(
    watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not watched:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    assert process.stdin is not None

    with _end_of(process) as ended:
        assert not ended(0.05)
        process.stdin.close()
        assert ended(10)
    assert process.wait() == 0

    with _end_of(process) as ended:
        assert ended(0), "also once it is gone altogether"
