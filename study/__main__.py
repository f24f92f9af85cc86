"""Measures rows of the encoding study: ``python -m study ROW … --sapimouse DIR``, from a checkout.

    python -m study --list                                      all rows, and which are measured
    python -m study portrait --sapimouse DIR                    one row: about two minutes on two processor cores
    python -m study --sapimouse DIR --balabit DIR               every row that can be run and is not yet measured
    python -m study --tables                                    writes the tables of docs/study.md anew

A row is trained, measured and put into results.json. One that is there already is not run again, so an interrupted study
goes on where it was; ``--again`` measures anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

# The app's library is a folder of the checkout and no installed package.
sys.path.insert(0, str(Path(__file__).parent.parent / "bin"))

from mousematch import __version__
from mousematch.datasets import sapimouse
from mousematch.errors import MouseMatchError, OptionError
from study import results, tables
from study.people import DataMissing, Study, trained_on
from study.rows import LINEAR, ROWS, TABLES, Row, row_named

STEPS = 150
PRECISION = "mixed_bfloat16"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is asked for. The exit code: 0 if all went well, 1 if a row could not be run, 2 for a wrong question."""
    given = _parser().parse_args(arguments)
    try:
        if given.list:
            _list(results.read(given.results))
            return 0
        if given.tables:
            given.page.write_text(tables.page(given.page.read_text(), results.read(given.results)))
            return 0
        return _measure(given)
    except MouseMatchError as exc:
        print(exc, file=sys.stderr)
        return 2


def measured(
    row: Row,
    study: Study,
    *,
    steps: int = STEPS,
    balabit: Path | None = None,
    imagenet: Path | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """A row's entry of results.json. Raises MouseMatchError if the row cannot be run."""
    if row.imagenet and imagenet is None:
        raise DataMissing(f"The row {row.name} begins with ImageNet's weights; give VGG16's file with --imagenet.")
    # Here, so that --list and --tables do not wait for TensorFlow.
    from study import inputs, measurement, networks, pieces

    began = time.monotonic()
    draw, window = inputs.draw_of(row), inputs.window_of(row, row.window)
    lengths = [inputs.window_of(row, length) for length in row.lengths] or [window]
    prepared = study.prepared(row.prepared)
    people = trained_on(row, prepared, balabit)
    drawn = pieces.drawn(people, lengths, draw, count=steps * networks.BATCH, seed=row.seed)
    say(f"{len(drawn.people):,} pieces of {len(people)} people, {time.monotonic() - began:.0f} s")
    embed, numbers = networks.trained(row, drawn, steps=steps, imagenet=imagenet, say=say)
    cohort = measurement.cohort_of(prepared.training, draw, embed, window)
    figures = measurement.measure(prepared.measured, draw, embed, cohort, window)
    return {
        "steps": steps,
        "numbers": int(numbers),
        "seconds": round(time.monotonic() - began, 1),
        "version": __version__,
        "window": str(window),
        "figures": {
            name: {key: round(value, 5) for key, value in asdict(one).items()} for name, one in figures.items()
        },
    }


def _measure(given: argparse.Namespace) -> int:
    rows = [row_named(name) for name in given.rows] or list(ROWS.values())
    if given.sapimouse is None:
        raise OptionError("Which recordings? Give the folder of SapiMouse with --sapimouse.")
    if given.steps < 1:
        raise OptionError(f"--steps {given.steps} trains nothing; give 1 or more.")
    study = Study.of(sapimouse(given.sapimouse))
    failed = 0
    for row in rows:
        steps = given.steps * row.budget
        if not given.again and results.finished(results.read(given.results), row, steps):
            print(f"{row.name}: measured already", flush=True)
            continue

        def say(text: str, name: str = row.name) -> None:
            print(f"{name}: {text}", flush=True)

        try:
            with _half_precision(row):
                entry = measured(
                    row, study, steps=steps, balabit=given.balabit, imagenet=given.imagenet, say=say
                )
        except DataMissing as exc:
            # Who asks for everything gets what their data allow.
            failed = failed or int(bool(given.rows))
            say(f"not run. {exc}")
            continue
        except MouseMatchError as exc:
            failed = 1
            say(f"not run. {exc}")
            continue
        results.add(given.results, row, entry)
        for name, one in entry["figures"].items():
            say(f"{name}: AUC {one['auc']:.3f}, EER {100 * one['eer']:.1f} %, {entry['seconds']:.0f} s in all")
    return failed


@contextmanager
def _half_precision(row: Row) -> Iterator[None]:
    if row.network == LINEAR:
        yield
        return
    import keras

    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(PRECISION)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
        # What Keras holds of a row's network is of no use to the next one.
        keras.utils.clear_session()


def _list(entries: dict[str, object]) -> None:
    for table in TABLES:
        print(table.title)
        for row in table.rows:
            print(f"  {row.name:20} {'measured' if row.name in entries else '':9} {row.about}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure (default: all)")
    parser.add_argument("--sapimouse", type=Path, metavar="DIR", help="the SapiMouse data set")
    parser.add_argument("--balabit", type=Path, metavar="DIR", help="the Balabit data set, for rows that train on it too")
    parser.add_argument("--imagenet", type=Path, metavar="FILE", help="VGG16's weights, for rows that begin with them")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help="of 64 pieces (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="measure rows again that are measured already")
    parser.add_argument("--list", action="store_true", help="list all rows")
    parser.add_argument("--tables", action="store_true", help="write the tables of the page anew")
    parser.add_argument("--results", type=Path, default=results.RESULTS, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--page", type=Path, default=tables.PAGE, metavar="FILE", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
