"""Puts the app's packages on ``sys.path``: ``lib/py39`` or ``lib/py313``, whichever the running interpreter can load. Sets
what has to be set before they load.

Every command file imports this module first. Where ``lib/`` is not there, as in a development checkout, the packages of
the running environment serve instead.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

APP = Path(__file__).resolve().parent.parent

# Read when numpy loads. A command multiplies matrices of a few hundred rows: threads would spend more time waiting for each
# other than computing, most of all on a busy search head.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Modules and blocks of rows are so many new objects that the search for reference cycles would run all the time.
gc.set_threshold(200_000, 20, 100)


def add_vendored_packages() -> None:
    """Puts the vendored packages for this Python version right behind the script's own folder."""
    tree = APP / "lib" / f"py{sys.version_info[0]}{sys.version_info[1]}"
    bin_folder = str(APP / "bin")
    if bin_folder not in sys.path:
        sys.path.insert(0, bin_folder)
    # Ahead of site-packages: Splunk's own may hold other versions, and ours were tested together.
    if tree.is_dir() and str(tree) not in sys.path:
        sys.path.insert(sys.path.index(bin_folder) + 1, str(tree))


add_vendored_packages()
