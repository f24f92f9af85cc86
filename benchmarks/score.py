"""How long one session takes to score, against a command that runs TensorFlow itself, and against one that does nothing.

    python benchmarks/score.py                   medians of three sessions (two minutes)
    python benchmarks/score.py --repetitions 2   quicker

Everything is a search on the embedded search head, timed from before its processes start to its last row. The commands of a
search start together, none is launched for getinfo alone. Each search gets another session of the sample, so that the
scorer knows none of its images. "Nothing running" means that the search starts the scorer. The peers are commands of the
same search head: one imports TensorFlow, loads the weights and predicts in its own process; the other is splunk-sdk's
StreamingCommand that returns its records. Each scorer's LLRs of 32 other images have to be those of Keras' embeddings, and
mousescore's rows have to have the LLRs of the TensorFlow peer's own embeddings of the same session.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from _search import (
    APP,
    Cost,
    Head,
    Options,
    backend,
    by_keras,
    check,
    machine,
    matching,
    median,
    model,
    scored,
    search_head,
    verdict,
    within,
)

from searchhead.table import Table

NOTHING = """
import sys
from splunklib.searchcommands import Configuration, StreamingCommand, dispatch

@Configuration(distributed=False)
class Peer(StreamingCommand):
    def stream(self, records):
        return records

dispatch(Peer, sys.argv, sys.stdin, sys.stdout, __name__)
"""
TENSORFLOW = """
import os, sys
sys.path.insert(0, {bin!r})
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from splunklib.searchcommands import Configuration, StreamingCommand, dispatch

@Configuration(distributed=False)
class Peer(StreamingCommand):
    def stream(self, records):
        import keras, numpy as np
        from mousematch import images
        from mousematch.weights import load_model
        keras.utils.disable_interactive_logging()
        network = load_model({weights!r}, size={size})
        for record in records:
            cell = record["image"]
            cells = cell if isinstance(cell, list) else [cell]
            pixels = np.stack([images.from_png(images.from_base64(one), {encoding!r}) for one in cells])
            record["embeddings"] = str(network.predict(pixels.astype(np.float32) / np.float32(255)).tolist())
            yield record

dispatch(Peer, sys.argv, sys.stdin, sys.stdout, __name__)
"""


def peers(folder: Path) -> Path:
    """An app with the two commands."""
    (folder / "bin").mkdir(parents=True)
    (folder / "default").mkdir()
    settings = {"bin": str(APP / "bin"), "weights": str(model().folder / "weights.npz"), "size": model().size}
    (folder / "bin" / "nothing.py").write_text(NOTHING)
    (folder / "bin" / "predicts.py").write_text(TENSORFLOW.format(**settings, encoding=model().encoding))
    stanzas = (f"[{name}]\nfilename = {name}.py\nchunked = true\n" for name in ("nothing", "predicts"))
    (folder / "default" / "commands.conf").write_text("\n".join(stanzas))
    return folder


def sessions(head: Head) -> list[tuple[Table, Table]]:
    """The sample's test sessions, as the enrolled user's: the events and mouseencode's row of each."""
    text = '| inputlookup mousematch_sample.csv where purpose="test" | eval user="owner"'
    text += ' | eval _raw=replace(_raw, "\\"user\\":\\"[^\\"]*\\"", "\\"user\\":\\"owner\\"")'
    events = head.splunkd.search(text, Options(parse_launches=0)).run()
    rows_of: dict[str, list[int]] = {}
    for number, session in enumerate(events.column("session")):
        rows_of.setdefault(str(session), []).append(number)
    telemetry = [events.take(numbers).select(["_time", "_raw", "sourcetype"]) for numbers in rows_of.values()]
    found = [(table, head.search("| mouseencode", table)) for table in telemetry]
    return [(table, encoded) for table, encoded in found if any(encoded.column("image"))]


def measure(repetitions: int, app: Path) -> dict[str, Cost]:
    """Median costs by what was run."""
    costs: dict[str, list[Cost]] = {}
    with search_head() as head, search_head(app=app) as other:
        recorded = sessions(head)
        if 2 * repetitions + 1 > len(recorded):
            raise SystemExit(
                f"The sample has {len(recorded)} sessions; at most {(len(recorded) - 1) // 2} repetitions."
            )
        unseen = iter(recorded)

        def timed(name: str, at: Head, text: str, table: Table, checked: Callable[[Table], object]) -> Table:
            cost, found = at.cost(at.search, text, table)
            costs.setdefault(name, []).append(cost)
            checked(found)
            return found

        for _ in range(repetitions):
            events, encoded = next(unseen)
            timed("mousescore, nothing running", head, "| mousescore", encoded, scored)
            head.stop_scorers()
            timed("mouseencode and mousescore, nothing running", head, "| mouseencode | mousescore", events, scored)
            head.stop_scorers()
            check(head, by_keras)  # starts the scorer
            scores = timed("mousescore, warm", head, "| mousescore", encoded, scored)
            events, _ = next(unseen)
            timed("mouseencode and mousescore, warm", head, "| mouseencode | mousescore", events, scored)
            timed("nothing", other, "| nothing", encoded, partial(_same, encoded))
            timed("TensorFlow in the command", other, "| predicts", encoded, partial(same_llrs, scores))
            head.stop_scorers()
    return {name: median(found) for name, found in costs.items()}


def _same(given: Table, table: Table) -> None:
    if table.column("image") != given.column("image"):
        raise SystemExit("The command that does nothing changed the rows.")


def same_llrs(scores: Table, table: Table) -> float:
    """How far the LLRs of mousescore's rows are from those of the TensorFlow peer's embeddings; ends the benchmark if beyond
    TOLERANCE."""
    furthest = 0.0
    for ours, cell in zip(scores.column("window_llr"), table.column("embeddings"), strict=True):
        llrs = np.array(ours if isinstance(ours, list) else [ours], np.float64)
        theirs = matching.window_llrs(np.array(json.loads(str(cell))), backend().cohort[0], backend())
        if llrs.shape != theirs.shape:
            raise SystemExit(f"The command with TensorFlow gave {len(theirs)} embeddings where {len(llrs)} were scored.")
        furthest = max(furthest, within(float(np.abs(llrs - theirs).max())))
    return furthest


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3, help="sessions for each figure")
    options = parser.parse_args(arguments)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        costs = measure(options.repetitions, peers(Path(folder) / "peers"))
    slow, nothing = costs["TensorFlow in the command"], costs["nothing"]
    print(f"model {model().reference}; medians of {options.repetitions} sessions, in turns")
    print(f"{'':<46}{'wall':>9}{'CPU':>10}{'TensorFlow /':>14}{'/ nothing':>11}")
    for name, cost in costs.items():
        faster, slower = slow.wall_s / cost.wall_s, cost.wall_s / nothing.wall_s
        print(f"{name:<46}{cost.wall_s:>7.2f} s{cost.cpu_s:>8.2f} s{faster:>12.1f} x{slower:>9.2f} x")
        if name.endswith("warm"):
            verdict(f"one session, {name}", "TensorFlow in the command", "≥ 20 ×", f"{faster:.1f} ×", faster >= 20)
            verdict(f"one session, {name}", "a command that does nothing", "≤ 1.5 ×", f"{slower:.2f} ×", slower <= 1.5)
        elif name.endswith("running"):
            verdict(f"one session, {name}", "TensorFlow in the command", "≥ 8 ×", f"{faster:.1f} ×", faster >= 8)


if __name__ == "__main__":
    main()
