"""Which requests are stored, by token and channel.

A request gets its number when its events are on disk, so a number that was given out is always a stored one. Numbers live
in memory: after a restart they are unknown and answered with false, and a sender that asks sends its events again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from . import replies
from .replies import Refusal

MAX_CHANNELS = 10_000
MAX_PENDING = 1_000_000  # numbers given out and not yet asked for, all channels together


@dataclass
class _Channel:
    used_at: float
    next: int = 0
    pending: set[int] = field(default_factory=set)


class Acknowledgements:
    """The channels of all tokens; for one thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._channels: dict[tuple[str, str], _Channel] = {}
        self._pending = 0

    @property
    def full(self) -> bool:
        """True when no further request can be acknowledged."""
        return self._pending >= MAX_PENDING

    def open(self, token: str, channel: str) -> None:
        """Makes sure that a request of this channel can be acknowledged. Raises Refusal when there are too many."""
        key = (token, channel)
        if self.full or (key not in self._channels and len(self._channels) >= MAX_CHANNELS):
            raise Refusal(replies.SERVER_BUSY, detail="Too many acknowledgements that nobody asks for")
        self._channels.setdefault(key, _Channel(self._clock())).used_at = self._clock()

    def stored(self, token: str, channel: str) -> int:
        """The number of a request whose events are on disk."""
        found = self._channels.setdefault((token, channel), _Channel(self._clock()))
        found.used_at = self._clock()
        number = found.next
        found.next += 1
        found.pending.add(number)
        self._pending += 1
        return number

    def ask(self, token: str, channel: str, numbers: Iterable[int]) -> dict[str, bool]:
        """Whether each number stands for a stored request. As in splunkd, true is told once."""
        found = self._channels.get((token, channel))
        if found is None:
            return {str(number): False for number in numbers}
        found.used_at = self._clock()
        told = {}
        for number in numbers:
            told[str(number)] = number in found.pending
            if number in found.pending:
                found.pending.remove(number)
                self._pending -= 1
        return told

    def forget_idle(self, idle_s: float | None) -> None:
        """Forgets the channels that nobody has used for so long; None forgets none."""
        if idle_s is None:
            return
        oldest = self._clock() - idle_s
        for key in [key for key, channel in self._channels.items() if channel.used_at < oldest]:
            self._pending -= len(self._channels.pop(key).pending)
