"""The KV store on SQLite: what is acknowledged stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from searchhead.splunkd.errors import RestError
from searchhead.splunkd.kvstore import KVStore, Namespace

PEOPLE = Namespace("trial", "people")


@pytest.fixture
def store(tmp_path: Path) -> KVStore:
    return KVStore(tmp_path / "kvstore.sqlite")


def test_documents_come_back_with_key_and_owner(store: KVStore) -> None:
    key = store.insert(PEOPLE, {"name": "Ünï", "v": [1, {"x": None}]})

    assert store.get(PEOPLE, key) == {"name": "Ünï", "v": [1, {"x": None}], "_user": "nobody", "_key": key}


def test_owners_apps_and_collections_do_not_see_each_other(store: KVStore) -> None:
    store.insert(PEOPLE, {"_key": "k"})

    for other in (Namespace("trial", "people", "bob"), Namespace("trial", "pets"), Namespace("else", "people")):
        assert store.query(other, {}) == []


def test_a_key_can_be_inserted_once_and_replaced_when_it_exists(store: KVStore) -> None:
    store.insert(PEOPLE, {"_key": "k", "a": 1, "b": 2})

    with pytest.raises(RestError, match="same key") as caught:
        store.insert(PEOPLE, {"_key": "k"})
    store.replace(PEOPLE, "k", {"a": 3})

    assert caught.value.status == 409
    assert store.get(PEOPLE, "k") == {"a": 3, "_user": "nobody", "_key": "k"}
    with pytest.raises(RestError, match="Could not find object"):
        store.replace(PEOPLE, "other", {})


def test_batches_are_all_or_nothing_and_limited_to_1000_documents(store: KVStore) -> None:
    store.insert(PEOPLE, {"_key": "old", "v": 1})

    keys = store.batch_save(PEOPLE, [{"_key": "old", "v": 2}, {"v": 3}])
    with pytest.raises(RestError, match="max_documents_per_batch_save=1000"):
        store.batch_save(PEOPLE, [{}] * 1001)
    with pytest.raises(TypeError):
        store.batch_save(PEOPLE, [{"v": 4}, {"v": object()}])

    assert keys[0] == "old"
    assert [document["v"] for document in store.query(PEOPLE, {})] == [2, 3]


def test_queries_with_sort_skip_limit_and_keys(store: KVStore) -> None:
    store.batch_save(PEOPLE, [{"_key": str(n), "n": n, "odd": "yes" if n % 2 else "no"} for n in range(10)])

    found = store.query(PEOPLE, {"odd": "yes"}, sort="n:-1", skip=1, limit=2, fields="n")
    by_key = store.query(PEOPLE, {"$or": [{"_key": "3"}, {"_key": "7"}, {"_key": "x"}]})

    assert found == [{"n": 7}, {"n": 5}]
    assert [document["n"] for document in by_key] == [3, 7]


@pytest.mark.parametrize("key", ["a", "a\0b", "\0", '"', "\u00fe", "a b"])
def test_keys_alone_find_what_conditions_find(store: KVStore, key: str) -> None:
    store.save(PEOPLE, [{"_key": name, "n": 1} for name in ("a", "b", "c", "\u00fe", "a b", '"')])
    queries: list[dict] = [{"_key": key}, {"$or": [{"_key": key}, {"_key": "b"}, {"_key": "b"}, {"_key": "none"}]}]

    for query in queries:
        assert store.query(PEOPLE, query) == store.query(PEOPLE, {"$and": [query]})


def test_text_conditions_find_elements_of_arrays_too(store: KVStore) -> None:
    store.batch_save(PEOPLE, [{"tag": ["a", "b"]}, {"tag": "a"}, {"tag": "c"}, {"other": "a"}])

    assert len(store.query(PEOPLE, {"tag": "a"})) == 2


def test_deleting_by_query_and_by_key(store: KVStore) -> None:
    store.batch_save(PEOPLE, [{"_key": str(n), "n": n} for n in range(5)])

    assert store.delete(PEOPLE, {"n": {"$gt": 2}}) == 2
    store.delete_key(PEOPLE, "0")

    assert [document["n"] for document in store.query(PEOPLE, {})] == [1, 2]
    with pytest.raises(RestError):
        store.delete_key(PEOPLE, "0")


def test_threads_and_further_openings_write_at_once(store: KVStore, tmp_path: Path) -> None:
    def write(writer: int) -> None:
        mine = KVStore(tmp_path / "kvstore.sqlite") if writer % 2 else store
        for number in range(20):
            mine.insert(PEOPLE, {"writer": writer, "number": number})

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.query(PEOPLE, {})) == 80


_WRITES_FOREVER = """
import sys
from pathlib import Path
from searchhead.splunkd.kvstore import KVStore, Namespace
store = KVStore(Path(sys.argv[1]))
number = 0
while True:
    store.batch_save(Namespace("trial", "people"), [{"_key": f"{number}.{part}", "x": "y" * 1000} for part in range(50)])
    print(number, flush=True)
    number += 1
"""


def test_a_killed_search_head_keeps_every_acknowledged_batch_and_no_half_one(tmp_path: Path) -> None:
    path = tmp_path / "kvstore.sqlite"
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITES_FOREVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(5)][-1]

    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()

    batches: dict[str, int] = {}
    for document in KVStore(path).query(PEOPLE, {}):
        batch = document["_key"].split(".")[0]
        batches[batch] = batches.get(batch, 0) + 1
    assert all(str(number) in batches for number in range(acknowledged + 1))
    assert set(batches.values()) == {50}


def test_a_database_that_cannot_be_opened_is_answered_503(tmp_path: Path) -> None:
    (tmp_path / "kvstore.sqlite").write_bytes(b"no database at all" * 100)

    with pytest.raises(RestError, match="KV Store is not usable") as caught:
        KVStore(tmp_path / "kvstore.sqlite")
    assert caught.value.status == 503


def test_a_full_disk_fails_the_write_and_keeps_what_was_there(store: KVStore) -> None:
    store.insert(PEOPLE, {"_key": "kept"})
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own way to a full disk

    with pytest.raises(RestError, match="full"):
        store.batch_save(PEOPLE, [{"x": "y" * 5_000} for _ in range(100)])

    assert [document["_key"] for document in store.query(PEOPLE, {})] == ["kept"]
