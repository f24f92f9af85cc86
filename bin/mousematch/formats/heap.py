"""What the process does with memory that numpy gives back."""

from __future__ import annotations

from functools import cache

import numpy as np

# More than a block of rows takes with all that is computed from it.
KEPT_BYTES = 8_000_000


@cache
def keep_freed_memory() -> None:
    """Makes the process keep freed memory for the next block of rows, instead of giving it back and asking for it again.

    The system clears every page that it hands out, which took a fifth of the time of the map phase. glibc raises the size
    from which on it asks the system each time to that of the largest piece freed so far, so one such piece, never written
    to, is enough; other allocators just free it.
    """
    np.empty(KEPT_BYTES, np.uint8)
