"""Runs the benchmarks: ``python -m benchmarks`` all of them, ``python -m benchmarks NAME [OPTION …]`` one.

Each is a file of this folder and runs as a process of its own, so that none is measured with another's memory. They print
ratios of one run; none is a test. One that this machine cannot run says so, and is passed over when all are run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SKIPPED = 77  # the exit code of a benchmark that this machine cannot run


def main(arguments: list[str]) -> int:
    """Runs what the arguments name; the exit code is the highest of the benchmarks'."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    chosen, options = (arguments[:1], arguments[1:]) if arguments else (names, [])
    if not set(chosen) <= set(names):
        print(f'No benchmark "{chosen[0]}"; there are {", ".join(names)}.', file=sys.stderr)
        return 2
    worst = 0
    for name in chosen:
        title = (FOLDER / f"{name}.py").read_text(encoding="utf-8").partition("\n")[0].strip('" ')
        print(f"==> {name}: {title}", flush=True)
        finished = subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), *options])
        if arguments or finished.returncode != SKIPPED:
            worst = max(worst, abs(finished.returncode))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
