"""How long a dashboard takes until its first panel shows, with so many scored sessions in the summary.

The search head runs as `make serve` runs it, and Chromium opens the view as an analyst does, several times. The first panel
shows when its first number or table is drawn; all of them when no search runs any more. Needs `make studio` and chromium.

    .venv/bin/python -m benchmarks.dashboards --sessions 10000
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.browser.served import ROOT, Served
from tests.browser.views import listen, wait_for_view

TARGET_S = 2.0
_FIRST = """() => [...document.querySelectorAll('#dashboard [data-test="major-value"], #dashboard td')]
  .some((element) => element.textContent.trim())"""
_MAKE = """| makeresults count={count}
| streamstats count AS n
| eval user="user".(n % 500), session="s-".n, tab="t".n, end=now()-(n * 80000 / {count}), start=end-90, _time=end
| eval match_llr=round((random() % 1200) / 100 - 4, 4), match_score=round(1/(1+exp(-match_llr)), 6), match_threshold=0.5
| eval match_verdict=if(match_score<0.5, "mismatch", "match"), risk_score=if(match_score<0.5, 60, 0)
| eval active_s=75, points=3000, dropped=0, windows=6, match_evidence_s=72.5, match_far=0.05, match_frr=0.05
| eval scored_at=now(), match_model="base/2", match_policy="default", match_bot=0.1
| eval viewport="1920x969", dpr=1, pointer="mouse", pages="/inbox"
| `mousematch_keys`
| fields - n
| collect `mousematch_summary_index` source="mousematch_scores"
| stats count"""


def measure(view: str, *, sessions: int, runs: int) -> dict[str, list[float]]:
    """Seconds until the first panel and until all are drawn, of each run."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None or not (ROOT / "build/studio/public").is_dir():
        sys.exit("The dashboards' benchmark needs chromium (apt-get install chromium) and make studio.")
    times: dict[str, list[float]] = {"first panel": [], "all panels": []}
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder) / "state", "--no-schedules") as served:
        served.search(_MAKE.format(count=sessions))
        (found,) = served.search("`mousematch_scored` | stats count", earliest="-2d")
        assert int(found["count"]) == sessions, found
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium)
            context = browser.new_context(base_url=served.url, viewport={"width": 1440, "height": 900})
            cookies = served.cookies("analyst")
            context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
            for _ in range(runs + 1):  # the first one also fills the browser's cache
                page = listen(context.new_page())
                started = time.perf_counter()
                page.goto(f"/en-US/app/mousematch/{view}?form.unused={random.random()}")
                page.wait_for_function(_FIRST, timeout=120_000)
                times["first panel"].append(time.perf_counter() - started)
                wait_for_view(page, timeout_s=120)
                times["all panels"].append(time.perf_counter() - started)
                page.close()
            browser.close()
    return {what: seconds[1:] for what, seconds in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboards", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--sessions", type=int, default=10_000, help="scored sessions of the last day (default: 10,000)"
    )
    parser.add_argument("--view", default="overview", help="the view (default: overview)")
    parser.add_argument("--runs", type=int, default=5, help="how often it is opened (default: 5)")
    options = parser.parse_args()
    for what, seconds in measure(options.view, sessions=options.sessions, runs=options.runs).items():
        told = f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
        print(f"{options.view} with {options.sessions:,} scored sessions, {what}: {told}")


if __name__ == "__main__":
    main()
