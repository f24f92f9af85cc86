"""The settings of mousematch.conf, as frozen values.

One dataclass a stanza; a field's default is the value that default/mousematch.conf ships, and its metadata is the range
that is accepted. README/mousematch.conf.spec describes each one; a test keeps the three in step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from mousematch.errors import OptionError

FILE = "mousematch"
EXECUTORS = ("auto", "litert", "mnn", "tensorflow")
PRECISIONS = ("float32", "bfloat16")
MODES = ("replace", "update", "keep")

# The ways to a threshold: a policy has one of them.
WAYS = ("threshold", "target_far", "alerts_per_day")
# Who alerts on more than every second customer has no matcher but a coin.
MAX_ALERT_SHARE = 0.5
POLICY_PREFIX = "policy:"

Stanzas = Mapping[str, Mapping[str, str]]


def _number(default: float | None, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _word(default: str, *allowed: str) -> Any:
    return field(default=default, metadata={"allowed": allowed})


@dataclass(frozen=True)
class ScorerSettings:
    """Where images become embeddings.

    python: interpreter that runs the local scorer; empty means the one that runs the command (Splunk's own).
    executor: litert (CPU, starts soonest), mnn (CPU, the fastest there), tensorflow (GPU or CPU), or auto: TensorFlow on a
    GPU, else LiteRT for a session and MNN for long searches.
    address: empty for the local scorer, else the URL of a TensorFlow Serving REST endpoint.
    precision: of the convolutions; bfloat16 is twice as fast on a recent GPU and needs one.
    threads: CPU threads of the local scorer, 0 for one a core.
    idle_s: the local scorer ends after so many seconds without a request.
    start_timeout_s: how long a search waits for the scorer to start; loading TensorFlow takes some ten seconds.
    timeout_s: how long a search waits for one answer.
    """

    python: str = _word("")
    executor: str = _word("auto", *EXECUTORS)
    address: str = _word("")
    precision: str = _word("float32", *PRECISIONS)
    threads: int = _number(0, 0, 1_024)
    idle_s: float = _number(900.0, 1, 604_800)
    start_timeout_s: float = _number(120.0, 1, 3_600)
    timeout_s: float = _number(30.0, 0.05, 3_600)


@dataclass(frozen=True)
class MatchingSettings:
    """What a match score is made with.

    model: the model's name, with "/version" to pin one.
    policy: the stanza [policy:<name>] that decides on verdicts where a search names none.
    prior: probability that the owner moves the mouse, before anything was seen of the session.
    """

    model: str = _word("base")
    policy: str = _word("default")
    prior: float = _number(0.5, 1e-6, 1 - 1e-6)


@dataclass(frozen=True)
class PolicySettings:
    """When a session is a match: by one of a threshold, a target FAR and an alert budget.

    threshold: a match_score from here on is a match (0-1, a probability).
    target_far: share of impostor sessions that may be accepted (0-1).
    alerts_per_day, sessions_per_day: how many false alerts a day are affordable, at so many sessions with enough evidence.
    min_evidence_s: fewer active seconds than this are "insufficient".
    """

    threshold: float | None = _number(None, 0, 1)
    target_far: float | None = _number(None, 1e-6, 0.5)
    alerts_per_day: float | None = _number(None, 1e-3, 1e9)
    sessions_per_day: float | None = _number(None, 1e-3, 1e12)
    min_evidence_s: float = _number(10.0, 0, 86_400)

    @property
    def alert_share(self) -> float | None:
        """Share of genuine sessions that may raise an alert, 0-1: the FRR of the alert budget. None without a budget."""
        if self.alerts_per_day is None or self.sessions_per_day is None:
            return None
        return self.alerts_per_day / self.sessions_per_day

    def check(self, where: str) -> None:
        """Raises OptionError unless there is exactly one way to the threshold. where: what the message calls the policy."""
        ways = [name for name in WAYS if getattr(self, name) is not None]
        if len(ways) != 1:
            given = f"sets both {' and '.join(ways)}" if ways else "sets no threshold"
            raise OptionError(f"{where} {given}; let it have one of {', '.join(WAYS)}, and leave the others empty.")
        if (self.alerts_per_day is None) != (self.sessions_per_day is None):
            raise OptionError(f"{where} has one of alerts_per_day and sessions_per_day; an alert budget takes both.")
        if self.alert_share is not None and self.alert_share > MAX_ALERT_SHARE:
            raise OptionError(
                f"{where} allows {self.alerts_per_day:g} alerts for {self.sessions_per_day:g} sessions a day; "
                "an alert budget is at most half of the sessions."
            )

    def replaced(self, options: Mapping[str, Any]) -> PolicySettings:
        """This policy with the settings that a search gives; a way to the threshold among them replaces this one's."""
        cleared = dict.fromkeys((*WAYS, "sessions_per_day")) if any(name in options for name in WAYS) else {}
        return replace(self, **{**cleared, **options})


@dataclass(frozen=True)
class EnrollmentSettings:
    """What a template needs.

    min_windows, min_sessions, min_active_s: less material than this is refused.
    min_consistency: the sessions of a user must support one another by at least this log-likelihood ratio.
    mode: what happens to a user who has a template: replace it, update it with the new material, or keep it.
    """

    min_windows: int = _number(3, 1, 100_000)
    min_sessions: int = _number(1, 1, 10_000)
    min_active_s: float = _number(60.0, 0, 86_400)
    min_consistency: float = _number(-2.0, -1_000, 1_000)
    mode: str = _word("replace", *MODES)


def _shipped_policies() -> dict[str, PolicySettings]:
    return {
        "default": PolicySettings(threshold=0.5),
        "strict": PolicySettings(target_far=0.01),
        "quiet": PolicySettings(alerts_per_day=10.0, sessions_per_day=1000.0, min_evidence_s=30.0),
    }


@dataclass(frozen=True)
class Settings:
    """All stanzas of mousematch.conf; each attribute is named like its stanza.

    policies: the stanzas [policy:<name>], by name.
    """

    scorer: ScorerSettings = field(default_factory=ScorerSettings)
    matching: MatchingSettings = field(default_factory=MatchingSettings)
    enrollment: EnrollmentSettings = field(default_factory=EnrollmentSettings)
    policies: Mapping[str, PolicySettings] = field(default_factory=_shipped_policies)

    def policy(self, name: str) -> PolicySettings:
        """The policy of a name. Raises OptionError if there is none, or if it does not say one way to its threshold."""
        if name not in self.policies:
            known = ", ".join(sorted(self.policies)) or "none"
            raise OptionError(f'There is no policy "{name}" in {FILE}.conf (there: {known}); name one of these.')
        found = self.policies[name]
        found.check(f"The policy [{POLICY_PREFIX}{name}] of {FILE}.conf")
        return found

    @classmethod
    def from_stanzas(cls, stanzas: Stanzas) -> Settings:
        """The settings of a configuration file's stanzas; what it leaves out has its default.

        Raises OptionError that names stanza, key and value if one is out of range.
        """
        return cls(
            scorer=_read(ScorerSettings, "scorer", stanzas),
            matching=_read(MatchingSettings, "matching", stanzas),
            enrollment=_read(EnrollmentSettings, "enrollment", stanzas),
            policies={
                **_shipped_policies(),
                **{
                    name[len(POLICY_PREFIX) :]: _read(PolicySettings, name, stanzas)
                    for name in stanzas
                    if name.startswith(POLICY_PREFIX)
                },
            },
        )


_Stanza = TypeVar("_Stanza", ScorerSettings, MatchingSettings, EnrollmentSettings, PolicySettings)


def _read(kind: type[_Stanza], name: str, stanzas: Stanzas) -> _Stanza:
    stanza = stanzas.get(name, {})
    values: dict[str, Any] = {}
    for item in fields(kind):
        text = stanza.get(item.name)
        # Splunk has no way to unset a key; an empty one means the default, as elsewhere in its files.
        if text is not None and text.strip():
            values[item.name] = parse(kind, item.name, text, where=f"{FILE}.conf [{name}] {item.name}")
    return kind(**values)


def parse(kind: type, name: str, text: str, *, where: str | None = None) -> Any:
    """The value of one setting from its text, with the setting's own type and range.

    kind: the dataclass of the stanza. where: what the error message calls the setting; default is its name, which is
    how a command's option of the same name reports itself.
    """
    item = next(item for item in fields(kind) if item.name == name)
    where = where or name
    if "low" not in item.metadata:
        word = text.strip()
        allowed = item.metadata["allowed"]
        if allowed and word not in allowed:
            raise OptionError(f'{where}="{word}" is none of the choices; write {" or ".join(allowed)}.')
        return word
    low, high = item.metadata["low"], item.metadata["high"]
    whole = isinstance(item.default, int)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high or (whole and number != int(number)):
        kind_of_number = "a whole number" if whole else "a number"
        raise OptionError(f'{where}="{text}" cannot be used; give {kind_of_number} from {low:g} to {high:g}.')
    return int(number) if whole else number
