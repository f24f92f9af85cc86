"""The command line for training machines: train a network, publish it, measure it.

python -m mousematch train --sapimouse DIR [--balabit DIR] --work DIR --out models/base/1
python -m mousematch accuracy models/base/1 --sapimouse DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mousematch.encoding import DEFAULT
from mousematch.errors import MouseMatchError


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the exit status is 0, or 1 after an expected error."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except MouseMatchError as error:
        print(f"mousematch: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mousematch", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train the embedding network, calibrate it and publish its folder")
    train.add_argument(
        "--sapimouse", type=Path, required=True, metavar="DIR", help="folder with userN/session_3min.csv"
    )
    train.add_argument("--balabit", type=Path, metavar="DIR", help="folder with training_files/userN/session_*")
    train.add_argument("--synthetic", type=int, default=0, metavar="N", help="add N people of the sample generator")
    train.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="checkpoints and logs; a run resumes from here"
    )
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the model version, such as models/base/1"
    )
    train.add_argument("--encoding", default=DEFAULT, help="encoding to train on (default: %(default)s)")
    train.add_argument(
        "--phases",
        default="0.25:25:2e-3,1:40:5e-4",
        metavar="W:MIN:RATE,...",
        help="widths to train at one after the other, minutes and highest learning rate of each (default: %(default)s)",
    )
    train.add_argument(
        "--precision",
        default="float32",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        help="arithmetic while training; bfloat16 is faster on GPUs and on CPUs with AMX (default: %(default)s)",
    )
    train.add_argument("--seed", type=int, default=1, help="seed of everything random (default: %(default)s)")
    train.set_defaults(run=_train)

    accuracy = commands.add_parser("accuracy", help="measure a model version on people unseen in training")
    accuracy.add_argument("model", type=Path, help="folder of the model version, such as models/base/1")
    accuracy.add_argument(
        "--sapimouse", type=Path, required=True, metavar="DIR", help="folder with userN/session_3min.csv"
    )
    accuracy.set_defaults(run=_accuracy)
    return parser


def _train(options: argparse.Namespace) -> None:
    # Imported here, so that --help and mistakes in the options do not wait for TensorFlow.
    from mousematch import publishing

    publishing.train_and_publish(options)


def _accuracy(options: argparse.Namespace) -> None:
    from mousematch import publishing

    publishing.print_accuracy(options.model, options.sapimouse)


if __name__ == "__main__":
    sys.exit(main())
