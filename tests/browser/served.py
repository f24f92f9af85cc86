"""A search head that serves, as a process of its own with a state folder of its own.

with Served(tmp_path / "state") as served:
    served.search("| makeresults", user="analyst")
"""

from __future__ import annotations

import json
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
_LINK = re.compile(r"^\s+(\S+)\s+(http://\S+/login\?key=\S+)$")
_ADDRESS = re.compile(r"is served at (http://\S+)\. ")
_TOKEN = re.compile(r"^HEC\s.*token (\S+)$")


class Served:
    """The process. ``url``: http://127.0.0.1:port; ``hec_token``: the collector's; ``head``: REST as admin."""

    def __init__(self, state: Path, *arguments: str, app: Path = ROOT) -> None:
        """Starts it on a free port. ``arguments`` are further ones of the command line."""
        self.state = state
        self.output: list[str] = []
        self._links: defaultdict[str, queue.Queue[str]] = defaultdict(queue.Queue)
        self._sessions: dict[str, dict[str, str]] = {}
        self._told: queue.Queue[str] = queue.Queue()
        state.mkdir(parents=True, exist_ok=True)
        self._stderr = (state / "serve.stderr").open("w+")
        command = [sys.executable, "-m", "searchhead", "serve", "--port", "0", "--app", str(app), "--state", str(state)]
        self.process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=self._stderr, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._wait_for(_ADDRESS)
        self.port = int(self.url.rpartition(":")[2])
        self.hec_token = self._wait_for(_TOKEN)
        self._wait_for(re.compile(r"^(State)"))
        self.head = self.rest()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> int:
        """Ends it as Ctrl-C does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._stderr.close()

    @property
    def stderr(self) -> str:
        """What it has written to stderr."""
        return (self.state / "serve.stderr").read_text()

    def login_url(self, user: str = "admin") -> str:
        """A link that nobody has used yet. Using it makes the process print the next one."""
        return self._links[user].get(timeout=START_S)

    def cookies(self, user: str = "admin") -> dict[str, str]:
        """The cookies of a session of the user; the same one each time."""
        if user not in self._sessions:
            response = httpx.get(self.login_url(user), follow_redirects=False)
            assert response.status_code == 303, response.text
            self._sessions[user] = dict(response.cookies)
        return dict(self._sessions[user])

    def key(self, user: str = "admin") -> str:
        """A session key for REST."""
        return self.cookies(user)[f"splunkd_{self.port}"]

    def rest(self, user: str = "admin") -> httpx.Client:
        """A client for ``/services…`` of this user."""
        headers = {"Authorization": f"Splunk {self.key(user)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def search(
        self, text: str, *, user: str = "admin", earliest: str = "0", latest: str = "now"
    ) -> list[dict[str, Any]]:
        """The rows of a search."""
        form = {
            "search": text, "exec_mode": "oneshot", "output_mode": "json", "count": "0",
            "earliest_time": earliest, "latest_time": latest,
        }  # fmt: skip
        with self.rest(user) as client:
            response = client.post("/services/search/jobs", data=form)
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def send(self, *events: Mapping[str, Any], token: str | None = None) -> httpx.Response:
        """Sends events to HEC, each {"event": …, "time": …, …}."""
        body = "".join(json.dumps(event) for event in events)
        headers = {"Authorization": f"Splunk {token or self.hec_token}"}
        return httpx.post(f"{self.url}/services/collector/event", content=body, headers=headers, timeout=60)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line)
            if match := _LINK.match(line.rstrip("\n")):
                self._links[match[1]].put(match[2])
            self._told.put(line)
        self._told.put("")

    def _wait_for(self, pattern: re.Pattern[str]) -> str:
        while True:
            try:
                line = self._told.get(timeout=START_S)
            except queue.Empty:
                raise AssertionError(f"serve has not said {pattern.pattern!r} in {START_S:.0f} s: {self.output}") from None
            if match := pattern.search(line.rstrip("\n")):
                return match[1]
            if not line:
                raise AssertionError(f"serve has ended: {''.join(self.output)}{self.stderr}")
