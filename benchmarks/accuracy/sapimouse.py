"""SapiMouse: enroll on the three-minute session, test on the one-minute one, everybody an impostor of everybody else.

The protocol of Antal, Fejér & Buza 2021, on people whom the model does not know. What is scored is a piece of the test
session: one window of 128 events, five such windows after each other, or all of it. Enrollment is what the app does with
a session: the encoding's own windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.accuracy import pipelines
from benchmarks.accuracy.head import TIMEOUT_S, Head
from benchmarks.accuracy.pipelines import AS_IS, Encode, Neutralised
from benchmarks.accuracy.recordings import ENROLL, TEST, Recording, SapiMouse

EVENTS, WINDOWS = 128, 5
# The mice of the data set report every 17 ms; a common clock has to be coarser than that.
CLOCK_MS = 25.0
# Claimed owners of one search: a row with its image for each, so this bounds the memory that a search takes.
OWNERS_AT_ONCE = 12

ONE, FIVE, LONG, WHOLE = "1 window", "5 windows", "1 window of 5 times the length", "whole session"


@dataclass(frozen=True)
class Trials:
    """Scored trials in a lookup. neutralised: of what movement. scored: which pieces of sessions, of that ``window``.

    trials: how many there should be, with_score: how many of them have a score, genuine: and are the owner's. people_known:
    whether every trial says who moved the mouse.
    """

    dataset: str
    neutralised: str
    scored: str
    window: str
    lookup: str
    trials: int
    with_score: int
    genuine: int
    people_known: bool = True

    @property
    def missing(self) -> int:
        """Trials without a score."""
        return self.trials - self.with_score

    @property
    def lack(self) -> str:
        """What keeps these trials from having error rates, as a sentence; empty if nothing does."""
        if 0 < self.genuine < self.with_score:
            return ""
        kind = "impostor" if self.genuine else "genuine"
        return f"there is no {kind} trial among {self.with_score}, and error rates need both kinds."


@dataclass
class Protocol:
    """The measurements on these people. notes takes sentences on what could not be measured.

    enroll_window: of the enrollment's windows, as mouseencode's option; empty for the encoding's own.
    """

    head: Head
    data: SapiMouse
    notes: list[str]
    enroll_window: str = ""

    def trials(self, neutralised: Neutralised) -> Iterator[Trials]:
        """Enrolls everybody with such movement, then gives the trials of each kind of piece.

        Without timer there are no events to count: its pieces have the active time that so many events take on average.
        """
        one, five = f"{EVENTS}p", f"{WINDOWS * EVENTS}p"
        if neutralised.clock_ms is not None:
            one, five = f"{self._seconds:.2f}s", f"{WINDOWS * self._seconds:.2f}s"
        owners = self._enroll(neutralised)
        if len(owners) < 2:
            self.notes.append(
                f"SapiMouse, {neutralised.name}: there is no impostor, because fewer than two are enrolled."
            )
            return
        windows = self._windows(neutralised, one)
        yield self._scored(neutralised, ONE, f"| inputlookup {windows}\n| eval piece = window_start", owners, one)
        yield self._scored(neutralised, FIVE, f"| inputlookup {windows}\n{pipelines.fused(WINDOWS)}", owners, one)
        longer = f"{self._encode(neutralised).rows(self._of(TEST), window=five, each='window')}\n{pipelines.full(five)}"
        yield self._scored(neutralised, LONG, f"{longer}\n| eval piece = window_start", owners, five)
        yield self._scored(neutralised, WHOLE, self._whole(neutralised), owners, str(self.head.encoding.window))
        if neutralised is AS_IS:
            self._enrolled_as_is = owners

    def promised(self, target_far: float) -> Iterator[Trials]:
        """Trials whose verdicts come from a target FAR: of five windows and of whole sessions, movement as it is.

        To be asked for while the templates are those of ``trials(AS_IS)``.
        """
        owners = self._enrolled_as_is
        if len(owners) < 2:
            return
        windows = f"| inputlookup {windows_lookup(AS_IS)}\n{pipelines.fused(WINDOWS)}"
        yield self._scored(AS_IS, FIVE, windows, owners, f"{EVENTS}p", target_far)
        yield self._scored(AS_IS, WHOLE, self._whole(AS_IS), owners, str(self.head.encoding.window), target_far)

    def pool(self) -> tuple[str, str]:
        """Lookups with the windows of the enrollment sessions and of the test sessions, one a row, of as many events."""
        lookup = "sapimouse_windows_enroll.csv"
        rows = self._encode().rows(self._of(ENROLL), window=f"{EVENTS}p", each="window")
        spl = f"{rows}\n{pipelines.full(f'{EVENTS}p')}\n{pipelines.keep(lookup)}"
        self.head.search("SapiMouse: cut the enrollment sessions into windows for the tasks of 2017", spl)
        return lookup, windows_lookup(AS_IS)

    def __post_init__(self) -> None:
        self._enrolled_as_is: list[str] = []

    def _whole(self, neutralised: Neutralised) -> str:
        return f'{self._encode(neutralised).rows(self._of(TEST))}\n| eval piece = "all"'

    @cached_property
    def _seconds(self) -> float:
        """Active seconds that so many events take, on average over all windows of the test sessions."""
        rows = Encode(self.head.encoding.name, "ms").rows(self._of(TEST), window=f"{EVENTS}p", each="window")
        spl = f"{rows}\n{pipelines.full(f'{EVENTS}p')}\n| stats avg(active_s) as seconds"
        found = self.head.search(f"SapiMouse: how long {EVENTS} events take", spl)
        return float(str(found[0]["seconds"]))

    def _enroll(self, neutralised: Neutralised) -> list[str]:
        """Everybody who has a template now."""
        rows = self._encode(neutralised).rows(self._of(ENROLL), window=self.enroll_window)
        spl = pipelines.enroll(rows, model=self.head.model.reference, timeout_s=TIMEOUT_S)
        enrolled = self.head.search(f"SapiMouse, {neutralised.name}: enroll {len(self.data.people)} people", spl)
        return enrolled_users(enrolled, f"SapiMouse, {neutralised.name}", self.notes)

    def _windows(self, neutralised: Neutralised, window: str) -> str:
        """A lookup with the full windows of the test sessions, in order, one a row."""
        lookup = windows_lookup(neutralised)
        rows = self._encode(neutralised).rows(self._of(TEST), window=window, each="window")
        spl = f"{rows}\n{pipelines.full(window)}\n{pipelines.keep(lookup)}"
        self.head.search(f"SapiMouse, {neutralised.name}: cut the test sessions into windows of {window}", spl)
        return lookup

    def _scored(
        self,
        neutralised: Neutralised,
        pieces: str,
        rows: str,
        owners: Sequence[str],
        window: str,
        target_far: float | None = None,
    ) -> Trials:
        policy = "" if target_far is None else f"target_far={target_far:g}"
        lookup = f"sapimouse_{slug(neutralised.name)}_{slug(pieces)}{policy.replace('=', '_')}.csv"
        trials = scored = genuine = 0
        for start in range(0, len(owners), OWNERS_AT_ONCE):
            some = owners[start : start + OWNERS_AT_ONCE]
            spl = pipelines.score(
                f"{rows}\n{pipelines.against(some)}",
                model=self.head.model.reference,
                timeout_s=TIMEOUT_S,
                to=lookup,
                options=policy,
                append=start > 0,
            )
            who = f"{some[0]} to {some[-1]}" if len(owners) > OWNERS_AT_ONCE else "everybody"
            what = f"score {pieces} against {who}" + (f", {policy}" if policy else "")
            (counts,) = self.head.search(f"SapiMouse, {neutralised.name}: {what}", spl)
            trials += int(str(counts["count"]))
            scored += int(str(counts["scored"]))
            genuine += int(str(counts["genuine"]))
        return Trials("SapiMouse", neutralised.name, pieces, window, lookup, trials, scored, genuine)

    def _of(self, purpose: str) -> list[Recording]:
        return [recording for recording in self.data.recordings if recording.purpose == purpose]

    def _encode(self, neutralised: Neutralised = AS_IS) -> Encode:
        return Encode(self.head.encoding.name, "ms", neutralised)


def windows_lookup(neutralised: Neutralised) -> str:
    """The lookup with the full windows of the test sessions."""
    return f"sapimouse_windows_{slug(neutralised.name)}.csv"


def enrolled_users(rows: Sequence[dict[str, object]], what: str, notes: list[str]) -> list[str]:
    """Users with a template, by mouseenroll's rows; a note for those without."""
    enrolled = [str(row["user"]) for row in rows if row["status"] in ("enrolled", "updated")]
    for row in rows:
        if row["status"] not in ("enrolled", "updated"):
            notes.append(
                f"{what}: {row['user']} has no template and claims nothing ({row.get('reason', row['status'])})"
            )
    return enrolled


def slug(text: str) -> str:
    """A name as a part of a file name."""
    return text.replace(" ", "-")
