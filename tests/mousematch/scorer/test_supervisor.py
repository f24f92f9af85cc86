"""Starting the scorer: once, detached, and again after whatever happened to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mousematch.errors import ScorerRejected, ScorerUnavailable
from mousematch.scorer import launch as launch_module
from mousematch.scorer.launch import BIN, Launch, run_folder
from mousematch.scorer.supervisor import stop
from tests.mousematch.scorer.conftest import Head, card, pictures, wait_until

START = """
import os, sys
from pathlib import Path
from mousematch.scorer.launch import Launch
from mousematch.scorer.supervisor import ensure_running
launch = Launch((Path(sys.argv[1]),), model="tiny", executor="litert", idle_s=60)
print(ensure_running(launch, on_progress=print), flush=True)
"""


def start_process(head: Head, models: Path, **options: object) -> subprocess.Popen[str]:
    """A search as a process of its own that starts the scorer and prints its address."""
    environ = {**head.environ, "PYTHONPATH": str(BIN)}
    return subprocess.Popen(
        [sys.executable, "-c", START, str(models)],
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_starting_says_what_is_going_on_and_a_second_search_finds_it_ready(head: Head) -> None:
    address = head.start()
    told = list(head.progress)

    assert head.start() == address
    assert told[0] == "Starting the scorer (executor litert)."
    assert told[-1].startswith("The scorer is ready after ")
    assert head.progress == told
    assert len(head.pids()) == 1


def test_searches_that_begin_together_start_one_process(head: Head, models: Path) -> None:
    searches = [start_process(head, models) for _ in range(3)]

    outputs = [search.communicate(timeout=30) for search in searches]

    assert [search.returncode for search in searches] == [0, 0, 0], outputs
    assert len({output.splitlines()[-1] for output, _ in outputs}) == 1
    assert sum("Starting the scorer" in output for output, _ in outputs) == 1
    assert head.log.count("Serving model") == 1
    assert len(head.pids()) == 1


def test_threads_of_one_process_start_one_scorer_too(head: Head) -> None:
    with ThreadPoolExecutor(4) as threads:
        addresses = set(threads.map(lambda _: head.start(), range(4)))

    assert len(addresses) == len(head.pids()) == 1


def test_the_scorer_outlives_the_search_that_started_it_and_holds_none_of_its_pipes(head: Head, models: Path) -> None:
    search = start_process(head, models, start_new_session=True)

    # Ends only when every process that holds the pipes has closed them.
    output, _ = search.communicate(timeout=30)

    assert search.returncode == 0
    (pid,) = head.pids()
    assert os.getsid(pid) == pid
    assert output.splitlines()[-1] == head.start()


def test_a_search_that_is_killed_while_it_waits_leaves_a_scorer_that_the_next_one_uses(
    head: Head, models: Path
) -> None:
    search = start_process(head, models)
    assert wait_until(lambda: bool(head.pids()))
    search.kill()
    search.communicate()

    head.start()

    # A second process may have begun, found the socket's lock taken, and be about to leave.
    assert wait_until(lambda: len(head.pids()) == 1)
    assert head.log.count("Serving model") == 1


def test_a_killed_scorer_is_started_again(head: Head) -> None:
    head.start()
    (pid,) = head.pids()
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not head.pids())
    assert head.socket.exists()

    assert len(head.client().embed(pictures(2))) == 2


def test_a_hanging_scorer_is_replaced(head: Head) -> None:
    head.start()
    (hung,) = head.pids()
    os.kill(hung, signal.SIGSTOP)

    head.start(probe_s=0.2)

    (pid,) = head.pids()
    assert pid != hung
    assert "The scorer does not answer; replacing it." in head.progress
    assert len(head.client().embed(pictures(2))) == 2


def test_a_foreign_file_in_place_of_the_socket_is_replaced(head: Head) -> None:
    head.folder.mkdir(parents=True, mode=0o700)
    head.socket.write_text("not a socket")

    assert len(head.client().embed(pictures(1))) == 1


def test_other_settings_get_a_process_of_their_own_and_another_idle_time_does_not(head: Head) -> None:
    first = head.start()

    assert head.other(idle_s=5.0).start() == first
    assert head.other(threads=1).start() != first
    assert len(head.pids()) == 2


def test_a_scorer_that_runs_older_code_is_asked_to_end(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    head.start()
    (old,) = head.pids()
    monkeypatch.setattr(launch_module, "code_fingerprint", lambda: "abcdef")

    head.start()

    assert wait_until(lambda: old not in head.pids())
    assert len(head.pids()) == 1


def test_a_model_that_is_not_there_is_named(head: Head) -> None:
    with pytest.raises(ScorerUnavailable, match=r'There is no model "none" in .* \(there: tiny\)'):
        head.other(model="none").start()

    head.start()
    with pytest.raises(ScorerRejected, match='does not serve model "none"'):
        head.other(model="none").start()


def test_a_model_without_export_names_the_command_that_makes_it(head: Head, models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "tiny" / "1", tmp_path / "tiny" / "1", ignore=shutil.ignore_patterns("model.tflite"))

    with pytest.raises(ScorerUnavailable, match=r"has no model\.tflite in .*; run python -m mousematch\.export"):
        head.other(model_roots=(tmp_path,)).start()


@pytest.mark.parametrize("damage", [b"", b"TFL3 but nothing else", None], ids=["empty", "no model", "cut off"])
def test_a_damaged_export_is_named(head: Head, models: Path, tmp_path: Path, damage: bytes | None) -> None:
    shutil.copytree(models / "tiny" / "1", tmp_path / "tiny" / "1")
    export = tmp_path / "tiny" / "1" / "model.tflite"
    export.write_bytes(export.read_bytes()[:5_000] if damage is None else damage)

    with pytest.raises(ScorerUnavailable, match="The scorer ended with code .* while it started"):
        head.other(model_roots=(tmp_path,)).start()


def test_an_export_that_does_not_fit_its_card_is_refused(head: Head, models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "tiny" / "1", tmp_path / "tiny" / "1")
    (tmp_path / "tiny" / "1" / "model.json").write_text(card(embedding=64))

    with pytest.raises(ScorerUnavailable, match="its card says 64"):
        head.other(model_roots=(tmp_path,)).start()


def test_a_new_version_is_loaded_by_the_running_scorer(head: Head, models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "tiny" / "1", tmp_path / "tiny" / "1")
    head = head.other(model_roots=(tmp_path,))
    head.start()
    (pid,) = head.pids()
    shutil.copytree(models / "tiny" / "1", tmp_path / "tiny" / "2")

    client = head.client()

    assert [version for version, _, _ in client.versions()] == [2]
    assert len(client.embed(pictures(3))) == 3
    assert head.pids() == [pid]


def test_an_interpreter_that_is_not_there_is_named(head: Head) -> None:
    with pytest.raises(
        ScorerUnavailable, match=r"cannot be started with /nowhere/python .*correct python in mousematch"
    ):
        head.other(python="/nowhere/python").start()


def test_an_interpreter_that_cannot_run_it_gives_its_last_words(head: Head, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named uvicorn >&2\nexit 1\n")
    python.chmod(0o755)

    with pytest.raises(ScorerUnavailable, match=r"ended with code 1 .* No module named uvicorn\. Read /"):
        head.other(python=str(python)).start()


def test_a_scorer_that_is_killed_while_it_starts_is_started_once_more(head: Head, tmp_path: Path) -> None:
    python, first = tmp_path / "python", tmp_path / "first"
    python.write_text(f'#!/bin/sh\n[ -e {first} ] || {{ touch {first}; kill -9 $$; }}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    unlucky = head.other(python=str(python))

    unlucky.start()

    assert any("ended by signal 9" in message for message in unlucky.progress)
    assert unlucky.progress[-1].startswith("The scorer is ready")


def test_a_scorer_that_is_killed_again_is_given_up(head: Head, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -9 $$\n")
    python.chmod(0o755)

    with pytest.raises(ScorerUnavailable, match="ended with code -9"):
        head.other(python=str(python)).start()


def test_a_scorer_that_never_gets_ready_is_given_up_and_ended(head: Head, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n# {head.folder}\nexec sleep 60\n")
    python.chmod(0o755)
    began = time.monotonic()

    with pytest.raises(ScorerUnavailable, match=r"not ready after \d s: .* Raise start_timeout_s"):
        head.other(python=str(python)).start(start_timeout_s=0.5)
    assert time.monotonic() - began < 5


def test_another_interpreter_gets_nothing_of_splunks_python(head: Head, tmp_path: Path) -> None:
    seen = tmp_path / "environment.json"
    python = tmp_path / "python"
    dump = "import json, os; print(json.dumps(dict(os.environ)))"
    python.write_text(f"#!/bin/sh\n{sys.executable} -I -c '{dump}' > {seen}\nexit 1\n")
    python.chmod(0o755)
    head.environ.update(LD_LIBRARY_PATH="/splunk/lib", PYTHONHOME=sys.prefix, PYTHONPATH="/splunk/site", KEPT="yes")

    with pytest.raises(ScorerUnavailable):
        head.other(python=str(python)).start()

    environment = json.loads(seen.read_text())
    assert not {"LD_LIBRARY_PATH", "PYTHONHOME"} & set(environment)
    assert environment["PYTHONPATH"] == str(BIN)
    assert environment["KEPT"] == "yes"


def test_the_same_interpreter_keeps_its_environment_and_the_vendored_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    vendored = str(BIN.parent / "lib" / "py39")
    monkeypatch.syspath_prepend(vendored)

    environment = Launch((Path("/m"),)).environment({"LD_LIBRARY_PATH": "/splunk/lib", "PYTHONPATH": "/splunk/site"})

    assert environment["LD_LIBRARY_PATH"] == "/splunk/lib"
    # A test run on one of Splunk's Pythons has that one's vendored packages on its path already.
    path = [entry for entry in environment["PYTHONPATH"].split(os.pathsep) if not entry.endswith("py313")]
    assert path == [str(BIN), vendored, "/splunk/site"]


def test_a_disk_that_takes_no_byte_does_not_stop_the_start(head: Head, models: Path) -> None:
    search = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$0" -c "$1" "$2" | cat', sys.executable, START, str(models)],
        env={**head.environ, "PYTHONPATH": str(BIN)},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert search.stdout.splitlines()[-1].startswith("unix:"), search
    assert len(head.client().embed(pictures(2))) == 2


def test_a_folder_that_cannot_be_made_is_named(head: Head, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    head.environ["MOUSEMATCH_STATE"] = str(tmp_path / "file")

    with pytest.raises(ScorerUnavailable, match=r"file/run for the scorer's socket cannot be made"):
        head.start()


def test_the_folder_is_splunks_or_the_states_or_a_temporary_one() -> None:
    # pytest's own temporary folders are too deep for a socket.
    with tempfile.TemporaryDirectory() as name:
        short = Path(name)

        assert run_folder({"SPLUNK_HOME": str(short / "s")}) == short / "s/var/run/mousematch"
        assert run_folder({"SPLUNK_HOME": "/s", "MOUSEMATCH_STATE": str(short / "m")}) == short / "m/run"
        assert run_folder({"TMPDIR": str(short / "t")}).parent == short / "t"


def test_a_folder_too_deep_for_a_socket_is_replaced_by_a_temporary_one(head: Head, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 25)
    head.environ["MOUSEMATCH_STATE"] = str(deep)

    address = head.start()
    folder = Path(address.removeprefix("unix:")).parent
    try:
        assert len(os.fsencode(address)) < 108
        assert folder.stat().st_mode & 0o777 == 0o700
        assert head.start() == address
    finally:
        stop(head.launch, environ=head.environ)
        assert wait_until(lambda: not list(folder.glob("*.sock")))
        shutil.rmtree(folder)
        head.environ["MOUSEMATCH_STATE"] = str(tmp_path)


def test_an_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o777)
    (tmp_path / "run").chmod(0o777)

    assert run_folder({"MOUSEMATCH_STATE": str(tmp_path)}).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    os.chown(tmp_path / "run", 12345, 12345)

    with pytest.raises(ScorerUnavailable, match="belongs to somebody else"):
        run_folder({"MOUSEMATCH_STATE": str(tmp_path)})


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ScorerUnavailable, match="belongs to somebody else"):
        run_folder({"MOUSEMATCH_STATE": str(tmp_path)})


def test_stopping_what_does_not_run_says_so(head: Head) -> None:
    assert not stop(head.launch, environ=head.environ)


def test_a_second_process_on_the_same_socket_leaves(head: Head, make_head: Callable[..., Head]) -> None:
    head.start()
    command = head.launch.command(head.socket, head.folder / "scorer.log")

    second = subprocess.run(command, env=head.launch.environment(head.environ), capture_output=True, timeout=30)

    assert second.returncode == 3
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(head.socket))
