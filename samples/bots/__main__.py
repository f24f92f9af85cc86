"""Trains and measures the bot detector and the finding of replays; prints the tables of docs/bots.md.

    python -m samples.bots --sapimouse DIR --balabit DIR                     # the tables
    python -m samples.bots --sapimouse DIR --balabit DIR --write models/bots/1   # … and the model

People that train: SapiMouse users below 55, Balabit's training_files. People that measure: SapiMouse users from 55 on, and
Balabit's test_files that are labelled genuine. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import sklearn

from mousematch import __version__, datasets
from mousematch.bots import CARD, TREES, Detector
from mousematch.errors import MouseMatchError
from mousematch.kinematics import VERSION
from mousematch.telemetry import Points
from samples.bots import GENERATORS, TRAINED, ghost_cursor, learning, replays, table
from samples.bots.learning import Sessions
from samples.people import people as synthetic_people
from samples.sessions import session

People = list[tuple[Points, str, str]]
TRAINING_SEEDS, TEST_SEEDS = range(1600), range(10_000, 10_400)
TEST_SECONDS = (60.0,)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.bots", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sapimouse", type=Path, required=True, metavar="DIR", help="the folder of the SapiMouse data set")
    parser.add_argument("--balabit", type=Path, required=True, metavar="DIR", help="the folder of the Balabit data set")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the model into this folder")
    options = parser.parse_args()
    try:
        if reason := ghost_cursor.missing():
            sys.exit(f"python -m samples.bots: {reason}")
        training, test, others = read_people(options.sapimouse, options.balabit)
        print(replays.report(training + test + others), flush=True)
        detector, card, text = detect(training, test)
        print(text)
        if options.write:
            write(detector, card, options.write)
            print(f"==> {options.write}", file=sys.stderr)
    except MouseMatchError as exc:
        sys.exit(f"python -m samples.bots: {exc}")


def read_people(sapimouse: Path, balabit: Path) -> tuple[People, People, People]:
    """Recordings with data set and person: those that train, those that measure, and Balabit's of people unknown."""
    training: People = [(r.points, "Balabit", r.person) for r in datasets.balabit_training(balabit)]
    test: People = []
    others: People = []
    for recording in datasets.sapimouse(sapimouse):
        part = test if datasets.number_of(recording.person) >= datasets.TEST_FROM else training
        part.append((recording.points, "SapiMouse", recording.person))
    with (balabit / "labels.csv").open(newline="") as lines:
        labels = {row["filename"]: row["is_illegal"] for row in csv.DictReader(lines)}
    for path in sorted(balabit.glob("test_files/user*/session_*")):
        if path.name in labels:
            part = test if labels[path.name] == "0" else others
            points = datasets.read_recording(path, unit_us=datasets.SECONDS_US)
            part.append((points, "Balabit", path.parent.name))
    return training, test, others


