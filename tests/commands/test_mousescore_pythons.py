"""mouseenroll and mousescore under the Pythons of Splunk, on the packages that the app brings along."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Bench
from tests.commands.interpreters import interpreter
from tests.commands.protocol import APP
from tests.commands.test_mouseenroll import session, sessions
from tests.commands.test_mousescore import template


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_users_are_enrolled_and_scored(bench: Bench, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"python{version} is not installed")
    if not (APP / "lib" / f"py{version.replace('.', '')}").is_dir():
        pytest.skip("lib/ is not built")
    # No site-packages and no environment of the user's: what Splunk has is its standard library.
    isolated = [python, "-S", "-s", "-B"]

    enrolled = bench.run("mouseenroll", chunks=[sessions("alice", 0)], python=isolated)
    scored = bench.run("mousescore", chunks=[[session("alice", "3", 0), session("alice", "4", 1)]], python=isolated)

    assert enrolled.error is None and [row["status"] for row in enrolled.rows] == ["enrolled"], enrolled.stderr
    assert scored.error is None and [row["match_verdict"] for row in scored.rows] == ["match", "mismatch"], (
        scored.stderr
    )
    assert enrolled.stderr == scored.stderr == ""


@pytest.mark.parametrize("version", ["3.9"])
def test_a_hanging_scorer_is_a_reason_under_the_oldest_python(bench: Bench, version: str) -> None:
    """A time-out is an exception of its own before Python 3.10."""
    python = interpreter(version)
    if python is None or not (APP / "lib" / "py39").is_dir():
        pytest.skip("python3.9 or lib/ is missing")
    bench.enroll(template("alice", 0))
    bench.scorer.hangs = True

    result = bench.run("mousescore", "timeout=0.3", chunks=[[session("alice", "1", 0)]], python=[python, "-S", "-B"])

    assert result.error is None and "did not answer" in result.rows[0]["match_error"]
