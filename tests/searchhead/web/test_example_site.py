"""The example site: it says whose points they are, and lets nothing else through to the event collector."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from searchhead.web.example_site import MAX_BODY, ExampleSite

COLLECTOR = Path(__file__).resolve().parents[3] / "appserver" / "static" / "collector"
BATCH = {"v": 1, "session": "mine", "user": "mallory", "start": 1000, "points": {"dt": [0], "x": [1], "y": [2]}}


@dataclass
class Hec:
    """Takes what it is sent, as the event collector does."""

    asked: list[tuple[str, str, list[Any]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        events = [json.loads(line) for line in (await request.body()).splitlines()]
        self.asked.append((scope["path"], request.headers["authorization"], events))
        await JSONResponse({"text": "Success", "code": 0})(scope, receive, send)


@pytest.fixture
def hec() -> Hec:
    return Hec()


@pytest.fixture
def client(hec: Hec) -> TestClient:
    site = Mount("/site", ExampleSite(hec, lambda: "t-1").app(COLLECTOR))
    return TestClient(Starlette(routes=[site]), base_url="http://127.0.0.1", follow_redirects=False)


def sign_in(client: TestClient, name: str = "alice") -> None:
    response = client.post("/site/sign-in", data={"user": name})
    assert (response.status_code, response.headers["location"]) == (303, "accounts.html")


def send(client: TestClient, *events: Any) -> Any:
    return client.post("/site/events", content="\n".join(map(json.dumps, events)))


def test_user_and_session_are_those_of_who_has_signed_in(client: TestClient, hec: Hec):
    sign_in(client)

    response = send(client, {"time": 1.0, "event": BATCH, "index": "main", "host": "h"}, {"time": 2.0, "event": BATCH})

    assert response.json() == {"text": "Success", "code": 0}
    ((path, authorization, events),) = hec.asked
    assert (path, authorization) == ("/services/collector/event", "Splunk t-1")
    session = events[0]["event"]["session"]
    assert session.startswith("bank-") and session.removeprefix("bank-") != client.cookies["harbour_bank"]
    assert events == [{"time": time, "event": {**BATCH, "user": "alice", "session": session}} for time in (1.0, 2.0)]


def test_two_people_have_two_sessions(client: TestClient, hec: Hec):
    for name in ("alice", "bob"):
        sign_in(client, name)
        send(client, {"event": BATCH})

    (_, _, first), (_, _, second) = hec.asked
    assert (first[0]["event"]["user"], second[0]["event"]["user"]) == ("alice", "bob")
    assert first[0]["event"]["session"] != second[0]["event"]["session"]


@pytest.mark.parametrize("cookie", [None, "made-up"])
def test_nothing_is_kept_of_who_has_not_signed_in(client: TestClient, hec: Hec, cookie: str | None):
    if cookie:
        client.cookies.set("harbour_bank", cookie)

    assert send(client, {"event": BATCH}).status_code == 204
    assert hec.asked == []


def test_nothing_is_kept_after_signing_out(client: TestClient, hec: Hec):
    sign_in(client)
    cookie = client.cookies["harbour_bank"]

    client.post("/site/sign-out")
    client.cookies.set("harbour_bank", cookie)

    assert client.get("/site/who").text == ""
    assert send(client, {"event": BATCH}).status_code == 204
    assert hec.asked == []


@pytest.mark.parametrize(
    "body", ['{"event": {"v"', "[]", "7", '{"time": 1}', '{"event": "text"}', "x", "[" * 60_000, b"\xff\xfe"]
)
def test_what_is_no_batch_is_refused(client: TestClient, hec: Hec, body: str | bytes):
    sign_in(client)

    response = client.post("/site/events", content=body)

    assert response.status_code == 400
    assert response.text.startswith("This is no batch of the collector: ")
    assert hec.asked == []


def test_more_than_the_collector_sends_at_once_is_refused(client: TestClient, hec: Hec):
    sign_in(client)

    assert client.post("/site/events", content=b" " * (MAX_BODY + 1)).status_code == 413
    assert hec.asked == []


def test_every_answer_has_the_strict_policy(client: TestClient):
    paths = ("", "index.html", "bank.js", "collector/mousematch.js", "who", "missing")
    policies = {client.get(f"/site/{path}").headers["content-security-policy"] for path in paths}

    (policy,) = policies
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_a_name_is_only_a_name(client: TestClient, hec: Hec):
    name = '<script>alert(1)</script>"'
    sign_in(client, name)

    response = client.get("/site/who")

    assert response.text == name
    assert response.headers["content-type"].startswith("text/plain")


def test_a_name_of_spaces_is_none(client: TestClient):
    assert client.post("/site/sign-in", data={"user": "  "}).headers["location"] == "index.html"
    assert client.post("/site/sign-in").headers["location"] == "index.html"
