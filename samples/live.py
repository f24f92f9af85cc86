"""Fills a search head that is served with the sample: telemetry through HEC, templates, scores, alerts.

    make serve                                                     prints a link to log in with
    python -m samples.live "http://127.0.0.1:8000/login?key=…"     fills it, so that the dashboards have something to show

    sample ──▶ HEC ──▶ mouseenroll (sessions of the days before) ──▶ score ──▶ alert

The same on a Splunk: ``--url https://splunk:8089 --user admin --hec https://splunk:8088 --token …``; the password is asked
for, or taken from $SPLUNK_PASSWORD. What is searched is what the app's saved searches say, over the sample's time.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from samples import moved, terminal

APP = "mousematch"
SCORE = "Mouse Match - Score recent sessions"
ALERT = "Mouse Match - Alert - Somebody else moves the mouse"
ENROLL = "`mousematch_telemetry`\n| `mousematch_names`\n| mouseencode by tab\n| mouseenroll"
TOKEN_STANZA = "http://mousematch"
TIMEOUT_S = 600.0  # one search, on a machine that does other things too


class LiveError(Exception):
    """The search head did not do what it was asked to; a sentence with the remedy."""


@dataclass(frozen=True)
class Target:
    """A search head: ``rest`` answers below ``prefix``, ``hec`` is where events go, with this token."""

    rest: httpx.Client
    prefix: str
    hec: str
    token: str
    verify: bool = True

    def get(self, path: str) -> dict[str, Any]:
        """A REST answer. Raises LiveError."""
        return self._json(self.rest.get(self.prefix + path, params={"output_mode": "json", "count": "0"}))

    def search(self, text: str, *, earliest: str, latest: str) -> list[dict[str, Any]]:
        """The rows of a search. Raises LiveError."""
        form = {
            "search": text if text.lstrip().startswith(("|", "search ")) else f"search {text}",
            "exec_mode": "oneshot", "output_mode": "json", "count": "0",
            "earliest_time": earliest, "latest_time": latest,
        }  # fmt: skip
        answer = self._json(self.rest.post(f"{self.prefix}/servicesNS/nobody/{APP}/search/jobs", data=form))
        errors = [message["text"] for message in answer.get("messages", []) if message["type"] in ("ERROR", "FATAL")]
        if errors:
            raise LiveError(f"The search failed: {' '.join(errors)} It was: {text}")
        return answer.get("results", [])

    def saved_search(self, name: str) -> str:
        """What a saved search of the app searches. Raises LiveError."""
        path = f"/servicesNS/nobody/{APP}/configs/conf-savedsearches/{quote(name, safe='')}"
        return self.get(path)["entry"][0]["content"]["search"]

    def send(self, body: str) -> None:
        """Sends events to HEC. Raises LiveError."""
        answer = httpx.post(
            f"{self.hec}/services/collector/event",
            content=body.encode(),
            headers={"Authorization": f"Splunk {self.token}"},
            timeout=60,
            verify=self.verify,
        )
        if answer.status_code != 200:
            raise LiveError(
                f"HEC at {self.hec} answered {answer.status_code}: {answer.text[:300]}. Is the token right?"
            )

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 400:
            raise LiveError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()


def by_link(link: str, *, token: str = "") -> Target:
    """A search head that `make serve` runs, by one of the links that it prints; without a token by the one that it has.

    Raises LiveError.
    """
    parts = urlsplit(link)
    url = f"{parts.scheme}://{parts.netloc}"
    client = httpx.Client(base_url=url, timeout=TIMEOUT_S)
    answer = client.get(link, follow_redirects=False)
    if answer.status_code != 303:
        raise LiveError(f"The link {link} opens no session: each works once. Take the one that serve printed last.")
    client.headers["X-Splunk-Form-Key"] = client.cookies.get(f"splunkweb_csrf_token_{parts.port}", "")
    target = Target(client, "/en-US/splunkd/__raw", url, token)
    return target if token else Target(client, target.prefix, url, hec_token(target))


def by_password(url: str, user: str, password: str, *, hec: str, token: str, verify: bool) -> Target:
    """A Splunk, by its management port. Raises LiveError."""
    client = httpx.Client(base_url=url, timeout=TIMEOUT_S, verify=verify)
    form = {"username": user, "password": password, "output_mode": "json"}
    answer = client.post("/services/auth/login", data=form)
    if answer.status_code != 200:
        raise LiveError(f"{url} did not let {user} log in ({answer.status_code}). Is the password right?")
    client.headers["Authorization"] = f"Splunk {answer.json()['sessionKey']}"
    target = Target(client, "", hec, token, verify)
    return target if token else Target(client, "", hec, hec_token(target), verify)


def hec_token(target: Target) -> str:
    """The collector's token, as inputs.conf has it. Raises LiveError."""
    path = f"/servicesNS/nobody/{APP}/configs/conf-inputs/{quote(TOKEN_STANZA, safe='')}"
    try:
        token = target.get(path)["entry"][0]["content"].get("token", "")
    except LiveError:
        token = ""
    if not token:
        raise LiveError(f"This user sees no token under [{TOKEN_STANZA}] of inputs.conf; be admin, or give it with --token.")
    return token


