"""Devices: what a browser reports of a hand's movement.

A mouse or trackpad reports at its own rate; the browser hands a page one event a frame, stamped with a clock of its own
granularity; places come in whole device pixels. These identify a computer, not a person, so most people here have the
commonest kind, and the sample's colleagues move at the owner's own device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# viewport (CSS px) and device-pixel ratio, and how common
_SCREENS = (
    ((1920, 969), 1.0, 0.32),
    ((1536, 730), 1.25, 0.20),
    ((1440, 789), 2.0, 0.14),
    ((1366, 657), 1.0, 0.12),
    ((2560, 1297), 1.0, 0.10),
    ((1280, 593), 1.5, 0.06),
    ((1680, 939), 1.0, 0.06),
)
# frames a second, and how common
_FRAMES = ((60.0, 0.78), (75.0, 0.06), (120.0, 0.08), (144.0, 0.08))
# reports a second of a mouse, and how common; a trackpad reports about 100
_MOUSE_REPORTS = ((125.0, 0.6), (500.0, 0.15), (1000.0, 0.25))
_TRACKPAD_SHARE = 0.22


@dataclass(frozen=True)
class Device:
    """A pointing device, its screen and its browser's clock.

    pointer: mouse or trackpad. report_hz: how often the hardware reports. frame_hz: how often the browser passes it on.
    clock_ms: the granularity of its time stamps. jitter_ms: how unevenly frames come. viewport_px, dpr: the page's.
    swipe_px: how far one stroke gets before the hand has to start over (a trackpad's edge, a small desk).
    """

    pointer: str
    report_hz: float
    frame_hz: float
    clock_ms: float
    jitter_ms: float
    viewport_px: tuple[int, int]
    dpr: float
    swipe_px: float


def draw_device(rng: np.random.Generator) -> Device:
    """A device as people have them."""
    screen = _SCREENS[_pick([share for *_, share in _SCREENS], rng)]
    frame_hz = _FRAMES[_pick([share for _, share in _FRAMES], rng)][0]
    report_hz = _MOUSE_REPORTS[_pick([share for _, share in _MOUSE_REPORTS], rng)][0]
    trackpad = bool(rng.random() < _TRACKPAD_SHARE)
    return Device(
        pointer="trackpad" if trackpad else "mouse",
        report_hz=100.0 if trackpad else report_hz,
        frame_hz=frame_hz,
        clock_ms=1.0,
        jitter_ms=float(rng.uniform(0.2, 0.9)),
        viewport_px=screen[0],
        dpr=screen[1],
        swipe_px=float(rng.uniform(420, 700) if trackpad else rng.uniform(900, 2400)),
    )


def _pick(shares: list[float], rng: np.random.Generator) -> int:
    """An index, as often as its share says."""
    return int(np.searchsorted(np.cumsum(shares), rng.random() * sum(shares), side="right"))
