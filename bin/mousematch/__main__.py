"""The command line for training machines: train a network, publish it, measure it.

python -m mousematch train --sapimouse DIR [--balabit DIR] --work DIR --out models/base/1
python -m mousematch train --images DIR --work DIR --out models/trained/1 --task classify
python -m mousematch accuracy models/base/1 --sapimouse DIR
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mousematch.errors import MouseMatchError, TrainingError, TrainingStopped

if TYPE_CHECKING:
    from mousematch.initialisation import Start
    from mousematch.interruption import Interruption
    from mousematch.progress import Progress

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# What a shell gives a program that was interrupted.
STOPPED = 130


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the exit status is 0, 1 after an expected error, 130 after an interruption."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except MouseMatchError as error:
        if getattr(options, "events", False):
            print(json.dumps({"event": "error", "text": str(error)}), flush=True)
        else:
            print(f"mousematch: {error}", file=sys.stderr)
        return STOPPED if isinstance(error, TrainingStopped) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mousematch", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train the network, calibrate it and write its folder"))
    accuracy = commands.add_parser("accuracy", help="measure a model version on people unseen in training")
    accuracy.add_argument("model", type=Path, help="folder of the model version, such as models/base/1")
    accuracy.add_argument(
        "--sapimouse", type=Path, required=True, metavar="DIR", help="folder with userN/session_3min.csv"
    )
    accuracy.set_defaults(run=_accuracy)
    return parser


def _add_train(train: argparse.ArgumentParser) -> None:
    material = train.add_argument_group("what to train on")
    either = material.add_mutually_exclusive_group(required=True)
    either.add_argument("--sapimouse", type=Path, metavar="DIR", help="folder with userN/session_3min.csv")
    either.add_argument("--images", type=Path, metavar="DIR", help="labelled images that | mousetrain has collected")
    material.add_argument("--balabit", type=Path, metavar="DIR", help="folder with training_files/userN/session_*")
    material.add_argument("--synthetic", type=int, default=0, metavar="N", help="add N people of the sample generator")
    material.add_argument(
        "--virtual", type=int, default=0, metavar="N", help="add N virtual people for each SapiMouse user: mirrored, paced"
    )
    material.add_argument("--encoding", help="encoding to draw recordings in (default: the app's)")
    material.add_argument(
        "--task", default="embed", choices=("embed", "classify"), help="with --images (default: %(default)s)"
    )

    network = train.add_argument_group("the network")
    network.add_argument(
        "--phases",
        default="0.25:25:2e-3,1:40:5e-4",
        metavar="W:LENGTH:RATE,...",
        help="widths to train at one after the other, minutes (or Nsteps) and highest learning rate of each (default: "
        "%(default)s)",
    )
    network.add_argument(
        "--fold-phases",
        default="0.25:4:2e-3",
        metavar="P",
        help="phases of the networks that have not seen a third of the people, for calibration (default: %(default)s)",
    )
    network.add_argument("--from", dest="begin", type=Path, metavar="DIR", help="begin with a version's weights")
    network.add_argument("--imagenet", type=Path, metavar="FILE", help="begin with a VGG16 weight file of ImageNet")
    network.add_argument("--freeze", default="0", metavar="N", help="keep the first N blocks: 0 to 5, or all (default: 0)")
    network.add_argument("--seed", type=int, default=1, help="seed of everything random (default: %(default)s)")
    network.add_argument(
        "--precision",
        default="float32",
        choices=PRECISIONS,
        help="arithmetic while training; bfloat16 is faster on GPUs and on CPUs with AMX (default: %(default)s)",
    )

    run = train.add_argument_group("the run")
    run.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="checkpoints and logs; a run resumes from here"
    )
    run.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the model version, such as models/base/1"
    )
    run.add_argument("--workers", type=int, default=1, metavar="N", help="processes that draw images (default: 1)")
    run.add_argument("--threads", type=int, default=0, metavar="N", help="CPU threads; 0 is one a core (default: 0)")
    run.add_argument("--tensorboard", action="store_true", help="write logs for TensorBoard into the work folder")
    run.add_argument("--fingerprint", default="", help=argparse.SUPPRESS)
    run.add_argument("--note", default="{}", help=argparse.SUPPRESS)
    run.add_argument("--events", action="store_true", help="report in JSON lines, and end when stdin does")
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    # Before TensorFlow is imported: its start-up messages are no errors.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mousematch.interruption import Interruption

    stop = Interruption().on_signals()
    if options.events:
        stop.while_open(sys.stdin.fileno())
    _check_packages()
    from mousematch.encoding import DEFAULT

    options.encoding = options.encoding or DEFAULT
    # Imported here, so that --help and mistakes in the options do not wait for TensorFlow.
    from mousematch import devices, progress

    devices.prepare(threads=options.threads)
    told = progress.suited_to(sys.stdout, events=options.events)
    start = _start(options)
    engine = {"progress": told, "stop": stop, "tensorboard": options.tensorboard}
    if options.images:
        _train_images(options, start, told, stop)
    else:
        from mousematch import publishing

        publishing.train_and_publish(options, start=start, workers=options.workers, **engine)


def _train_images(options: argparse.Namespace, start: Start, told: Progress, stop: Interruption) -> None:
    from mousematch import labelled_training
    from mousematch.schedule import phases_of

    task = labelled_training.Task(
        kind=options.task,
        phases=phases_of(options.phases),
        start=start,
        seed=options.seed,
        precision=options.precision,
        fingerprint=options.fingerprint,
        workers=options.workers,
        options=json.loads(options.note),
    )
    engine: dict[str, Any] = {"tensorboard": options.tensorboard}
    labelled_training.train(
        options.images, task, work=options.work, out=options.out, progress=told, stop=stop, **engine
    )


def _start(options: argparse.Namespace) -> Start:
    from mousematch.initialisation import Start, frozen_blocks
    from mousematch.registry import WEIGHTS

    begin = options.begin / WEIGHTS if options.begin else None
    return Start(weights=begin, imagenet=options.imagenet, frozen=frozen_blocks(options.freeze))


def _check_packages() -> None:
    """Raises TrainingError if this Python cannot train."""
    wanted = ["numpy", "keras", "scipy"]
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        wanted.append("tensorflow")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"The Python {sys.executable} lacks {', '.join(missing)}, which training needs; set python in "
            "mousematch.conf [scorer] to an environment with TensorFlow (docs/training.md says how to make one)."
        )


def _accuracy(options: argparse.Namespace) -> None:
    from mousematch import publishing

    publishing.print_accuracy(options.model, options.sapimouse)


if __name__ == "__main__":
    sys.exit(main())