def fill(target: Target, console: Console, *, sessions: Sequence[moved.Session], now_s: float, hours: float) -> None:
    """Sends, enrolls, scores, alerts; says on the console how far it is. Raises LiveError."""
    sessions = moved.move(sessions, now_s=now_s, hours=hours)
    events = sum(len(session.events) for session in sessions)
    with Progress(TextColumn("==> {task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as progress:
        sent = progress.add_task(f"{len(sessions)} sessions to HEC, events", total=events)
        for count, body in moved.hec_bodies(sessions):
            target.send(body)
            progress.advance(sent, count)

    with console.status("enrolling"):
        rows = target.search(ENROLL, earliest="-11d", latest=f"{now_s - 1.5 * 86_400:.0f}")
    enrolled = [row["user"] for row in rows if row.get("status") in ("enrolled", "updated")]
    console.print(f"==> {len(enrolled)} users enrolled: {', '.join(enrolled)}")
    if refused := [f"{row['user']} ({row['reason']})" for row in rows if row.get("status") == "refused"]:
        console.print(f"    refused: {'; '.join(refused)}", markup=False)

    with console.status("scoring"):
        scored = target.search(target.saved_search(SCORE), earliest=f"-{hours + 2:.0f}h", latest="+1d")
    verdicts = [row.get("match_verdict") for row in scored]
    told = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted({*verdicts}, key=str))
    console.print(f"==> {len(scored)} sessions scored: {told}")

    with console.status("alerting"):
        alerts = target.search(target.saved_search(ALERT), earliest=f"-{hours + 2:.0f}h", latest="+1d")
    console.print(f"==> {len(alerts)} alerts")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fills a search head. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m samples.live", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("link", nargs="?", help="a link that make serve has printed, of admin; of operator with --token")
    parser.add_argument("--url", help="a Splunk's management port in place of the link: https://splunk:8089")
    parser.add_argument("--user", default="admin", help="who logs in there (default: admin)")
    parser.add_argument("--hec", help="where HEC listens (default: --url with port 8088)")
    parser.add_argument("--token", default="", help="HEC token (default: the one of inputs.conf [http://mousematch])")
    parser.add_argument("--insecure", action="store_true", help="take any certificate, as of a Splunk just installed")
    parser.add_argument("--hours", type=float, default=20, help="the test sessions' time, up to now (default: 20)")
    options = parser.parse_args(arguments)
    if (options.link is None) == (options.url is None):
        parser.error("give a link that make serve has printed, or --url")
    console = terminal.console()
    try:
        if options.link:
            target = by_link(options.link, token=options.token)
        else:
            password = os.environ.get("SPLUNK_PASSWORD") or getpass.getpass(f"Password of {options.user}: ")
            hec = options.hec or options.url.rpartition(":")[0] + ":8088"
            target = by_password(
                options.url, options.user, password, hec=hec, token=options.token, verify=not options.insecure
            )
        with contextlib.closing(target.rest):
            fill(target, console, sessions=moved.read(), now_s=time.time(), hours=options.hours)
    except (LiveError, httpx.HTTPError) as exc:
        console.print(f"[bold red]{type(exc).__name__}[/]: {escape(str(exc))}", highlight=False)
        return 1
    console.print("The dashboards have something to show now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
