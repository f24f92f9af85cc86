"""The sample's roster: who is enrolled, which sessions follow, and who really moves the mouse in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from samples.people import Person, person

# Users and the numbers of the people that they are; strangers have numbers of their own.
USERS = {"amara": 11, "bruno": 12, "chen": 13, "dilara": 14, "elias": 15, "freya": 16}
_STRANGERS = 500

ENROLL_SESSIONS = 4
GENUINE_SESSIONS = 3

OWNER, STOLEN, SHARED, UNLOCKED = "own account", "stolen password", "shared password", "unlocked desk"
SCENARIOS = {
    OWNER: "the owner, at the usual device",
    STOLEN: "a stranger who is not enrolled, at another device",
    SHARED: "a colleague who is enrolled, at the colleague's own device",
    UNLOCKED: "a colleague who is enrolled, at the owner's device",
}

_FIRST_DAY = datetime(2026, 10, 5, 8, 0, tzinfo=timezone.utc)
_SEED = 20_261_005


@dataclass(frozen=True)
class Visit:
    """A session of the sample, before anybody has moved a mouse.

    user: whose account it is. mover: who moves the mouse, at ``mover.device``. moved_by: the mover's name.
    purpose: enroll or test. start_s: epoch seconds. seconds: how long. seed: which of the mover's days it is.
    """

    session: str
    user: str
    mover: Person
    moved_by: str
    purpose: str
    scenario: str
    start_s: float
    seconds: float
    seed: int

    @property
    def truth(self) -> str:
        """genuine or impostor."""
        return "genuine" if self.scenario == OWNER else "impostor"


def visits() -> Iterator[Visit]:
    """All sessions of the sample, user by user."""
    rng = np.random.default_rng(_SEED)
    names = list(USERS)
    strangers = 0
    for place, user in enumerate(names):
        owner = person(USERS[user])
        neighbours = [names[(place + step) % len(names)] for step in (1, 3)]
        plan: list[tuple[str, str, Person, str]] = [("enroll", OWNER, owner, user)] * ENROLL_SESSIONS
        plan += [("test", OWNER, owner, user)] * GENUINE_SESSIONS
        for _ in range(2):
            strangers += 1
            plan.append(("test", STOLEN, person(_STRANGERS + strangers), f"stranger {strangers}"))
        plan.append(("test", SHARED, person(USERS[neighbours[0]]), neighbours[0]))
        plan.append(("test", UNLOCKED, person(USERS[neighbours[1]]).at(owner.device), neighbours[1]))
        # The sessions of a user are numbered by day, so that their names do not tell what they are.
        tests = [ENROLL_SESSIONS + int(number) for number in rng.permutation(len(plan) - ENROLL_SESSIONS)]
        days = list(range(ENROLL_SESSIONS)) + tests
        for (purpose, scenario, mover, moved_by), day in zip(plan, days):
            yield Visit(
                session=f"{user}-{day + 1:02d}",
                user=user,
                mover=mover,
                moved_by=moved_by,
                purpose=purpose,
                scenario=scenario,
                start_s=_start_s(day, rng),
                seconds=float(rng.integers(90, 121)),
                seed=1000 * place + day,
            )


def _start_s(day: int, rng: np.random.Generator) -> float:
    """When a user's session of that number starts: one every other working day, some time in working hours."""
    date = _FIRST_DAY + timedelta(days=2 * day + 2 * (day // 4))
    return round(date.timestamp() + float(rng.uniform(0, 9 * 3600)), 3)
