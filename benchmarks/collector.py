"""How much of a page's main thread the browser collector takes while the mouse moves, and how large it is.

    python benchmarks/collector.py                 5 s a figure
    python benchmarks/collector.py --seconds 20

Chromium traces itself: the figure is the processor time of the main thread in the collector's functions and all that they
call, tracing's own cost included, over the time that the mouse moved. Mouse reports come at 125 a second (an ordinary
mouse) and 1,000 (a gaming one). The peer is a listener that does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(APP)]

GOAL = 0.01
HERTZ = (125, 1000)
NOTHING = "() => addEventListener('pointermove', () => {}, { capture: true, passive: true })"


@dataclass(frozen=True)
class Measured:
    """share: of the main thread. calls: how often it was called. points: recorded; reports: of the mouse."""

    share: float
    calls: int
    points: int
    reports: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of movement, for each figure")
    seconds = parser.parse_args().seconds
    for path in sorted((APP / "appserver/static/collector").iterdir()):
        print(f"{path.name:16} {len(gzip.compress(path.read_bytes())):6,} bytes gzipped")
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; on Debian: apt-get install chromium.")
    for hertz in HERTZ:
        alone, collector = (asyncio.run(measure(chromium, hertz, seconds, collect=which)) for which in (False, True))
        print(
            f"{hertz:5,} reports/s  {collector.share:6.2%} of the main thread in {collector.calls:,} calls, "
            f"{collector.points:,} of {collector.reports:,} reports recorded; doing nothing {alone.share:.2%} "
            f"in {alone.calls:,} calls; goal < {GOAL:.0%}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        )


async def measure(chromium: str, hertz: float, seconds: float, *, collect: bool = True) -> Measured:
    """What the collector takes of a page's main thread; with collect=False a listener that does nothing in its place."""
    from playwright.async_api import async_playwright

    from tests.browser.collector.endpoint import Site

    site = Site() if collect else Site(tag="")
    site.start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, headless=True)
            page = await browser.new_page()
            await page.goto(site.url)
            if not collect:
                await page.evaluate(NOTHING)
            mouse = await page.context.new_cdp_session(page)
            await browser.start_tracing(page=page, categories=["devtools.timeline"])
            start = time.monotonic()
            reports = await _move(mouse, hertz, seconds)
            elapsed = time.monotonic() - start
            events = json.loads(await browser.stop_tracing())["traceEvents"]
            points = (await page.evaluate("MouseMatch.counters"))["recorded"] if collect else 0
            await browser.close()
    finally:
        site.stop()
    # The page has no other script.
    calls = [event["tdur"] for event in events if event["name"] in ("FunctionCall", "RunMicrotasks") and "tdur" in event]
    return Measured(sum(calls) / 1e6 / elapsed, len(calls), points, reports)


async def _move(mouse: Any, hertz: float, seconds: float) -> int:
    """Moves the mouse without waiting for the page, as a hand does; the number of reports."""
    start, count, sent = time.monotonic(), 0, []
    while (elapsed := time.monotonic() - start) < seconds:
        while count < elapsed * hertz:
            count += 1
            move = {"type": "mouseMoved", "x": 50 + count % 390, "y": 50 + count % 400}
            sent.append(asyncio.ensure_future(mouse.send("Input.dispatchMouseEvent", move)))
        await asyncio.sleep(0.002)
    await asyncio.gather(*sent)
    return count


if __name__ == "__main__":
    main()
