"""Runs a scorer:  python -m mousematch.scorer --model-root models --socket /run/user/1000/mm/scorer.sock"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Before numpy loads: what it multiplies here is small, and its threads, which spin while they wait for the next product,
# would take the cores from the network's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from mousematch.errors import MouseMatchError
from mousematch.scorer.server import Options, serve
from mousematch.settings import EXECUTORS, PRECISIONS


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code: 0 after an orderly end, 1 after an error, 3 if another has the socket, 4 if stuck."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # A full disk makes every log line fail; the scorer serves on without them.
    logging.raiseExceptions = False
    try:
        return serve(options)
    except MouseMatchError as exc:
        logging.error("%s", exc)
        return 1


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m mousematch.scorer",
        description="Serves embeddings of Mouse Match images over TensorFlow Serving's REST API on a Unix socket. "
        "Searches start it by themselves; run it by hand to look at it.",
    )
    parser.add_argument(
        "--model-root",
        action="append",
        required=True,
        type=Path,
        metavar="DIR",
        dest="model_roots",
        help="folder with <name>/<version>/model.json; give several, the first goes before the next",
    )
    parser.add_argument(
        "--socket",
        required=True,
        type=Path,
        metavar="FILE",
        help="Unix socket to listen on; its folder must exist and should have mode 0700",
    )
    parser.add_argument("--model", default="base", metavar="NAME[/VERSION]", help="loaded at once; others on demand")
    parser.add_argument("--executor", default="auto", choices=EXECUTORS)
    parser.add_argument("--precision", default="float32", choices=PRECISIONS, help="bfloat16: GPU only")
    parser.add_argument("--threads", default=0, type=int, metavar="N", help="CPU threads; 0 (default): one a core")
    parser.add_argument(
        "--idle-s", default=900.0, type=float, metavar="S", help="ends after S seconds without a request"
    )
    parser.add_argument("--stuck-s", default=120.0, type=float, metavar="S", help="ends when one batch takes so long")
    parser.add_argument(
        "--log",
        default=None,
        type=Path,
        metavar="FILE",
        dest="log_file",
        help="file that standard error goes to; the scorer keeps it small",
    )
    found = vars(parser.parse_args(arguments))
    found["model_roots"] = tuple(found["model_roots"])
    if found["idle_s"] <= 0 or found["stuck_s"] <= 0:
        parser.error("--idle-s and --stuck-s must be above 0")
    return Options(**found)


if __name__ == "__main__":
    sys.exit(main())
