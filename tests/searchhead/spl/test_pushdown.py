"""What the indexes are asked never loses an event that the search means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from searchhead import spl
from searchhead.spl import EventQuery
from searchhead.table import Table
from tests.searchhead.spl.memory_indexes import MemoryIndexes

WORDS = st.sampled_from(["alice", "bob", "Alice", "al", "x-1", "5", "5.0", "123456", "größe", "a b", "s/1", 'q"t'])
QUOTED = WORDS.map(lambda word: '"' + word.replace('"', '\\"') + '"')
VALUES = QUOTED | st.sampled_from(["al*", "*b*", "*"])
FIELDS = st.sampled_from(["user", "n", "index", "sourcetype", "host", "kind", "made", "eventtype", "nosuch"])
TERMS = st.recursive(
    st.tuples(FIELDS, st.sampled_from(["=", "!=", "<"]), VALUES).map("".join)
    | VALUES
    | st.tuples(FIELDS, VALUES).map(lambda pair: f"{pair[0]} IN ({pair[1]}, main)")
    | st.sampled_from(["earliest=100", "latest=200", "eventtype=ofbob", "index=web", "index=*", "sourcetype=text"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from([" ", " OR ", " AND "]), inner).map(lambda p: f"({''.join(p)})")
        | inner.map(lambda term: f"NOT {term}")
    ),
    max_leaves=4,
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([50, 150, 250]),
        st.sampled_from(["main", "web"]),
        st.sampled_from(["text", "stash"]),
        WORDS,
        WORDS,
    ),
    min_size=1,
    max_size=5,
)


class Careless(MemoryIndexes):
    """Indexes that give all events of the right indexes and times, and leave the rest to the search."""

    def find(self, query: EventQuery) -> Table:
        return super().find(replace(EventQuery(), indexes=query.indexes, earliest=query.earliest, latest=query.latest))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(terms="made=alice", events=[(50, "main", "text", "bob", "5")])
@example(terms="NOT user=alice", events=[(50, "main", "text", "bob", "5")])
@example(terms="eventtype=ofbob OR n=alice", events=[(50, "web", "text", "alice", "5")])
@given(TERMS, EVENTS)
def test_no_event_is_lost(app: Path, terms: str, events: list[tuple[int, str, str, str, str]]):
    (app / "default" / "props.conf").write_text(
        '[text]\nEVAL-made = if(user="bob", "alice", user)\nFIELDALIAS-a = user AS kind\n'
    )
    (app / "default" / "eventtypes.conf").write_text("[ofbob]\nsearch = user=bob OR (kind=al* index=web)\n")
    careful, careless = MemoryIndexes(), Careless()
    for time, index, sourcetype, user, n in events:
        raw = spl.stash.written([("user", user), ("n", n)]) if sourcetype == "stash" else f'user="{user}" n={n}'
        for each in (careful, careless):
            each.put(time, raw, index=index, sourcetype=sourcetype)

    found, wanted = (
        [row["_raw"] for row in spl.run(terms, spl.Context(app=app, indexes=each)).rows()]
        for each in (careful, careless)
    )

    assert found == wanted
