"""A search head that serves, as its callers meet it: a process, HTTP on loopback, no browser."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from splunklib import client

from tests.browser.served import ROOT, Served

OWN = "/en-US/app/mousematch"
RAW = "/en-US/splunkd/__raw"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served") / "state", "--no-schedules") as served:
        yield served


def visitor(served: Served, user: str | None = "admin") -> httpx.Client:
    """A browser's requests, without a browser."""
    return httpx.Client(base_url=served.url, cookies=served.cookies(user) if user else None, headers=HTML)


def form_key(served: Served, user: str = "admin") -> dict[str, str]:
    return {"X-Splunk-Form-Key": served.cookies(user)[f"splunkweb_csrf_token_{served.port}"]}


# -- logging in -----------------------------------------------------------------------------------------------------------


def test_a_link_opens_one_session_and_the_next_link_is_printed(served: Served) -> None:
    link = served.login_url("analyst")

    first, second = httpx.get(link), httpx.get(link, headers=HTML)

    assert first.status_code == 303
    assert second.status_code == 403 and "has been used" in second.text
    assert httpx.get(served.login_url("analyst")).status_code == 303


def test_the_session_s_cookie_is_kept_from_scripts_and_other_sites(served: Served) -> None:
    response = httpx.get(served.login_url("analyst"))

    session, key = response.headers.get_list("set-cookie")
    assert session.startswith(f"splunkd_{served.port}=") and "HttpOnly" in session and "SameSite=strict" in session
    assert key.startswith(f"splunkweb_csrf_token_{served.port}=") and "HttpOnly" not in key and "SameSite=strict" in key


@pytest.mark.parametrize("ahead", ["HEAD", "prefetch"])
def test_looking_ahead_does_not_use_a_link_up(served: Served, ahead: str) -> None:
    link = served.login_url("operator")

    if ahead == "HEAD":
        httpx.head(link)
    else:
        httpx.get(link, headers={"Sec-Purpose": "prefetch"})

    assert httpx.get(link).status_code == 303


def test_a_wrong_key_opens_nothing(served: Served) -> None:
    response = httpx.get(f"{served.url}/login?key=guess")

    assert response.status_code == 403
    assert not response.headers.get_list("set-cookie")


@pytest.mark.parametrize("path", ["/", f"{OWN}/overview", f"{OWN}/search", f"{OWN}/playground", "/en-US/config"])
def test_pages_need_a_session(served: Served, path: str) -> None:
    response = httpx.get(served.url + path, headers=HTML)

    assert response.status_code == 401
    assert "not logged in" in response.text


def test_the_playground_s_token_needs_a_session(served: Served) -> None:
    response = httpx.get(f"{served.url}{OWN}/playground/config.json")

    assert response.status_code == 401
    assert served.hec_token not in response.text


def test_logging_out_ends_the_session_for_rest_too(served: Served) -> None:
    login = httpx.get(served.login_url("viewer"))
    cookies = dict(login.cookies)
    key = {"X-Splunk-Form-Key": cookies[f"splunkweb_csrf_token_{served.port}"]}

    with httpx.Client(base_url=served.url, cookies=cookies) as browser:
        refused = browser.post("/logout")
        ended = browser.post("/logout", headers=key)
        after = browser.get(f"{RAW}/services/server/info")

    assert (refused.status_code, ended.status_code, after.status_code) == (403, 204, 401)


# -- REST by cookie -------------------------------------------------------------------------------------------------------


def test_rest_knows_the_user_of_the_cookie(served: Served) -> None:
    with visitor(served, "analyst") as browser:
        context = browser.get(f"{RAW}/services/authentication/current-context?output_mode=json").json()

    assert context["entry"][0]["content"]["username"] == "analyst"


def test_a_change_without_the_form_key_is_refused(served: Served) -> None:
    with visitor(served) as browser:
        answers = [
            browser.post(f"{RAW}/services/search/jobs", data={"search": "| makeresults"}, headers=headers).status_code
            for headers in ({}, {"X-Splunk-Form-Key": "guess"}, form_key(served, "analyst"), form_key(served))
        ]

    assert answers == [403, 403, 403, 201]


def test_an_authorization_header_does_not_replace_the_cookie(served: Served) -> None:
    response = httpx.get(f"{served.url}{RAW}/services/server/info", headers={"Authorization": f"Splunk {served.key()}"})

    assert response.status_code == 401


def test_the_cookie_alone_opens_no_rest_outside_the_gate(served: Served) -> None:
    with visitor(served) as browser:
        assert browser.get("/services/server/info").status_code == 401


def test_splunklib_works_against_the_same_port(served: Served) -> None:
    token = f"Splunk {served.key()}"
    service = client.connect(scheme="http", host="127.0.0.1", port=served.port, token=token, app="mousematch")

    assert service.info["version"]
    assert "mousematch" in {app.name for app in service.apps}


# -- HEC ------------------------------------------------------------------------------------------------------------------


def test_an_event_sent_to_hec_is_found(served: Served) -> None:
    answer = served.send({"time": time.time(), "event": {"v": 1, "session": "hec-1"}})

    rows = served.search("index=mousematch session=hec-1 | stats count by sourcetype")

    assert answer.json()["code"] == 0
    assert rows == [{"sourcetype": "mousematch:telemetry", "count": "1"}]


