"""The REST side, called by splunklib itself over the loopback port."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import splunklib.client
from splunklib.binding import AuthenticationError, HTTPError

from searchhead.splunkd.kvstore import KVStore
from searchhead.splunkd.server import RestServer
from searchhead.table import Table
from tests.searchhead.splunkd.trial import TRIAL_APP, Commands


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RestServer]:
    store = KVStore(state / "kvstore.sqlite")
    server = RestServer(TRIAL_APP, "trial", state=state, store=store, user="ada")
    yield server
    server.close()
    store.close()


def _service(server: RestServer, key: str) -> splunklib.client.Service:
    uri = urlsplit(server.uri)
    return splunklib.client.Service(scheme=uri.scheme, host=uri.hostname, port=uri.port, app="trial", token=key)


@pytest.fixture
def service(server: RestServer) -> splunklib.client.Service:
    return _service(server, server.session_key)


def _body(call: object) -> object:
    return json.loads(call.body.read())  # type: ignore[attr-defined]


def test_documents_are_saved_found_changed_and_deleted(service: splunklib.client.Service) -> None:
    people = service.kvstore["trial_people"].data
    people.delete()

    keys = people.batch_save({"name": "Ada", "age": 36}, {"name": "Bob", "age": 7})
    people.update(keys[1], json.dumps({"name": "Bob", "age": 8}))
    people.insert(json.dumps({"_key": 'a/b "c" ü+$;', "name": "Cy"}))

    assert people.query(query={"age": {"$gte": 8}}, fields="name", sort="age:-1") == [{"name": "Ada"}, {"name": "Bob"}]
    assert people.query_by_id('a/b "c" ü+$;')["name"] == "Cy"
    assert people.batch_find({"query": {"name": "Cy"}}, {"query": {"name": "X"}})[1] == []
    people.delete_by_id(keys[0])
    people.delete(json.dumps({"name": "Bob"}))
    assert [document["name"] for document in people.query()] == ["Cy"]


def test_a_query_may_name_thousands_of_keys(service: splunklib.client.Service) -> None:
    people = service.kvstore["trial_people"].data
    people.batch_save(*({"_key": f"{number:024x}"} for number in range(1000)))

    found = people.query(query={"$or": [{"_key": f"{number:024x}"} for number in range(0, 4000, 2)]}, fields="_key")

    assert len(found) == 500
    people.delete()


def test_collections_are_those_of_collections_conf(service: splunklib.client.Service) -> None:
    assert "trial_people" in [collection.name for collection in service.kvstore]
    assert service.kvstore["trial_people"].content["field.age"] == "number"
    with pytest.raises(KeyError):
        service.kvstore["unknown"]

    service.kvstore.create("made_by_rest", fields={"n": "number"})
    service.kvstore["made_by_rest"].data.insert('{"n": 1}')
    service.kvstore["made_by_rest"].delete()
    assert "made_by_rest" not in [collection.name for collection in service.kvstore]


@pytest.mark.parametrize(
    ("status", "told", "call"),
    [
        (404, "Could not find object.", lambda data: data.query_by_id("nothing")),
        (400, "JSON in the request is invalid", lambda data: data.insert("{")),
        (400, "must be a JSON object", lambda data: data.insert("[]")),
        (400, "Unknown operator $in", lambda data: data.query(query={"a": {"$in": [1]}})),
        (400, "limit = many", lambda data: data.query(limit="many")),
        (400, "max_documents_per_batch_save=1000", lambda data: data.batch_save(*[{}] * 1001)),
        (413, "50", lambda data: data.insert(json.dumps({"x": "y" * 53_000_000}))),
    ],
)
def test_errors_come_as_json_messages(service: splunklib.client.Service, status: int, told: str, call) -> None:
    with pytest.raises(HTTPError) as caught:
        call(service.kvstore["trial_people"].data)

    (message,) = json.loads(caught.value.body)["messages"]
    assert caught.value.status == status
    assert message["type"] == "ERROR"
    assert told in message["text"]


def test_an_unknown_collection_and_another_app_are_not_found(service: splunklib.client.Service) -> None:
    for app, collection in (("trial", "nope"), ("other", "trial_people")):
        with pytest.raises(HTTPError) as caught:
            service.get(f"storage/collections/data/{collection}", owner="nobody", app=app, sharing="app")
        assert caught.value.status == 404


def test_conf_stanzas_are_read_changed_created_and_removed(service: splunklib.client.Service, state: Path) -> None:
    conf = service.confs["mousetrial"]
    assert conf["scorer"]["address"] == "unix"

    conf["scorer"].submit({"address": "http://host:8501", "note": "two\nlines"})
    conf.create("extra stanza", rows=7)

    fresh = service.confs["mousetrial"]
    assert (fresh["scorer"]["address"], fresh["scorer"]["timeout_s"]) == ("http://host:8501", "5")
    assert fresh["scorer"]["note"] == "two\nlines"
    assert fresh["extra stanza"]["rows"] == "7"
    assert "address = unix" in (TRIAL_APP / "default" / "mousetrial.conf").read_text()
    assert (state / "local" / "mousetrial.conf").is_file()
    fresh.delete("extra stanza")
    with pytest.raises(HTTPError, match="part of the app"):
        fresh.delete("limits")
    fresh.delete("scorer")
    assert service.confs["mousetrial"]["scorer"]["address"] == "unix"
    with pytest.raises(KeyError):
        service.confs["nosuchfile"]


def test_conf_stanzas_as_json(service: splunklib.client.Service) -> None:
    feed = _body(service.get("configs/conf-mousetrial", output_mode="json"))
    one = _body(service.get("configs/conf-mousetrial/limits", output_mode="json"))

    assert [entry["name"] for entry in feed["entry"]] == ["scorer", "limits"]  # type: ignore[index]
    assert one["entry"][0]["content"]["rows"] == "10"  # type: ignore[index]
    assert service.get("properties/mousetrial/limits/rows").body.read() == b"10"
    with pytest.raises(HTTPError) as caught:
        service.get("configs/conf-mousetrial/nope", output_mode="json")
    assert "Could not find object id=nope" in str(caught.value)


def test_splunkd_tells_its_version_the_user_and_the_app(service: splunklib.client.Service) -> None:
    assert service.splunk_version >= (9, 0)
    context = _body(service.get("authentication/current-context", output_mode="json"))
    assert context["entry"][0]["content"]["username"] == "ada"  # type: ignore[index]
    assert service.apps["trial"].content.label == "Trial commands"
    with pytest.raises(KeyError):
        service.apps["other"]


@pytest.mark.parametrize("authorization", [None, "Splunk wrong", "Basic YWRtaW46eA=="])
def test_a_call_without_the_session_key_is_refused(server: RestServer, authorization: str | None) -> None:
    uri = urlsplit(server.uri)
    connection = http.client.HTTPConnection(str(uri.hostname), uri.port)
    headers = {"Authorization": authorization} if authorization else {}
    connection.request("GET", "/servicesNS/nobody/trial/storage/collections/data/trial_people", headers=headers)
    response = connection.getresponse()

    assert response.status == 401
    assert json.loads(response.read())["messages"][0]["text"] == "call not properly authenticated"
    connection.close()
    with pytest.raises(AuthenticationError):
        _service(server, "wrong").confs["mousetrial"]


def test_a_map_process_finds_no_collections_on_its_indexer(server: RestServer) -> None:
    indexer = _service(server, server.indexer_session_key)

    with pytest.raises(KeyError):
        indexer.kvstore["trial_people"]
    assert indexer.info["server_roles"] == ["indexer"]


def test_a_command_reaches_all_this_through_the_sdk(server: RestServer, tmp_path: Path) -> None:
    commands = Commands(tmp_path)

    table: Table = commands.run("ask", uri=server.uri, key=server.session_key)

    answers = dict(zip(table.column("question"), table.column("answer")))
    assert answers["kvstore"] == "Ada"
    assert answers["conf"] == "5"
    assert answers["user"] == "admin"
    assert answers["argv"] == "[]"
    assert answers["SPLUNK_HOME"] == str(tmp_path / "splunk")
    assert answers["MOUSEMATCH_STATE"] == str(tmp_path)
    assert answers["PYTHONHOME"]
