"""The template store over splunkd's REST interface, through splunklib."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mousematch.errors import StoreError
from mousematch.splunk.kvstore import FIND_KEYS, SAVE_DOCUMENTS, Collection, batches
from mousematch.splunk.service import connect
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import COLLECTION
from tests.commands.splunkd import Splunkd, one_answer, splunkd
from tests.mousematch.splunk.axes import template


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Splunkd]:
    with splunkd(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def collection(head: Splunkd) -> Collection:
    service = connect(head.search)
    service.delete(f"storage/collections/data/{COLLECTION}")
    return Collection(lambda: service, COLLECTION)


def test_saved_documents_are_found_by_key_and_others_are_left_out(collection: Collection) -> None:
    assert collection.save([{"_key": "a", "user": "x"}, {"_key": "b", "user": "y"}]) == {}

    found = collection.find(["b", "c", "b"])

    assert set(found) == {"b"} and found["b"]["user"] == "y"


def test_more_keys_and_documents_than_the_limits_allow_go_in_pieces(collection: Collection) -> None:
    count = max(SAVE_DOCUMENTS, FIND_KEYS) + 3
    assert collection.save([{"_key": f"k{number}", "user": str(number)} for number in range(count)]) == {}

    found = collection.find(f"k{number}" for number in range(count))

    assert len(found) == count


def test_a_query_pages_up_to_its_limit(collection: Collection) -> None:
    collection.save([{"_key": f"k{number}", "model": "m" if number % 2 else "n"} for number in range(20)])

    assert [document["_key"] for document in collection.query({"model": "m"}, limit=3)] == ["k1", "k11", "k13"]
    assert len(collection.query({"model": "m"}, limit=500)) == 10


def test_batches_keep_the_order_and_both_limits() -> None:
    small = [{"_key": str(number)} for number in range(SAVE_DOCUMENTS + 1)]
    large = [{"_key": str(number), "text": "x" * 3_000_000} for number in range(5)]

    assert [len(batch) for batch in batches(small)] == [SAVE_DOCUMENTS, 1]
    assert [len(batch) for batch in batches(large)] == [2, 2, 1]
    assert [document for batch in batches(large) for document in batch] == large


@pytest.mark.parametrize("user", ["alice", 'a"b', "$;$x$", "line\nbreak", "Þórður 你好 🐭", "../x", "a" * 5_000, " "])
def test_a_template_comes_back_for_any_user_name(collection: Collection, user: str) -> None:
    assert TemplateStore(collection, "base/1").save([template(user, 2)]) == {}

    found = TemplateStore(collection, "base/1").fetch([user, "nobody else"])

    assert found["nobody else"] is None
    assert found[user].user == user and found[user].embedding.tolist() == [0, 0, 1, 0]  # type: ignore[union-attr]
    assert TemplateStore(collection, "base/2").fetch([user]) == {user: None}


def test_a_missing_collection_is_named_with_a_remedy(head: Splunkd) -> None:
    with pytest.raises(StoreError, match="collection nothing does not exist.*KV store is enabled"):
        Collection(lambda: connect(head.search), "nothing").find(["a"])


def test_a_wrong_session_key_is_refused(head: Splunkd) -> None:
    stranger = SimpleNamespace(splunkd_uri=head.server.uri, session_key="wrong")

    with pytest.raises(StoreError, match="session key"):
        Collection(lambda: connect(stranger), COLLECTION).find(["a"])


def test_a_batch_that_is_rejected_is_reported_for_its_keys(head: Splunkd) -> None:
    failed = Collection(lambda: connect(head.search), "nothing").save([{"_key": "a"}, {"_key": "b"}])

    assert set(failed) == {"a", "b"} and "does not exist" in str(failed["a"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "is not ready"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "may not be used by this user"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "cannot be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "cannot be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[[[1]]]", "cannot be read"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (None, "did not answer in time"),
    ],
)
def test_whatever_answers_in_splunkds_place_is_a_store_error(answer: bytes | None, words: str) -> None:
    with one_answer(answer) as url:
        service = connect(SimpleNamespace(splunkd_uri=url, session_key="key"), timeout_s=0.3)
        with pytest.raises(StoreError, match=words):
            Collection(lambda: service, COLLECTION).find(["a"])


@pytest.mark.parametrize(
    "searchinfo", [{}, {"splunkd_uri": "", "session_key": "k"}, {"splunkd_uri": "https://[bad", "session_key": "k"}]
)
def test_a_search_without_splunkd_is_told_so(searchinfo: dict[str, Any]) -> None:
    with pytest.raises(StoreError):
        connect(SimpleNamespace(**searchinfo))
