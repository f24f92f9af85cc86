"""mouseencode over the real protocol, as processes."""

from __future__ import annotations

import base64
import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from mousematch.formats.records import pack
from mousematch.images import from_png, tag_of
from mousematch.kinematics import from_texts
from tests.commands.interpreters import EVERY_PYTHON
from tests.commands.protocol import CommandProcess, run, run_map_reduce

FIELDS = (
    *("session", "user", "start", "end", "active_s", "points", "strokes", "clicks", "distance_px", "dropped"),
    *("image", "window_start", "window_active_s", "window_distance_px", "encoding"),
    *("kinematics", "path_hash"),
)
WINDOW = ("window_start", "window_active_s", "window_distance_px")


# Tests of what mouseencode does with any encoding name one, so that another default is no matter to them.
MOTION = ("encoding=motion", "window=2.56s")


def movement(session="s-1", user="alice", count=400, start=1_763_822_400.0, **fields):
    """Rows of a round movement at 50 Hz with a click every hundred points."""
    return [
        {
            "session": session,
            "user": user,
            "time": f"{start + step * 0.02:.3f}",
            "x": f"{500 + 300 * math.cos(step / 25):.1f}",
            "y": f"{400 + 200 * math.sin(step / 17):.1f}",
            "state": {50: "Pressed", 54: "Released"}.get(step % 100, "Move"),
            "button": "Left" if step % 100 in (50, 54) else "NoButton",
            **fields,
        }
        for step in range(count)
    ]


def decoded(row):
    """The images of a row: uint8 (windows, height, width, 3)."""
    images = row["image"] if isinstance(row["image"], list) else [row["image"]]
    return np.stack([from_png(base64.b64decode(image), row["encoding"]) for image in images])


def chunked(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@pytest.fixture(scope="module")
def plain():
    """The result for one session in one chunk without a map phase."""
    return run("mouseencode", *MOTION, chunks=[movement()])


def test_a_session_is_one_row_with_its_figures_and_images(plain):
    (row,) = plain.rows

    assert plain.replies[-1].fields == list(FIELDS)
    assert {name: row[name] for name in FIELDS if name not in ("image", *WINDOW, "kinematics", "path_hash")} == {
        "session": "s-1",
        "user": "alice",
        "start": "1763822400.000",
        "end": "1763822407.980",
        "active_s": "7.980",
        "points": "400",
        "strokes": "1",
        "clicks": "4",
        "distance_px": row["distance_px"],
        "dropped": "0",
        "encoding": "motion/1/64",
    }
    assert decoded(row).shape == (3, 64, 64, 3)
    assert len({image.tobytes() for image in decoded(row)}) == 3
    assert row["window_start"] == ["1763822400.000", "1763822402.560", "1763822405.120"]
    assert row["window_active_s"] == ["2.540", "2.540", "2.540"]
    paths = [float(text) for text in row["window_distance_px"]]
    # Steps from one window to the next belong to neither.
    assert len(paths) == 3 and 0 < sum(paths) < float(row["distance_px"])
    assert (plain.messages, plain.exit_code, plain.stderr) == ([], 0, "")


def test_only_the_fields_that_are_read_are_asked_for():
    with CommandProcess("mouseencode", "user=account", "time=at", "by", "page,", "host") as command:
        announced = command.getinfo().metadata

    assert announced["type"] == "reporting"
    assert announced["streaming_preop"] == 'mouseencode phase="map" time=at user=account by "page," host'
    packed = ["mousematch_key", "mousematch_points", "mousematch_dropped"]
    raw = ["_raw", "_time", "session", "account", "page", "host", "at", "x", "y", "button", "state", "type"]
    assert announced["required_fields"] == packed + raw


def test_the_map_phase_asks_for_the_fields_of_the_events():
    with CommandProcess("mouseencode", "phase=map", "session=sid") as command:
        announced = command.getinfo().metadata

    assert announced["type"] == "streaming"
    assert announced["required_fields"][:4] == ["_raw", "_time", "sid", "user"]


@pytest.mark.parametrize(("sid", "loads"), [("searchparsetmp_7", False), ("", False), ("7_tmp", False), ("7.1", True)])
def test_numpy_is_loaded_before_the_rows_come_but_not_to_answer_getinfo_alone(sid: str, loads: bool):
    python = [sys.executable, "-X", "importtime"]
    with CommandProcess("mouseencode", python=python) as command:
        command.getinfo(searchinfo={**command.searchinfo, "sid": sid})
        command.close()
        loaded = command.stderr()

    assert "splunklib" in loaded
    assert ("numpy" in loaded) is loads
    assert "PIL" not in loaded


def test_results_do_not_depend_on_indexers_chunks_or_order():
    rows = movement() + movement("s-2", "bob", 90) + movement("s-2", "alice", 70)
    rows += [{**rows[3], "x": "65535"}, {**rows[5], "x": "left"}, {"_raw": '{"session":"s-1","user":"alice","cut'}]
    whole = run("mouseencode", *MOTION, chunks=[rows])
    shuffled = list(rows)
    random.Random(7).shuffle(shuffled)

    direct = run("mouseencode", *MOTION, chunks=[b"session,user\n", *chunked(shuffled, 37), b"session,user\n"])
    indexers = [chunked(rows[::-1], 100), [shuffled[:50]]]
    mapped = run_map_reduce("mouseencode", *MOTION, indexers=indexers)

    assert [(row["session"], row["user"]) for row in whole.rows] == [("s-1", "alice"), ("s-2", "alice"), ("s-2", "bob")]
    assert (direct.rows, direct.messages) == (whole.rows, whole.messages)
    # What could not be read is counted each time that it arrives; a point that arrives twice is one point.
    assert [{**row, "dropped": ""} for row in mapped.rows] == [{**row, "dropped": ""} for row in whole.rows]


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_every_python_of_splunk_draws_the_same_figures(python, plain):
    result = run("mouseencode", *MOTION, chunks=[*chunked(movement()[::-1], 150), movement()[:30]], python=python)

    (row,) = result.rows
    (expected,) = plain.rows
    told = [name for name in FIELDS if name not in ("image", "kinematics")]
    assert {name: row[name] for name in told} == {name: expected[name] for name in told}
    # Another numpy may round a logarithm differently by its last bit: by one colour level at most.
    assert np.abs(decoded(row).astype(int) - decoded(expected).astype(int)).max() <= 1
    vectors = from_texts([row["kinematics"], expected["kinematics"]])
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=0.002, atol=1e-4)
    assert (result.stderr, result.exit_code) == ("", 0)


