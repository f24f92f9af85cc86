"""The columns of the Balabit and SapiMouse files go through the whole path: lookup, encode, enroll, score.

The movement is the sample generator's; nothing of the data sets is needed.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mousematch.telemetry import DOWN, DRAG, LEFT, UP, Points
from samples.people import person
from samples.sessions import session

ROOT = Path(__file__).resolve().parents[2]
STATES = {DOWN: "Pressed", UP: "Released", DRAG: "Drag"}
OWNER, STRANGER = person(41), person(97)


def write(path: Path, points: Points, *, unit_us: int, record_time: bool) -> None:
    """A recording as the data sets write it: Balabit in seconds with a record timestamp, SapiMouse in milliseconds."""
    with path.open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow([*["record timestamp"] * record_time, "client timestamp", "button", "state", "x", "y"])
        for t, x, y, kind, button in zip(
            points.time_us.tolist(), points.x, points.y, points.kind.tolist(), points.button.tolist(), strict=True
        ):
            time = [f"{t / unit_us:.3f}"] if record_time else [str(t // unit_us)]
            pressed = "Left" if button == LEFT and kind in (DOWN, UP) else "NoButton"
            rows.writerow([*time * record_time, *time, pressed, STATES.get(kind, "Move"), int(x), int(y)])
        if record_time:
            rows.writerow(["9999.9", "9999.9", "NoButton", "Move", 65535, 65535])


@pytest.fixture(scope="module", params=["balabit", "sapimouse"])
def recordings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder of recordings and the option that says their unit of time."""
    folder = tmp_path_factory.mktemp(request.param)
    balabit = request.param == "balabit"
    # The scorer that the searches start leaves soon after the test.
    local = folder / "state" / "local"
    local.mkdir(parents=True)
    (local / "mousematch.conf").write_text("[scorer]\nidle_s = 20\n")
    for name, who, seed in (("enroll1", OWNER, 1), ("enroll2", OWNER, 2), ("own", OWNER, 3), ("other", STRANGER, 4)):
        points = session(who, seconds=90, seed=seed)
        write(folder / f"{name}.csv", points, unit_us=1_000_000 if balabit else 1_000, record_time=balabit)
    return folder, "s" if balabit else "ms"


def search(spl: str, lookups: Path) -> list[dict[str, str]]:
    command = [sys.executable, "-m", "searchhead", "run", "--output", "json", "--indexers", "2"]
    finished = subprocess.run(
        [*command, "--lookups", str(lookups), "--state", str(lookups / "state"), spl],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_files_of_the_public_data_sets_enroll_and_score_without_special_code(recordings: tuple[Path, str]) -> None:
    folder, unit = recordings
    read = '| inputlookup {0}.csv | eval user="owner", session="{0}"'

    (enrolled,) = search(
        f"{read.format('enroll1')} | append [{read.format('enroll2')}] | mouseencode timeunit={unit} | mouseenroll", folder
    )
    scored = search(
        f"{read.format('own')} | append [{read.format('other')}] | mouseencode timeunit={unit} | mousescore", folder
    )

    assert (enrolled["status"], enrolled["sessions"]) == ("enrolled", "2")
    scores = {row["session"]: float(row["match_llr"]) for row in scored}
    assert scores["own"] > scores["other"]
    assert {row["dropped"] for row in scored} == {"1" if unit == "s" else "0"}
