"""How much of the CPU there is to use."""

from __future__ import annotations

import os


def cores() -> int:
    """CPU cores that this process may use; fewer than the machine has in a container or under taskset."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
