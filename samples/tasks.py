"""Tasks: what people do on pages. The same for everybody; only the hand differs.

Each task is a function of a hand and of a random generator that lays out its page. Sizes and places are in CSS pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mousematch.telemetry import LEFT, RIGHT
from samples.hand import Hand

Task = Callable[[Hand, np.random.Generator], None]


def open_menu(hand: Hand, layout: np.random.Generator) -> None:
    """The menu bar on top, an entry, and now and then a submenu beside it."""
    width, _ = hand.device.viewport_px
    menu = complex(layout.uniform(0.05, 0.45) * width, 28)
    _click_on(hand, menu, (90, 32))
    entry = menu + complex(30, 30 + 32 * layout.integers(1, 9))
    if layout.random() < 0.35:
        hand.reach(entry, (170, 30))
        hand.rest(0.15)
        entry += complex(190, 32 * layout.integers(0, 4))
    _click_on(hand, entry, (170, 30))
    hand.rest(hand.habits.think_s)


def fill_form(hand: Hand, layout: np.random.Generator) -> None:
    """Fields below each other, typing in between, a tick box, and a button."""
    width, height = hand.device.viewport_px
    left = layout.uniform(0.25, 0.5) * width
    top = layout.uniform(0.15, 0.3) * height
    for row in range(int(layout.integers(2, 5))):
        _click_on(hand, complex(left + layout.uniform(-60, 60), top + 62 * row), (280, 36))
        hand.rest(layout.uniform(0.6, 1.6))  # hands on the keyboard
    _click_on(hand, complex(left - 130, top + 310), (18, 18))
    _click_on(hand, complex(left + layout.choice([-80, 90]), top + 370), (110, 38))
    hand.rest(hand.habits.think_s)


def follow_links(hand: Hand, layout: np.random.Generator) -> None:
    """A few links, anywhere on the page; between them the pointer may be parked beside the text."""
    width, height = hand.device.viewport_px
    for _ in range(int(layout.integers(3, 7))):
        link = complex(layout.uniform(0.08, 0.9) * width, layout.uniform(0.12, 0.92) * height)
        _click_on(hand, link, (layout.uniform(40, 160), 20))
        hand.rest(hand.habits.think_s)
        if hand.rng.random() < hand.habits.parking:
            hand.reach(complex(0.93 * width, hand.place.imag + layout.uniform(-120, 120)), (120, 240))
            hand.rest(hand.habits.think_s)


def read(hand: Hand, layout: np.random.Generator) -> None:
    """A text: scrolling, tracing its lines with the pointer, fidgeting."""
    width, height = hand.device.viewport_px
    hand.reach(complex(layout.uniform(0.3, 0.7) * width, layout.uniform(0.3, 0.7) * height), (300, 300))
    for _ in range(int(layout.integers(2, 5))):
        hand.scroll(int(layout.integers(3, 14)))
        if hand.rng.random() < hand.habits.line_tracing:
            _trace_lines(hand, int(layout.integers(1, 4)))
        seconds = layout.uniform(0.8, 2.0)
        fidgets = int(hand.rng.poisson(hand.habits.fidgets_per_s * seconds))
        for _ in range(fidgets):
            _fidget(hand)
            hand.rest(seconds / (fidgets + 1))
        if not fidgets:
            hand.rest(seconds)


def work_through_table(hand: Hand, layout: np.random.Generator) -> None:
    """Rows of a table: tick boxes down the left, a context menu, an action at the right."""
    width, height = hand.device.viewport_px
    left, top = layout.uniform(0.06, 0.15) * width, layout.uniform(0.2, 0.35) * height
    row = 0
    for _ in range(int(layout.integers(2, 5))):
        row += int(layout.integers(1, 4))
        _click_on(hand, complex(left, top + 34 * row), (18, 18))
    if layout.random() < 0.4:
        place = complex(left + layout.uniform(120, 400), top + 34 * row)
        _click_on(hand, place, (220, 30), button=RIGHT)
        _click_on(hand, place + complex(70, 20 + 28 * layout.integers(0, 6)), (150, 26))
    elif layout.random() < 0.5:
        _click_on(hand, complex(left + layout.uniform(120, 400), top + 34 * row), (220, 30), times=2)
    _click_on(hand, complex(layout.uniform(0.75, 0.92) * width, top + 34 * row), (74, 28))
    hand.rest(hand.habits.think_s)


def drag_things(hand: Hand, layout: np.random.Generator) -> None:
    """A slider, a card to another column, or a stretch of text to select."""
    width, height = hand.device.viewport_px
    start = complex(layout.uniform(0.15, 0.5) * width, layout.uniform(0.25, 0.75) * height)
    kind = int(layout.integers(0, 3))
    size, way = (
        ((16, 22), complex(layout.uniform(80, 300), 0)),
        ((200, 70), complex(layout.uniform(220, 480), layout.uniform(-140, 140))),
        ((12, 20), complex(layout.uniform(60, 420), 22 * layout.integers(0, 4))),
    )[kind]
    hand.reach(start, size)
    hand.drag(hand.on_page(hand.place + way), (size[0] + 8, size[1]))
    hand.rest(hand.habits.think_s)


def answer_dialog(hand: Hand, layout: np.random.Generator) -> None:
    """A dialog in the middle of the page: a choice and a button, or the cross in its corner."""
    width, height = hand.device.viewport_px
    middle = complex(width / 2, height * 0.42)
    if layout.random() < 0.25:
        _click_on(hand, middle + complex(250, -130), (24, 24))
    else:
        _click_on(hand, middle + complex(-180, layout.uniform(-60, 40)), (20, 20))
        _click_on(hand, middle + complex(layout.choice([90, 200]), 120), (96, 34))
    hand.rest(hand.habits.think_s)


# task, and how often people do it
TASKS: tuple[tuple[Task, float], ...] = (
    (follow_links, 0.26),
    (open_menu, 0.18),
    (fill_form, 0.16),
    (work_through_table, 0.15),
    (answer_dialog, 0.09),
    (drag_things, 0.09),
    (read, 0.07),
)


def choose_task(layout: np.random.Generator) -> Task:
    """The next thing that somebody does."""
    shares = np.array([share for _, share in TASKS])
    return TASKS[int(np.searchsorted(np.cumsum(shares), layout.random() * shares.sum(), side="right"))][0]


def _click_on(hand: Hand, place: complex, size_px: tuple[float, float], *, button: int = LEFT, times: int = 1) -> None:
    hand.reach(place, size_px)
    hand.click(button, times=times)
    hand.rest(0.35 * hand.habits.think_s)


def _trace_lines(hand: Hand, lines: int) -> None:
    """Follows some lines of text with the pointer, slowly, back to the left between them."""
    left = hand.place
    for line in range(lines):
        hand.reach(left + complex(float(hand.rng.uniform(180, 360)), 22 * line), (60, 14), slowdown=2.2)
        hand.reach(left + complex(0, 22 * (line + 1)), (60, 14))


def _fidget(hand: Hand) -> None:
    """A small movement to nowhere, as people make who cannot keep the hand still."""
    length = hand.habits.fidget_px * math.exp(0.5 * hand.rng.normal())
    direction = float(hand.rng.uniform(-math.pi, math.pi))
    hand.reach(hand.place + length * complex(math.cos(direction), math.sin(direction)), (60, 60))
