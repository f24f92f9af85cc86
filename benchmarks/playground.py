"""How long after the mouse the playground's score is shown, and where that time goes.

    python benchmarks/playground.py                 40 s of scored movement
    python benchmarks/playground.py --seconds 120

A search head serves, Chromium shows the playground, and a person of the sample has the mouse (125 reports a second). The
lag of a window is from its last point until its score is on the page: the collector's batch, HEC's commit, the rest of a
search that was under way, and the search. The parts below it are the same searches over REST, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(APP), str(APP / "bin")]

from samples.people import person  # noqa: E402
from samples.player import Player  # noqa: E402
from tests.browser.served import Served  # noqa: E402

GOAL_S = 1.0  # after a window's last point
ENROLLMENT = "[enrollment]\nmin_active_s = 15\nmin_windows = 2\n"
VIEWPORT = {"width": 1400, "height": 900}
RUNS = 7

_MEASURED = """() => {
    const took = (part) => performance.getEntriesByType("resource").filter((each) => each.name.includes(part))
        .map((each) => each.duration / 1000);
    const session = playground.sessions.at(-1);
    return {session: session.id, lags_s: session.lags_ms.map((lag) => lag / 1000), scorings: session.scorings.length,
        hec_s: took("/services/collector"), search_s: took("/search/jobs")};
}"""


async def watch(served: Served, seconds: float) -> dict[str, Any]:
    """What the page has measured while somebody was scored for so many seconds."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True)
        context = await browser.new_context(base_url=served.url, viewport=VIEWPORT)
        cookies = served.cookies().items()
        await context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies])
        page = await context.new_page()
        await page.goto("/en-US/app/mousematch/playground")
        await page.wait_for_selector("html[data-ready]")
        await page.fill("#name", "ada")
        await page.click("#begin-enroll")
        size = (VIEWPORT["width"], VIEWPORT["height"])
        device = replace(person(11).device, pointer="mouse", report_hz=125.0, viewport_px=size, swipe_px=2400.0)
        player = Player(page, person(11).at(device))
        if not await player.play(120, until=lambda: page.evaluate("() => playground.sessions.length > 0")):
            raise SystemExit(f"Nobody was enrolled: {await page.inner_text('#problem')}")
        await page.evaluate("() => performance.clearResourceTimings()")
        await page.evaluate("() => performance.setResourceTimingBufferSize(5000)")
        await player.play(seconds)
        measured: dict[str, Any] = await page.evaluate(_MEASURED)
        await browser.close()
    return measured


def parts(served: Served, session: str) -> list[tuple[str, float]]:
    """Searches that do more and more of the playground's one: (what, median seconds)."""
    events = f'search `mousematch_telemetry` session="{session}"'
    encoded = f"{events} | `mousematch_names` | mouseencode by tab"
    searches = (
        ("a search that does nothing", "| makeresults"),
        ("… finds the session's events", f"{events} | stats count"),
        ("… mouseencode draws its windows", encoded),
        ("… mousescore compares them", f"{encoded} | mousescore"),
        ("… by the policy of the user's group: the playground's search", f"{encoded} | `mousematch_score_by_policy`"),
    )
    found = []
    for what, text in searches:
        took = []
        for _ in range(RUNS):
            began = time.perf_counter()
            served.search(text)
            took.append(time.perf_counter() - began)
        found.append((what, statistics.median(took)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0, help="how long to play (default: 40)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        (state / "local").mkdir()
        (state / "local" / "mousematch.conf").write_text(ENROLLMENT)
        with Served(state, "--no-schedules") as served:
            measured = asyncio.run(watch(served, options.seconds))
            searches = parts(served, measured["session"])
    lags = sorted(measured["lags_s"])
    if not lags:
        raise SystemExit("No window became full; play for longer.")
    print(f"load of the machine (1 min) {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{len(lags)} full windows, {measured['scorings']} scorings in {options.seconds:.0f} s")
    print(
        f"lag of a window's score     median {statistics.median(lags):.2f} s, highest {lags[-1]:.2f} s (goal {GOAL_S} s)"
    )
    for name, key in (("HEC's answer", "hec_s"), ("a search", "search_s")):
        took = sorted(measured[key])
        print(f"{name:28}median {statistics.median(took):.3f} s, highest {took[-1]:.3f} s of {len(took)}")
    before = 0.0
    for what, took in searches:
        print(f"  {took:6.3f} s  {took - before:+.3f}  {what}")
        before = took


if __name__ == "__main__":
    main()
