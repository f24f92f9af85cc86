"""A person of the sample at a real browser: solves the playground's tasks with a real pointer, in real time.

    person's habits → Hand (reach, click, drag) → where the pointer is at each moment → Input.dispatchMouseEvent

The browser gets one event a frame, as most mice give it. What the page makes of them, its clock and its rounding are its
own. Needs a Chromium that Playwright drives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mousematch.telemetry import DOWN, LEFT
from samples.devices import Device
from samples.hand import Hand
from samples.movement import TRACE_HZ
from samples.people import Person

_FRAME_S = 1 / 60
_LONGEST_REACH_S = 20.0
# Nobody looks for long where a game says what comes next.
_THINKING = 0.3

# What is to be done next on the board: click, pass over, or drag it to a place. Places are middles, CSS px.
_NEXT = """() => {
    const board = document.getElementById("board");
    const box = (node) => {
        const {x, y, width, height} = node.getBoundingClientRect();
        return {x: x + width / 2, y: y + height / 2, width, height};
    };
    const disc = board.querySelector(".disc.next, .gate.next");
    if (disc) return {how: disc.matches(".disc") ? "click" : "pass", ...box(disc)};
    const piece = board.querySelector(".piece:not(.gone)");
    if (piece) {
        const tray = board.querySelector(piece.matches(".round") ? ".tray.round" : ".tray.square");
        return {how: "drag", ...box(piece), to: box(tray)};
    }
    const trees = ["Oak", "Maple", "Birch", "Willow"];
    const label = [...board.querySelectorAll(".choices label")].find(
        (each) => trees.includes(each.textContent.trim()) !== each.control.checked);
    if (label) return {how: "click", ...box(label.control)};
    const slider = board.querySelector(".range input");
    if (!slider) return null;
    const goal = Number(slider.parentElement.firstChild.textContent.match(/Slide to (\\d+)/)[1]);
    const {x, y, width, height} = slider.getBoundingClientRect();
    const thumb = (value) => ({x: x + 8 + (width - 16) * value / 100, y: y + height / 2, width: 14, height: 14});
    if (Number(slider.value) !== goal) return {how: "drag", ...thumb(slider.value), to: thumb(goal)};
    return {how: "click", ...box(board.querySelector("form button"))};
}"""


class Player:
    """Somebody who has the mouse in a page of Playwright's (sync API) on which the playground is open."""

    def __init__(self, page: Any, person: Person, *, day: int = 1) -> None:
        """``day``: which of the person's days it is, as in ``samples.sessions``."""
        self._page = page
        self._cdp = page.context.new_cdp_session(page)
        self._habits = person.on_day(day)
        self._rng = np.random.default_rng([6, person.seed, day])
        size = page.viewport_size
        self._device = Device("mouse", 125.0, 60.0, 1.0, 0.4, (size["width"], size["height"]), 1.0, 2400.0)
        self._place = complex(size["width"] / 2, size["height"] / 2)
        self._button = "none"

    def play(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> bool:
        """Plays for so long, or until that is so; gives whether it came to be so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if until():
                return True
            aim = self._page.evaluate(_NEXT)
            if aim is None:
                time.sleep(0.05)
            else:
                self._do(aim)
        return until()

    def _do(self, aim: dict[str, Any]) -> None:
        hand = Hand(self._habits, self._device, seconds=_LONGEST_REACH_S, rng=self._rng)
        hand.now_s = _THINKING * self._habits.think_s * float(self._rng.lognormal(0, 0.45))
        hand.place = hand.start = self._place
        hand.reach(complex(aim["x"], aim["y"]), (aim["width"], aim["height"]))
        if aim["how"] == "click":
            hand.click()
        elif aim["how"] == "drag":
            to = aim["to"]
            hand.drag(complex(to["x"], to["y"]), (0.6 * to["width"], 0.6 * to["height"]))
        self._move_as(hand)

    def _move_as(self, hand: Hand) -> None:
        """Sends what the hand has done to the browser, while it happens."""
        way = hand.start + np.cumsum(hand.steps)
        marks = sorted(hand.marks, key=lambda mark: mark.time_s)
        last = round(hand.now_s * TRACE_HZ)
        began = time.perf_counter()
        while True:
            frame = time.perf_counter()
            now_s = frame - began
            while marks and marks[0].time_s <= now_s:
                mark = marks.pop(0)
                self._button = "left" if mark.kind == DOWN and mark.button == LEFT else "none"
                self._send("mousePressed" if mark.kind == DOWN else "mouseReleased", button="left", clickCount=1)
            place = complex(way[min(round(now_s * TRACE_HZ), last)])
            place = complex(round(place.real), round(place.imag))
            if place != self._place:
                self._place = place
                self._send("mouseMoved", button=self._button)
            if now_s >= hand.now_s and not marks:
                return
            time.sleep(max(0.0, _FRAME_S - (time.perf_counter() - frame)))

    def _send(self, kind: str, **more: Any) -> None:
        buttons = 1 if self._button == "left" else 0
        x, y = self._place.real, self._place.imag
        self._cdp.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "buttons": buttons, **more})