def detect(training: People, test: People) -> tuple[Detector, dict[str, object], str]:
    """The detector from all trained generators, its card, and the tables."""
    progress = _Progress()
    lenders = [points for points, _, _ in training]
    short, long = (list(learning.pieces(training, seconds=seconds)) for seconds in learning.SECONDS)
    originals = short[::3] + long
    people, _ = learning.measured([*originals, *learning.on_other_clocks(originals[::2])])
    progress.say(f"{len(people):,} pieces of people that train")
    played = learning.bot_sessions(
        TRAINED, seeds=TRAINING_SEEDS, seconds=learning.SECONDS, recordings=lenders, as_person=None
    )
    bots, _ = learning.measured(played)
    progress.say(f"{len(bots):,} sessions of bots that train")
    unseen, missing = learning.measured(learning.pieces(test, seconds=TEST_SECONDS[0]))
    moved, _ = learning.measured(learning.on_other_clocks(learning.pieces(test, seconds=TEST_SECONDS[0])))
    progress.say(f"{len(unseen):,} pieces of people that measure ({missing} too short)")
    of_people, of_bots = learning.unseen_margins(people, bots)
    scale, offset = learning.calibration(people, bots, of_people, of_bots)
    detector = replace(learning.grown(people, bots), scale=scale, offset=offset)
    progress.say("trees grown and calibrated")

    rows, figures = [], {}
    for generator in GENERATORS:
        blind = detector if generator not in TRAINED else learning.grown(people, bots.where(bots.group != generator))
        blind = replace(blind, scale=scale, offset=offset)
        cells = []
        for as_person in (False, True):
            # Clocks, clicks and replayed movement are of people that the detector does not know either.
            sessions, without = _test_bots(generator, as_person, [points for points, _, _ in test])
            found = table.figures(unseen, blind.margins(unseen.vectors), blind.margins(sessions.vectors))
            above = float((blind.probabilities(sessions.vectors) >= 0.5).mean())
            cells.append((found, above, without))
            figures[f"{generator}{', as a person' if as_person else ''}"] = {
                "auc": round(found.auc[0], 4),
                "detected_at_1_percent_false_alarms": round(found.detected[0], 3),
            }
            if generator not in TRAINED and generator != "ghost-cursor":
                break
        else:
            # What is left of it if the attacker also gets clock, clicks, pauses and pace right.
            blank = learning.of_reaches_alone
            blind = learning.grown(blank(people), blank(bots.where(bots.group != generator)))
            scores = (blind.margins(blank(part).vectors) for part in (unseen, sessions))
            cells.append((table.figures(unseen, *scores), 0.0, 0))
        rows.append((generator, cells))
        progress.say(generator)
    colleagues, _ = learning.measured(
        (session(who, seconds=60.0, seed=1), "samples", str(who.seed)) for who in synthetic_people(60)
    )
    alarms = [
        ("SapiMouse users 55 and up", unseen.where(unseen.group == "SapiMouse"), detector),
        ("… at other frame rates", moved.where(moved.group == "SapiMouse"), detector),
        ("Balabit test sessions, other days of known users", unseen.where(unseen.group == "Balabit"), detector),
        ("… at other frame rates", moved.where(moved.group == "Balabit"), detector),
        ("the sample's synthetic people", colleagues, detector),
    ]
    alarm_rows = [(name, group, table.alarm_rates(group, d.probabilities(group.vectors))) for name, group, d in alarms]
    for data_set in ("SapiMouse", "Balabit"):
        mask = people.group == data_set
        odds = 1 / (1 + np.exp(-np.clip(scale * of_people[mask] + offset, -30, 30)))
        group = people.where(mask)
        alarm_rows.append((f"{data_set} users that train, left out in turn", group, table.alarm_rates(group, odds)))
    card: dict[str, object] = {
        "vector": VERSION,
        "depth": detector.depth,
        "scale": scale,
        "offset": offset,
        "code": __version__,
        "made_with": f"scikit-learn {sklearn.__version__}",
        "generators": list(TRAINED),
        "people": {name: len(np.unique(people.person[people.group == name])) for name in np.unique(people.group).tolist()},
        "pieces": len(people),
        "bot_sessions": len(bots),
        "figures": figures,
    }
    return detector, card, _tables(rows, alarm_rows)


def _test_bots(generator: str, as_person: bool, lenders: Sequence[Points]) -> tuple[Sessions, int]:
    return learning.measured(
        learning.bot_sessions(
            [generator], seeds=TEST_SEEDS, seconds=TEST_SECONDS, recordings=lenders, as_person=as_person
        )
    )


def _tables(rows, alarm_rows) -> str:
    text = [
        "| not trained on | AUC, own clock | detected | AUC, as a person | detected | `match_bot` ≥ 0.5 "
        "| by reaches alone |",
        "|---|---|---|---|---|---|---|",
    ]
    for generator, cells in rows:
        columns = [f"`{generator}`"]
        for found, _, _ in cells[:2]:
            columns += [table.as_text(found.auc), table.as_text(found.detected, percent=True)]
        columns += ["", ""] * (2 - len(cells))
        columns.append(" / ".join(f"{100 * above:.1f} %" for _, above, _ in cells[:2]))
        columns.append(table.as_text(cells[2][0].detected, percent=True) if len(cells) > 2 else "")
        text.append(f"| {' | '.join(columns)} |")
    text += ["", "| people | pieces | ≥ 0.5 | ≥ 0.9 | ≥ 0.99 |", "|---|---|---|---|---|"]
    for name, group, rates in alarm_rows:
        columns = [name, f"{len(group):,}", *(table.as_text(rate, percent=True) for rate in rates)]
        text.append(f"| {' | '.join(columns)} |")
    return "\n".join(text)


def write(detector: Detector, card: dict[str, object], folder: Path) -> None:
    """Writes the model's two files; the same model gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    np.savez_compressed(
        folder / TREES,
        feature=detector.feature,
        threshold=detector.threshold,
        missing_left=detector.missing_left,
        left=detector.left,
        right=detector.right,
        value=detector.value,
    )


class _Progress:
    def say(self, text: str) -> None:
        print(f"==> {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
