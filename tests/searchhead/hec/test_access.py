"""Who may send what to the collector, and from which pages."""

from __future__ import annotations

import pytest

from searchhead.hec import origins
from tests.searchhead.hec.serving import TOKEN

BODY = '{"event": "a"}'
QUERY_TOKEN = "22222222-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("authorization", "status", "code", "text"),
    [
        ("", 401, 2, "Token is required"),
        ("Splunk", 401, 2, "Token is required"),
        ("Bearer " + TOKEN, 401, 3, "Invalid authorization"),
        (TOKEN, 401, 3, "Invalid authorization"),
        ("Basic !!!", 401, 3, "Invalid authorization"),
        ("Splunk " + TOKEN[:-1], 403, 4, "Invalid token"),
        ("Splunk ünknown", 403, 4, "Invalid token"),
        ("Splunk 33333333-2222-3333-4444-555555555555", 403, 1, "Token disabled"),
    ],
)
def test_without_a_valid_token_nothing_is_stored(collector, authorization, status, code, text):
    headers = {"Authorization": authorization.encode()}
    assert collector.sent(BODY, headers=headers) == (status, {"text": text, "code": code})
    assert collector.stored() == []


def test_the_token_may_be_the_password_of_basic_authentication(collector):
    assert collector.sent(BODY, auth=("anybody", TOKEN))[0] == 200
    assert collector.stored() == ["a"]


def test_a_token_in_the_address_needs_to_be_allowed_and_counts_first(collector):
    path = "/services/collector/event?token="
    assert collector.sent(BODY, path + QUERY_TOKEN) == (200, {"text": "Success", "code": 0})
    assert collector.stored(index="main") == ["a"]
    not_enabled = (400, {"text": "Query string authorization is not enabled", "code": 16})
    assert collector.sent(BODY, path + TOKEN) == not_enabled
    assert collector.sent(BODY, path + "wrong") == (403, {"text": "Invalid token", "code": 4})


def test_the_host_is_the_senders_where_the_token_says_so(collector):
    headers = {"Authorization": f"Splunk {QUERY_TOKEN}"}
    collector.sent(BODY, headers=headers)
    collector.sent(BODY, headers={**headers, "X-Forwarded-For": "10.1.2.3, 10.9.9.9"})
    assert collector.stored("host", index="main") == ["127.0.0.1", "10.1.2.3"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/event", 405), ("PUT", "/event", 405), ("POST", "/unheard-of", 404), ("GET", "/ack", 405)],
)
def test_other_paths_and_methods_are_refused(collector, method, path, status):
    response = collector.client.request(method, f"/services/collector{path}", content=BODY)
    assert (response.status_code, response.json()["code"]) == (status, status)


def test_a_disabled_collector_is_not_there(serve):
    collector = serve(inputs=f"[http]\ndisabled = 1\n[http://web]\ntoken = {TOKEN}\n")
    assert collector.sent(BODY)[0] == 404


def test_a_page_of_an_allowed_origin_may_ask_and_send(collector):
    asked = {
        "Origin": "https://shop.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = collector.client.options("/services/collector/event", headers={**asked, "Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.org"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "POST" in answer.headers["access-control-allow-methods"]
    sent = collector.client.post("/services/collector", content=BODY, headers={"Origin": "https://shop.example.org"})
    assert sent.headers["access-control-allow-origin"] == "https://shop.example.org"
    refused = collector.client.post("/services/collector", headers={"Origin": "https://shop.example.org"})
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (400, True)


def test_a_page_of_another_origin_may_not_see_the_answer(collector):
    answer = collector.client.options("/services/collector", headers={"Origin": "https://evil.example.com"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("policy", "origin", "allowed"),
    [
        ("", "https://a.example.com", False),
        ("*", "null", True),
        ("*://app.example.com:*", "http://app.example.com:8000", True),
        ("*://app.example.com:*", "https://app.example.com", True),
        ("https://*.example.com", "https://example.com", True),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://evilexample.com", False),
        ("https://*.example.com", "http://a.example.com", False),
        ("https://a.example.com", "https://a.example.com:8443", False),
        ("https://a.example.com:443", "https://a.example.com", True),
        ("!*://evil.example.com:* *://*.example.com:*", "https://evil.example.com", False),
        ("!*://evil.example.com:*, *://*.example.com:*", "https://good.example.com", True),
        ("https://a.example.com", "https://a.example.com.evil.org", False),
        ("https://a.example.com", "https://A.example.com", True),
        ("http://[::1]:*", "http://[::1]:8000", True),
        ("*://*:*", "null", False),
        ("nonsense", "https://a.example.com", False),
        ("https://a.example.com", "https://a.example.com:notaport", False),
    ],
)
def test_origins_match_as_splunk_describes_them(policy, origin, allowed):
    assert origins.allowed(policy, origin) is allowed
