"""How a training learns that it should end: by a signal, or because the search that started it is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

# After being asked, a training has so long to leave a checkpoint.
GRACE_S = 60.0


class Interruption:
    """False until somebody asks the training to end. Signal handlers and threads only set it; the training looks."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def __call__(self) -> bool:
        return self._asked.is_set()

    def on_signals(self) -> Interruption:
        """Listens to SIGINT and SIGTERM; the second one ends the process at once."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)
        return self

    def while_open(self, stream: int) -> Interruption:
        """Listens to the end of a pipe (a file descriptor) that the parent holds open: it comes however the parent ends."""
        threading.Thread(target=self._watch, args=(stream,), daemon=True).start()
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._asked.set()

    def _watch(self, stream: int) -> None:
        while os.read(stream, 4096):
            pass
        self._asked.set()
        # Nobody waits for this process any more: it must not outlive its search by hanging somewhere.
        time.sleep(GRACE_S)
        sys.stderr.flush()
        os._exit(1)
