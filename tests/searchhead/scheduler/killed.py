"""A process that schedules a shop's searches and kills itself at a given point: APP STATE WHERE NOW."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from searchhead.scheduler import actions
from searchhead.scheduler.state import State
from searchhead.splunkd.head import SearchHead

app, state, where, now = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])


def dying(*args: Any, **more: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Any) -> Any:
    def then(*args: Any, **more: Any) -> Any:
        function(*args, **more)
        dying()

    return then


if where == "before recording":
    State.record = dying  # type: ignore[method-assign]
elif where == "after recording":
    State.record = after(State.record)  # type: ignore[method-assign]
elif where == "after acting":
    actions.perform = after(actions.perform)
with SearchHead(app, state) as head:
    head.scheduler.run_due(now)
    head.scheduler.wait(60)