def test_a_row_per_window_has_the_figures_of_the_window(plain):
    bad = {**movement()[0], "x": "65535"}

    rows = run("mouseencode", "rows=window", *MOTION, chunks=[[*movement(), bad, *movement("short", count=3)]]).rows

    (session,) = plain.rows
    assert [row["image"] for row in rows] == [*session["image"], ""]
    assert [row["window_start"] for row in rows] == [*session["window_start"], ""]
    assert [row["start"] for row in rows[:3]] == session["window_start"]
    assert [row["points"] for row in rows] == ["128", "128", "128", "3"]
    assert [row["dropped"] for row in rows] == ["1", "0", "0", "0"]


def test_window_and_encoding_are_options():
    result = run("mouseencode", "encoding=path", "window=100p", chunks=[movement()])

    (row,) = result.rows
    assert decoded(row).shape == (4, 256, 256, 3)
    assert tag_of(base64.b64decode(row["image"][0])) == row["encoding"] == "path/1/256"


def moved(rows, right):
    """The same movement on another place of the screen."""
    return [{**row, "x": str(round(float(row["x"])) + right)} for row in rows]


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_neutralised_movement_shows_neither_its_place_nor_the_split_over_indexers(python):
    here, there = moved(movement(), 0), moved(movement(), 511)
    options = ("encoding=path", "neutralise=both", "clock_ms=25")

    one = run("mouseencode", *options, chunks=[here], python=python)
    other = run_map_reduce("mouseencode", *options, indexers=[chunked(there[::-1], 90), [there[:70]]], python=python)

    assert (one.rows, one.messages) == (other.rows, other.messages) and one.messages == []
    assert one.rows[0]["neutralised"] == "both" and one.replies[-1].fields == [*FIELDS, "neutralised"]
    # 50 Hz read off a clock of 25 ms: 7.98 s are 320 ticks.
    assert (one.rows[0]["points"], one.rows[0]["clicks"]) == ("320", "4")
    as_it_is = [run("mouseencode", "encoding=path", chunks=[rows]).rows[0]["image"] for rows in (here, there)]
    assert as_it_is[0] != as_it_is[1]


