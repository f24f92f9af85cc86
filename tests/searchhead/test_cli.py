"""``python -m searchhead`` on the trial app."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from searchhead import cli

REPOSITORY = Path(__file__).parents[2]
TRIAL_APP = Path(__file__).parent / "splunkd" / "apps" / "trial"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "searchhead", *arguments]


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Runs a search in this process: (SPL, options …) → how it ended."""

    def run(search: str, *options: str) -> Done:
        capsys.readouterr()
        arguments = [
            "run",
            "--app",
            str(TRIAL_APP),
            "--state",
            str(tmp_path / "state"),
            "--parse-launches",
            "0",
            *options,
        ]
        try:
            code = cli.main([*arguments, search])
        except SystemExit as exc:  # argparse's way out
            code = int(str(exc.code))
        return Done(code, *capsys.readouterr())

    return run


def test_results_alone_go_to_stdout_in_csv(run) -> None:
    done = run(
        '| makeresults count=2 | eval a="x", b=split("1,2",",") | fields - _time | upper field=a', "--output", "csv"
    )

    assert done.returncode == 0, done.stderr
    assert list(csv.reader(done.stdout.splitlines(keepends=True))) == [["a", "b"], ["X", "1\n2"], ["X", "1\n2"]]
    assert done.stderr == ""


def test_json_keeps_multivalues_and_leaves_missing_fields_out(run) -> None:
    done = run('| makeresults | eval b=split("1,2",",") | table b none', "--output", "json")

    assert json.loads(done.stdout) == [{"b": ["1", "2"]}]


def test_the_table_shortens_long_values(run) -> None:
    done = run('| makeresults | eval image=replace("AAAAAAAA", "A", "iVBORw0KGg") | table image')

    assert done.stdout.splitlines() == ["image", "───────────────", "iVBORw0… (80 B)"]


def test_map_and_reduce_over_three_indexers(run) -> None:
    search = (
        '| makeresults count=30 | eval a=if(random()%2==0,"even","odd") | tally by=a | stats sum(count) max(workers)'
    )
    done = run(search, "--indexers", "3", "--output", "csv")

    assert done.stdout.splitlines()[1] == "30,3"


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("| nosuch", "Unknown search command"),
        ("| makeresults | eval", "ERROR: Error in 'eval' command"),
        ("| makeresults | misbehave how=error_key", "ERROR: Error in 'misbehave' command: The disk is full."),
        ("| makeresults | count to=many", "ERROR: Illegal value: to=many"),
        ("| makeresults | missing", "Could not find nowhere.py"),
        ("", "ERROR: "),
    ],
)
def test_a_failing_search_exits_1_with_its_reason_on_stderr(run, search: str, told: str) -> None:
    done = run(search)

    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_stays_in_search_log_and_the_error_says_where(run) -> None:
    done = run("| makeresults | misbehave how=traceback")

    assert done.returncode == 1
    assert "non-zero error code 1" in done.stderr
    assert "a fault in the command" not in done.stderr
    log = Path(done.stderr.rsplit("stderr is in ", 1)[1].strip().rstrip("."))
    assert "RuntimeError: a fault in the command" in log.read_text()


def test_state_and_settings_survive_from_search_to_search(run) -> None:
    run("| ask")
    done = run("| ask | search question=kvstore", "--output", "csv")

    assert done.stdout.splitlines() == ["question,answer", "kvstore,Ada"]


def test_previews_go_to_stderr(run) -> None:
    search = '| makeresults count=60 | eval a="x" | tally by=a'
    done = run(search, "--preview", "--chunk-rows", "5", "--indexers", "3", "--output", "csv")

    assert done.stdout.splitlines()[1].startswith("x,60,")
    assert "PREVIEW: tally, 1 rows so far" in done.stderr


def test_an_interrupt_ends_the_search_and_its_commands(tmp_path: Path) -> None:
    arguments = ["--app", str(TRIAL_APP), "--state", str(tmp_path), "--parse-launches", "0"]
    head = subprocess.Popen(
        _command("run", *arguments, "| makeresults | misbehave how=silent"),
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = _eventually(lambda: next(tmp_path.glob("splunk/var/run/splunk/dispatch/*/search.log"), None))
    pid = int(_eventually(lambda: _between(log.read_text(), "Running process ", ":")))

    head.send_signal(signal.SIGINT)
    _, told = head.communicate(timeout=20)

    assert head.returncode == 130
    assert "The search was cancelled." in told
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _between(text: str, before: str, after: str) -> str | None:
    return text.split(before, 1)[1].split(after)[0] if before in text else None


def _eventually(find):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("It did not happen within 20 s.")


def test_another_python_runs_the_commands(run, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexport RAN_BY=other\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)

    done = run("| count to=1", "--python", str(python), "--output", "csv")
    missing = run("| count to=1", "--python", "/no/such/python")

    assert done.stdout.splitlines() == ["n", "0"], done.stderr
    assert missing.returncode == 1
    assert "/no/such/python" in missing.stderr


def test_the_program_itself_runs_a_search(tmp_path: Path) -> None:
    arguments = ["run", "--app", str(TRIAL_APP), "--state", str(tmp_path), "--output", "csv", "-"]
    done = subprocess.run(
        _command(*arguments), input="| makeresults | eval n=1 | table n",
        capture_output=True, text=True, cwd=REPOSITORY, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n1\n", "")


def test_results_that_cannot_be_written_fail_the_search(tmp_path: Path) -> None:
    arguments = ["run", "--app", str(TRIAL_APP), "--state", str(tmp_path), "| makeresults"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            _command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, check=False
        )

    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: The results cannot be written")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    assert "python -m searchhead run '| makeresults count=3" in capsys.readouterr().out


def test_a_wrong_command_line_exits_2(run) -> None:
    assert run("| makeresults", "--indexers", "0").returncode == 2
    assert run("| makeresults", "--lookups", "/no/such/folder").returncode == 2


def test_the_installed_commands_are_listed_with_their_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["commands", "--app", str(TRIAL_APP), "--state", str(tmp_path)]) == 0

    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "installed" in lines["upper"]
    assert "chunked = true" in lines["oldstyle"]


@pytest.mark.parametrize("times", [("--earliest", "-24h"), ("--earliest", "-1d@d", "--latest", "now"), ("--latest=-1h",)])
def test_times_are_given_as_in_searches(run, times: tuple[str, ...]) -> None:
    assert run("| makeresults | eval a=1 | table a", *times, "--output", "csv").stdout.split() == ["a", "1"]


def test_a_time_that_is_none_is_named(run) -> None:
    done = run("| makeresults", "--earliest", "yesterday")

    assert done.returncode == 2
    assert "'yesterday' is no time; write" in done.stderr
