"""The searches of a measurement, as SPL: everything between the raw files and the scores.

An image of the model's encoding is a *window*. Fields besides the app's own: ``actual`` is who moved the mouse, ``user``
whose account is claimed, ``session`` the raw file, ``piece`` the number of a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.accuracy.recordings import Recording

# Pauses count as half a second at most, so a full window may lack as much at its end.
_SHORT_BY_S = 0.5
# What mouseencode gives for each window, and mouseenroll and mousescore read of it.
PER_WINDOW = ("image", "window_active_s", "window_distance_px")
# What a trial is known by, and what mousescore says of it; the images stay behind.
TRIAL = (
    "user actual trial genuine match_score match_llr match_verdict match_evidence_s match_threshold match_far match_frr"
    " match_error"
)


@dataclass(frozen=True)
class Neutralised:
    """What mouseencode takes out of the movement. name: as the table calls it. clock_ms: None leaves the times alone."""

    name: str
    what: str = ""
    clock_ms: float | None = None

    @property
    def options(self) -> str:
        """As options of mouseencode."""
        words = [f"neutralise={self.what}"] if self.what else []
        words += [f"clock_ms={self.clock_ms:g}"] if self.clock_ms is not None else []
        return " ".join(words)


AS_IS = Neutralised("as is")


def neutralisations(clock_ms: float) -> tuple[Neutralised, ...]:
    """As it is, and without place on the screen, without event rate and clock, without both."""
    return (
        AS_IS,
        Neutralised("frame neutralised", "frame"),
        Neutralised("timer neutralised", "timer", clock_ms),
        Neutralised("both neutralised", "both", clock_ms),
    )


@dataclass(frozen=True)
class Encode:
    """How raw files become windows: ``mouseencode`` with these options. timeunit: of the files' times."""

    encoding: str
    timeunit: str
    neutralised: Neutralised = AS_IS

    def rows(self, recordings: Sequence[Recording], *, window: str = "", each: str = "session") -> str:
        """One row a session, or one a window (``each``); ``window`` as mouseencode's option, by default the encoding's."""
        words = ["mouseencode", f"encoding={self.encoding}", f"timeunit={self.timeunit}", self.neutralised.options]
        words += [f"window={window}"] if window else []
        words += ["rows=window"] if each == "window" else []
        words += ["by genuine"] if recordings[0].genuine is not None else []
        return f"{read(recordings)}\n| {' '.join(filter(None, words))}"


def read(recordings: Sequence[Recording]) -> str:
    """The raw files, with the account and the session that they belong to, and with the label where they have one."""
    first, *others = (
        f'| inputlookup {recording.lookup} | eval user="{recording.person}", session="{recording.name}"'
        + ("" if recording.genuine is None else f", genuine={int(recording.genuine)}")
        for recording in recordings
    )
    return "".join([first, *(f"\n| append maxout=0 [{other}]" for other in others)])


def keep(lookup: str, *fields: str, append: bool = False) -> str:
    """Puts windows into a lookup, one a row, with these fields; gives their number."""
    to = f"append=true {lookup}" if append else lookup
    kept = ("user", "session", "window_start", *PER_WINDOW, *fields)
    return f"| table {' '.join(kept)}\n| outputlookup {to}\n| stats count"


def spread(most: int, field: str) -> str:
    """At most so many windows of each value of the field, evenly spread over all of its windows in their order."""
    return (
        f"| eventstats count as windows_in_all by {field}\n"
        f"| streamstats count as number by {field}\n"
        f"| where floor(number * {most} / windows_in_all) > floor((number - 1) * {most} / windows_in_all)"
        f" OR windows_in_all <= {most}"
    )


def full(window: str) -> str:
    """Only full windows: of so many points, or of so many active seconds."""
    if window.endswith("p"):
        return f"| where points = {window[:-1]}"
    return f"| where active_s >= {float(window[:-1]) - _SHORT_BY_S:g}"


def enroll(rows: str, *, model: str, timeout_s: int) -> str:
    """Templates of these rows' users, for everybody: a measurement has no use for enrollments that are refused."""
    thresholds = "min_windows=1 min_sessions=1 min_active_s=0 min_consistency=-1000"
    return f"{rows}\n| mouseenroll model={model} mode=replace {thresholds} timeout={timeout_s}"


def fused(windows: int) -> str:
    """Rows of one window → rows of so many consecutive windows of a session; what is left over at its end goes."""
    return (
        "| streamstats count as number by session\n"
        f"| eval piece = floor((number - 1) / {windows})\n"
        f"{together('user session piece')}\n"
        f"| where windows = {windows}"
    )


def together(by: str) -> str:
    """Rows of one window → one row for all windows with the same values of these fields."""
    lists = ", ".join(f"list({name}) as {name}" for name in PER_WINDOW)
    return f"| stats count as windows, {lists} by {by}"


def against(owners: Sequence[str]) -> str:
    """Each row once for each of these owners: whoever moved the mouse claims to be each of them."""
    return (
        "| rename user as actual\n"
        f'| eval user = split("{",".join(owners)}", ",")\n'
        "| mvexpand user\n"
        "| eval genuine = if(user = actual, 1, 0)"
    )


def score(rows: str, *, model: str, timeout_s: int, to: str, options: str = "", append: bool = False) -> str:
    """Scores rows that have ``genuine``, and keeps the trials without their images in the lookup ``to``.

    There is a verdict on every trial, however short: that little evidence is no ground for one is a matter of its own.
    """
    words = ["mousescore", f"model={model}", "min_evidence_s=0", options, f"timeout={timeout_s}"]
    target = f"append=true {to}" if append else to
    return (
        f"{rows}\n| {' '.join(filter(None, words))}\n"
        f'| eval trial = session . " " . piece\n| table {TRIAL}\n| outputlookup {target}\n'
        "| stats count, count(match_llr) as scored, count(eval(isnotnull(match_llr) AND genuine=1)) as genuine"
    )