def test_a_capture_coarser_than_the_clock_is_warned_of():
    slow = [row for row in movement("slow")[::6] if row["state"] == "Move"]

    result = run("mouseencode", *MOTION, "neutralise=timer", "clock_ms=25", chunks=[slow + movement("fast")])

    ((level, text),) = result.messages
    assert level == "WARN" and text.startswith(
        "mouseencode: 1 of 2 sessions were captured more coarsely than clock_ms=25"
    )
    assert "with clock_ms=138 they would not" in text


def test_other_field_names_give_the_same_result(plain):
    renamed = [
        {
            "sid": row["session"],
            "account id": row["user"],
            "client timestamp": str(round(float(row["time"]) * 1000)),
            "px": row["x"],
            "py": row["y"],
            "what": row["state"],
            "which": row["button"],
        }
        for row in movement()
    ]
    options = ("session=sid", "user=account id", "time=client timestamp", "timeunit=ms", "x=px", "y=py")
    options += ("state=what", "button=which", *MOTION)

    result = run_map_reduce("mouseencode", *options, indexers=[[renamed]])

    assert result.rows == plain.rows


def test_by_fields_tell_sessions_apart_and_are_carried_through():
    rows = movement(page="/a", host="web1") + movement(page="/b", host="web1", count=50)

    result = run_map_reduce("mouseencode", "by", "page,host", indexers=[[rows]])

    assert [(row["page"], row["host"], row["points"]) for row in result.rows] == [
        ("/a", "web1", "400"),
        ("/b", "web1", "50"),
    ]
    assert result.replies[-1].fields[:4] == ["session", "user", "page", "host"]


def test_the_map_phase_gives_row_numbers_back():
    rows = [{**row, "_chunked_idx": str(number)} for number, row in enumerate(movement("a", count=3) + movement("b"))]

    reply = run("mouseencode", "phase=map", chunks=[rows]).replies[1]

    assert [row["_chunked_idx"] for row in reply.rows] == ["0", "3"]


NAMES = [
    "two\nlines",
    'say "hi"',
    "$;",
    "$a$;$b$",
    "名前 é 🐁",
    "comma, separated",
    " spaces ",
    "carriage\rreturn",
    "--",
]


def test_names_of_all_kinds_come_through():
    rows = [row for name in NAMES for row in movement(name, name[::-1], 20)]

    result = run_map_reduce("mouseencode", indexers=[[rows[::2]], [rows[1::2]]])

    assert sorted((row["session"], row["user"]) for row in result.rows) == sorted((name, name[::-1]) for name in NAMES)
    assert {row["points"] for row in result.rows} == {"20"}


def test_bad_events_cost_no_other_row_its_result_and_are_explained():
    good = movement()
    bad = [
        {**good[0], "session": "nothing usable", "x": "NaN"},
        {**good[0], "session": "nothing usable", "time": ""},
        {**good[0], "session": "one point"},
        {**good[0], "x": "65535"},
        {**good[1], "x": "65535", "y": "65535"},
        {**good[2], "time": "1e30"},
        {"_raw": '{"v":1,"session":"s-1","user":"alice","start":17638224'},
        {"_raw": "not telemetry at all"},
    ]

    result = run_map_reduce("mouseencode", *MOTION, indexers=[[good, bad]])

    assert [(row["session"], row["points"], row["dropped"], len(row["image"])) for row in result.rows] == [
        ("nothing usable", "0", "2", 0),
        ("one point", "1", "0", 0),
        ("s-1", "400", "4", 3),
    ]
    texts = [text for level, text in result.messages if level == "WARN"]
    assert len(texts) == len(result.messages) == 6
    assert texts[3].startswith("mouseencode dropped 2 points: on no screen, more than 32,000 px away")
    assert 'First: x="65535" y="' in texts[3]
    assert texts[0].startswith("mouseencode dropped 1 event: cut off or no JSON; set TRUNCATE")
    assert texts[1].endswith("First: not telemetry at all")
    assert (result.error, result.exit_code, result.stderr) == (None, 0, "")


