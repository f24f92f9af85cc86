"""Balabit: enroll the owners on their training files, one score for each labelled test session against its account.

The protocol of the challenge (Fülöp et al. 2016): the folder of a test session says whose account it is, its label
whether the owner moved the mouse.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.accuracy import pipelines
from benchmarks.accuracy.head import TIMEOUT_S, Head
from benchmarks.accuracy.pipelines import Encode, Neutralised
from benchmarks.accuracy.recordings import Balabit
from benchmarks.accuracy.sapimouse import WHOLE, Trials, enrolled_users, slug

# Windows of each owner that make the template: owners have hours of training files, and a mean needs no more. Five owners
# have enough for one side of the larger task of 2017.
ENROLL_WINDOWS = 200
# Windows of a session that the stats function list() can put together.
LIST_LIMIT = 100
# Test sessions that one search reads.
SESSIONS_AT_ONCE = 60


@dataclass(frozen=True)
class Protocol:
    """The measurements on these sessions. most_windows: of each test session, evenly spread."""

    head: Head
    data: Balabit
    notes: list[str]
    most_windows: int

    def trials(self, neutralised: Neutralised) -> Trials:
        """Enrolls the owners with such movement, then gives one trial a labelled session."""
        self._enroll(neutralised)
        windows = self._windows(neutralised)
        lookup = f"balabit_{slug(neutralised.name)}.csv"
        # Sessions whose label says that somebody else moved the mouse do not say who.
        rows = (
            f"| inputlookup {windows}\n"
            f"{pipelines.together('user session genuine')}\n"
            '| eval actual = if(genuine = 1, user, "unknown"), piece = "all"'
        )
        spl = pipelines.score(rows, model=self.head.model.reference, timeout_s=TIMEOUT_S, to=lookup)
        (counts,) = self.head.search(f"Balabit, {neutralised.name}: score {len(self.data.test)} sessions", spl)
        return Trials(
            dataset="Balabit",
            neutralised=neutralised.name,
            scored=WHOLE,
            window=str(self.head.encoding.window),
            lookup=lookup,
            trials=len(self.data.test),
            with_score=int(str(counts["scored"])),
            genuine=int(str(counts["genuine"])),
            people_known=False,
        )

    def _enroll(self, neutralised: Neutralised) -> None:
        lookup = enroll_windows(neutralised)
        self.head.forget(lookup)
        for number, owner in enumerate(self.data.owners):
            files = [recording for recording in self.data.training if recording.person == owner]
            spl = (
                f"{self._encode(neutralised).rows(files, each='window')}\n"
                f"{pipelines.spread(ENROLL_WINDOWS, 'user')}\n"
                f"{pipelines.keep(lookup, append=True)}"
            )
            counted = f"{number + 1} of {len(self.data.owners)}"
            self.head.search(f"Balabit, {neutralised.name}: read the training files of {owner} ({counted})", spl)
        rows = f"| inputlookup {lookup}"
        spl = pipelines.enroll(rows, model=self.head.model.reference, timeout_s=TIMEOUT_S)
        enrolled = self.head.search(f"Balabit, {neutralised.name}: enroll {len(self.data.owners)} owners", spl)
        enrolled_users(enrolled, f"Balabit, {neutralised.name}", self.notes)

    def _windows(self, neutralised: Neutralised) -> str:
        """A lookup with the windows of the labelled sessions, one a row."""
        lookup = test_windows(neutralised)
        self.head.forget(lookup)
        for start in range(0, len(self.data.test), SESSIONS_AT_ONCE):
            some = self.data.test[start : start + SESSIONS_AT_ONCE]
            spl = (
                f"{self._encode(neutralised).rows(some, each='window')}\n"
                f"{pipelines.spread(self.most_windows, 'session')}\n"
                f"{pipelines.keep(lookup, 'genuine', append=True)}"
            )
            counted = f"{start + 1} to {start + len(some)} of {len(self.data.test)}"
            self.head.search(f"Balabit, {neutralised.name}: read test sessions {counted}", spl)
        return lookup

    def _encode(self, neutralised: Neutralised) -> Encode:
        return Encode(self.head.encoding.name, "s", neutralised)


def enroll_windows(neutralised: Neutralised) -> str:
    """The lookup with the windows that the owners' templates are made of."""
    return f"balabit_enroll_{slug(neutralised.name)}.csv"


def test_windows(neutralised: Neutralised) -> str:
    """The lookup with the windows of the labelled sessions."""
    return f"balabit_test_{slug(neutralised.name)}.csv"
