"""A person of the sample at a real browser: solves the playground's tasks with a real pointer, in real time.

    person's habits → Hand (reach, click, drag) → where the pointer is at each moment → Input.dispatchMouseEvent

The browser gets an event whenever the person's device reports. When the page hears of them, its clock and its rounding are
its own. Needs a Chromium that Playwright drives (its asynchronous API: a report does not wait for the one before to be
handled, which takes the browser a frame).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from mousematch.telemetry import DOWN
from samples.hand import Hand
from samples.movement import TRACE_HZ
from samples.people import Person

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
    """Somebody who has the mouse in a page on which the playground is open."""

    def __init__(self, page: Any, person: Person, *, day: int = 1) -> None:
        """``page``: of Playwright's asynchronous API. ``day``: which of the person's days, as in ``samples.sessions``."""
        self._page = page
        self._cdp: Any = None
        self._habits = person.on_day(day)
        self._device = person.device
        self._rng = np.random.default_rng([6, person.seed, day])
        self._place = complex(page.viewport_size["width"] / 2, page.viewport_size["height"] / 2)
        self._held = False
        self._unanswered: set[asyncio.Task[Any]] = set()

    async def play(self, seconds: float, *, until: Callable[[], Awaitable[bool]] | None = None) -> bool:
        """Plays for so long, or until that is so; gives whether it came to be so."""
        self._cdp = self._cdp or await self._page.context.new_cdp_session(self._page)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if until is not None and await until():
                return True
            aim = await self._page.evaluate(_NEXT)
            if aim is None:
                await asyncio.sleep(0.05)
            else:
                await self._do(aim)
        return until is not None and await until()

    async def _do(self, aim: dict[str, Any]) -> None:
        hand = Hand(self._habits, self._device, seconds=_LONGEST_REACH_S, rng=self._rng)
        hand.now_s = _THINKING * self._habits.think_s * float(self._rng.lognormal(0, 0.45))
        hand.place = hand.start = self._place
        hand.reach(complex(aim["x"], aim["y"]), (aim["width"], aim["height"]))
        if aim["how"] == "click":
            hand.click()
        elif aim["how"] == "drag":
            to = aim["to"]
            hand.drag(complex(to["x"], to["y"]), (0.6 * to["width"], 0.6 * to["height"]))
        await self._move_as(hand)
        if self._unanswered:
            await asyncio.wait(self._unanswered)

    async def _move_as(self, hand: Hand) -> None:
        """Reports what the hand does to the browser, while it happens."""
        way = hand.start + np.cumsum(hand.steps)
        marks = sorted(hand.marks, key=lambda mark: mark.time_s)
        last = round(hand.now_s * TRACE_HZ)
        began = time.perf_counter()
        report = 0
        while True:
            now_s = time.perf_counter() - began
            while marks and marks[0].time_s <= now_s:
                self._held = marks.pop(0).kind == DOWN
                self._send("mousePressed" if self._held else "mouseReleased", button="left", clickCount=1)
            place = complex(way[min(round(now_s * TRACE_HZ), last)])
            place = complex(round(place.real), round(place.imag))
            if place != self._place:
                self._place = place
                self._send("mouseMoved", button="left" if self._held else "none")
            if now_s >= hand.now_s and not marks:
                return
            # The device's clock goes on whether or not the program was late.
            report = max(report, int(now_s * self._device.report_hz)) + 1
            await asyncio.sleep(max(0.0, report / self._device.report_hz - (time.perf_counter() - began)))

    def _send(self, kind: str, **more: Any) -> None:
        x, y, buttons = self._place.real, self._place.imag, int(self._held)
        event = {"type": kind, "x": x, "y": y, "buttons": buttons, **more}
        task = asyncio.create_task(self._cdp.send("Input.dispatchMouseEvent", event))
        self._unanswered.add(task)
        task.add_done_callback(self._unanswered.discard)
