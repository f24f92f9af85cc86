"""What the collector refuses, as events for the index _internal, as splunkd logs it.

index=_internal sourcetype=splunkd component=HttpInputDataHandler
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ..indexes import Event
from .replies import Refusal

_LONGEST = 300  # characters of a detail, which may quote what somebody sent
_BURST = 20  # lines in _BURST_S seconds, so that a flood of bad requests is no flood of events
_BURST_S = 10.0
_FIELDS = {"log_level": "ERROR", "component": "HttpInputDataHandler"}  # which Splunk's own props.conf extracts


class RefusalLog:
    """Makes the events, of some refusals when there are many; for one thread."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since = 0.0
        self._lines = 0
        self._left_out = 0

    def event(self, refusal: Refusal, *, token: str, address: str, size: int, stored: int) -> Event | None:
        """The event of one refusal, None for one too many.

        ``token``: its name; ``address``: the sender's; ``size``: bytes of the body; ``stored``: events of it that are.
        """
        now = self._clock()
        if now - self._since > _BURST_S:
            self._since, self._lines = now, 0
        self._lines += 1
        if self._lines > _BURST:
            self._left_out += 1
            return None
        stamp = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d} +0000"
        line = (
            f"{stamp} ERROR HttpInputDataHandler [{os.getpid()} hec] - Failed processing http input, "
            f"token name={_plain(token)}, source_IP={address}, reply={refusal.reply.code}, "
            f'status_message="{refusal.reply.text}", status={refusal.reply.status}, events_processed={stored}, '
            f'http_input_body_size={size}, parsing_err="{_plain(refusal.detail)}", left_out={self._left_out}'
        )
        self._left_out = 0
        return Event(now, line, "_internal", "splunkd", "splunkd.log", "searchhead", _FIELDS)


def _plain(text: str) -> str:
    """On one line, without quotes and half characters."""
    short = " ".join(text[:_LONGEST].replace('"', "'").split())
    return short.encode("utf-8", "replace").decode()