def test_json_events_of_many_points_and_of_one_go_the_whole_way(plain):
    def batch(rows):
        start = round(float(rows[0]["time"]) * 1000)
        times = [round(float(row["time"]) * 1000) for row in rows]
        kinds = {"Move": 0, "Pressed": 1, "Released": 2}
        return {
            "v": 1,
            "session": "s-1",
            "user": "alice",
            "start": start,
            "points": {
                "dt": [later - earlier for earlier, later in zip([start, *times], times)],
                "x": [float(row["x"]) for row in rows],
                "y": [float(row["y"]) for row in rows],
                "kind": [kinds[row["state"]] for row in rows],
                "button": [int(row["button"] == "Left") for row in rows],
            },
        }

    batches = [{"_raw": json.dumps(batch(rows)), "_time": rows[0]["time"]} for rows in chunked(movement(), 90)]
    single = [
        {"_raw": json.dumps({"type": row["state"], "info": {name: row[name] for name in ("x", "y", "button")}}),
         "_time": row["time"], "session": "s-1", "user": "alice"}
        for row in movement()
    ]  # fmt: skip

    assert run_map_reduce("mouseencode", *MOTION, indexers=[[batches[::-1] + batches[1:2]]]).rows == plain.rows
    assert run("mouseencode", *MOTION, chunks=chunked(single, 100)).rows == plain.rows


def test_no_events_give_no_rows_and_no_error():
    result = run_map_reduce("mouseencode", indexers=[[]])

    assert (result.rows, result.messages, result.error, result.exit_code) == ([], [], None, 0)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["rows=both"], ('rows="both"', "rows=session or rows=window")),
        (["timeunit=us"], ('timeunit="us"', "timeunit=s or timeunit=ms")),
        (["colour=red"], ('no option colour="red"', "encoding", "window")),
        (["x="], ('x=""', "default")),
        (["page"], ('"page"', "by page")),
        (["by"], ("by page",)),
        (["by", "image"], ("by image", "rename")),
        (["encoding=sepia"], ('encoding="sepia"', "motion", "path")),
        (["window=5m"], ('window="5m"', "128p")),
        (["neutralise=device"], ('neutralise="device"', "neutralise=timer")),
        (["neutralise=timer", "clock_ms=fast"], ('clock_ms="fast"', "clock_ms=25")),
        (["neutralise=timer", "clock_ms=4000"], ("clock_ms=4000", "from 1 to 250")),
        (["neutralise=frame", "clock_ms=25"], ("clock_ms", "neutralise=timer")),
        (["clock_ms=25"], ("clock_ms=25", "neutralise=timer")),
        (["neutralise=both", "by", "neutralised"], ("by neutralised", "rename")),
    ],
)
def test_a_wrong_option_is_named_with_value_and_remedy(args, words):
    result = run("mouseencode", *args, chunks=[movement(count=9)])

    assert all(word in result.error for word in words), result.error
    assert (result.rows, result.exit_code, result.stderr) == ([], 1, "")


@pytest.mark.parametrize(("encoding", "window", "images"), [("motion", "50000p", 20), ("path", "session", 1)])
def test_a_session_of_a_million_points_is_encoded_in_little_memory(encoding, window, images):
    count, steps = 1_000_000, np.arange(1_000_000)
    zeros = np.zeros(count, np.uint8)
    records = pack(steps * 10_000, steps % 1900 * 1.0, steps % 1000 * 1.0, zeros, zeros)
    key = base64.b64encode(b'["s","u"]').decode()
    chunks = [
        [{"mousematch_key": key, "mousematch_points": base64.b64encode(part.tobytes()).decode(),
          "mousematch_dropped": ""}]
        for part in np.array_split(records, 40)[::-1]
    ]  # fmt: skip

    with CommandProcess("mouseencode", f"encoding={encoding}", f"window={window}") as command:
        command.getinfo()
        for chunk in chunks:
            command.execute(chunk)
        (row,) = command.execute(finished=True).rows
        status = Path(f"/proc/{command.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []

    found = row["image"] if isinstance(row["image"], list) else [row["image"]]
    assert (row["points"], len(found)) == ("1000000", images)
    peak = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    assert not peak or peak[0] < 250
