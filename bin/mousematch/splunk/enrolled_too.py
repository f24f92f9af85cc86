"""Test sessions that are among the enrollment's, by name or by movement: their trials say nothing about other days.

Only what the rows tell can be found: the search has to append the enrollment's sessions and mark them. Movement is
compared by ``path_hash``, which survives another name, place and size, and a little noise; it is there unless the sessions
were neutralised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# So many shared hashes are a copy; one is chance now and then.
ENOUGH_HASHES = 2

# person, session
Named = tuple[str, str]


class EnrolledToo:
    """Sessions of the enrollment and of the test while their rows come in."""

    def __init__(self) -> None:
        self._enrolled: set[Named] = set()
        self._by_hash: dict[str, set[Named]] = {}
        self._tested: dict[tuple[str, str, str], int] = {}
        self._hashes: list[Sequence[str]] = []

    @property
    def enrolled(self) -> int:
        """How many sessions of the enrollment there are."""
        return len(self._enrolled)

    def add_enrolled(self, person: str, session: str, hashes: Sequence[str]) -> None:
        """Takes in a session of the enrollment. person: the owner."""
        self._enrolled.add((person, session))
        for value in hashes:
            self._by_hash.setdefault(value, set()).add((person, session))

    def add_tested(self, claimed: str, truth: str, session: str, hashes: Sequence[str]) -> int:
        """Takes in a session of the test; gives its number."""
        number = self._tested.setdefault((claimed, truth, session), len(self._tested))
        if number == len(self._hashes):
            self._hashes.append(hashes)
        return number

    def found(self, *, truth_is_user: bool) -> list[bool]:
        """Of each test session by number: was it enrolled too? truth_is_user: whether the truth names who moved the mouse.

        Sessions of one name are the same if the same person moved the mouse; where nobody says who, if they are of the same
        account.
        """
        return [
            (truth if truth_is_user else claimed, session) in self._enrolled or self._copied(hashes)
            for (claimed, truth, session), hashes in zip(self._tested, self._hashes)
        ]

    def _copied(self, hashes: Sequence[str]) -> bool:
        shared = Counter(home for value in set(hashes) for home in self._by_hash.get(value, ()))
        return any(count >= ENOUGH_HASHES for count in shared.values())