def test_a_viewer_finds_nothing_in_the_internal_indexes(served: Served) -> None:
    assert served.search("index=_internal | stats count", user="viewer") == [{"count": "0"}]


# -- what every answer has ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "10.0.0.1"])
def test_a_foreign_host_name_is_refused(served: Served, host: str) -> None:
    response = httpx.get(f"{served.url}{OWN}/search", headers={"host": host}, cookies=served.cookies())

    assert response.status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9000", "[::1]:8000"])
def test_loopback_names_are_answered_on_any_port(served: Served, host: str) -> None:
    response = httpx.get(f"{served.url}{OWN}/search", headers={"host": host}, cookies=served.cookies())

    assert response.status_code == 200


def test_a_page_runs_no_scripts_but_the_search_head_s_own(served: Served) -> None:
    with visitor(served) as browser:
        headers = browser.get(f"{OWN}/search").headers

    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_the_collector_s_script_is_for_other_origins_too_and_pages_are_not(served: Served) -> None:
    script = httpx.get(f"{served.url}/en-US/static/app/mousematch/collector/mousematch.js")
    page = httpx.get(f"{served.url}/en-US/static/web/page.js")

    assert script.status_code == 200
    assert "cross-origin-resource-policy" not in script.headers
    assert page.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_file_that_the_browser_has_is_not_sent_again(served: Served) -> None:
    address = f"{served.url}/en-US/static/web/pages.css"

    first = httpx.get(address)
    second = httpx.get(address, headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, second.status_code) == (200, 304)
    assert first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["web/%2e%2e/pages.py", "app/mousematch/..%2f..%2fdefault/app.conf"])
def test_files_outside_of_their_folder_are_not_served(served: Served, path: str) -> None:
    assert httpx.get(f"{served.url}/en-US/static/{path}").status_code == 404


# -- pages ----------------------------------------------------------------------------------------------------------------


def test_a_page_that_is_not_there_says_so(served: Served) -> None:
    with visitor(served) as browser:
        page = browser.get(f"{OWN}/<script>alert(1)</script>")
        view = browser.get(f"{OWN}/nothing")

    assert page.status_code == view.status_code == 404
    assert "<script>alert(1)" not in page.text
    assert "has no view &#39;nothing&#39;" in view.text


def test_links_without_a_locale_lead_to_the_page(served: Served) -> None:
    with visitor(served) as browser:
        response = browser.get("/app/mousematch/session?form.session=a%20b&form.user=x")

    assert response.headers["location"] == f"{OWN}/session?form.session=a%20b&form.user=x"


def test_the_playground_is_told_where_to_send(served: Served) -> None:
    with visitor(served, "analyst") as browser:
        config = browser.get(f"{OWN}/playground/config.json").json()

    assert config["user"] == "analyst"
    assert config["hec"] == {"endpoint": "/services/collector/event", "token": served.hec_token}
    assert config["csrf_cookie"] == f"splunkweb_csrf_token_{served.port}"
    assert httpx.get(served.url + config["collector"]).status_code == 200


def test_a_view_that_the_role_may_not_read_is_refused_and_not_named(served: Served) -> None:
    meta = served.state / "metadata/local.meta"
    meta.parent.mkdir(exist_ok=True)
    meta.write_text("[views/overview]\naccess = read : [ admin ], write : [ admin ]\n")
    try:
        with visitor(served, "viewer") as browser:
            refused = browser.get(f"{OWN}/overview")
            other = browser.get(f"{OWN}/search")
    finally:
        meta.unlink()

    assert refused.status_code == 403
    assert "viewer (role user) may not read" in refused.text
    assert f'href="{OWN}/overview"' not in other.text


# -- the process ----------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "searchhead", "serve", "--port", str(port), "--state", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith(f"ERROR: Port {port} of 127.0.0.1 cannot be had")
    assert "make serve PORT=" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_user_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "searchhead", "serve", "--port", "0", "--state", str(tmp_path), "--user", "eve"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 1
    assert "No user is called 'eve'; there are admin, analyst, operator, viewer." in done.stderr


def test_an_interrupt_cancels_searches_and_ends_cleanly(tmp_path: Path) -> None:
    served = Served(tmp_path / "state", "--no-schedules")
    form = {"search": "| makeresults count=200000 | mouseencode", "output_mode": "json"}
    sid = served.head.post("/services/search/jobs", data=form).json()["sid"]
    started = time.monotonic()

    code = served.close()

    assert sid
    assert code == 0
    assert time.monotonic() - started < 20
    assert served.output[-1] == "Ended.\n"
    assert "Traceback" not in (tmp_path / "state/serve.stderr").read_text()


def test_events_and_the_token_outlive_a_restart(tmp_path: Path) -> None:
    with Served(tmp_path / "state", "--no-schedules") as served:
        served.send({"time": time.time(), "event": {"v": 1, "session": "kept"}})
        token = served.hec_token

    with Served(tmp_path / "state", "--no-schedules") as served:
        assert served.hec_token == token
        assert served.search("index=mousematch session=kept | stats count") == [{"count": "1"}]
