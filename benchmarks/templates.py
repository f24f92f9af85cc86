"""How large a template is in the KV store, and how long a search's look-up of many takes.

    python benchmarks/templates.py                 20,000 enrolled users (half a minute)
    python benchmarks/templates.py --users 100000

The look-ups are those of mousescore: batch_find through splunk-sdk, 500 keys a request, each template read. The store
is the embedded search head's (SQLite), so the times say what REST, JSON and reading cost; Splunk's own store adds its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import statistics
import time
from types import SimpleNamespace

from _search import COLLECTION, Namespace, Template, machine, model, search_head, template, to_document

from mousematch.splunk.kvstore import Collection
from mousematch.splunk.service import connect
from mousematch.splunk.templatestore import TemplateStore

BATCH = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000, help="enrolled users")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    print(machine())
    with search_head() as head:
        for dtype in ("<f4", "<f2"):
            document = json.dumps(to_document(template("user12345"), dtype=dtype), separators=(",", ":"))
            print(f"a template with {dtype} numbers: {len(document):,} bytes of JSON")
        where = Namespace("mousematch", COLLECTION, "nobody")
        for first in range(0, options.users, BATCH):
            numbers = range(first, min(first + BATCH, options.users))
            head.splunkd.store.save(where, [to_document(template(f"user{number}")) for number in numbers])
        with contextlib.closing(sqlite3.connect(head.state / "kvstore.sqlite")) as store:
            # What the file and the log beside it hold together.
            size = store.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
        server = head.splunkd.server
        search = SimpleNamespace(splunkd_uri=server.uri, session_key=server.session_key)
        for wanted in (1, 100, 500, 2_000):
            times = []
            for repetition in range(options.repetitions):
                store = TemplateStore(Collection(lambda: connect(search), COLLECTION), model().reference)
                users = {f"user{(37 * number + repetition) % options.users}" for number in range(wanted)}
                began = time.perf_counter()
                found = store.fetch(users)
                times.append(time.perf_counter() - began)
                if not all(isinstance(one, Template) for one in found.values()):
                    raise SystemExit("Not every user's template was found.")
            taken = statistics.median(times)
            each = 1e3 * taken / len(users)
            print(f"{len(users):>6,} templates of {options.users:,}: {1e3 * taken:8.1f} ms, {each:.2f} ms each")
    print(f"{options.users:,} templates in SQLite: {size / options.users:,.0f} bytes each")


if __name__ == "__main__":
    main()
