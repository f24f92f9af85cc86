"""What lists of entities can be asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.splunkd import listing
from searchhead.splunkd.atom import Entity
from searchhead.splunkd.errors import RestError

ENTITIES = [
    Entity("Mouse scores", "/a", {"is_scheduled": True, "n": 10, "request": {"hash.of": "x1"}}),
    Entity("Drift [weekly]", "/b", {"is_scheduled": False, "n": 9, "roles": ["admin", "power"]}, owner="ada"),
    Entity("mouse alert", "/c", {"is_scheduled": True, "n": 2, "text": 'says "hello there"'}),
]


def asked(**parameters: str) -> list[str]:
    return [entity.name for entity in listing.page(ENTITIES, parameters, {})[0]]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", [0, 1, 2]),
        ("is_scheduled=1", [0, 2]),
        ("is_scheduled=false", [1]),
        ("name=mouse*", [0, 2]),
        ('name="Drift [weekly]"', [1]),
        ("mouse n=2", [2]),
        ("n=9 OR n=10", [0, 1]),
        ("roles=power", [1]),
        ("request.hash.of=x1", [0]),
        ("eai:acl.owner=ada", [1]),
        ('"hello there"', [2]),
        ("nothing", []),
        ("nosuch=*x", []),
    ],
)
def test_searches(search: str, found: list[int]) -> None:
    assert asked(search=search) == [ENTITIES[number].name for number in found]


def test_sorting_and_pages() -> None:
    assert asked(sort_key="n") == ["mouse alert", "Drift [weekly]", "Mouse scores"]
    assert asked(sort_key="name", sort_dir="desc") == ["Mouse scores", "mouse alert", "Drift [weekly]"]
    assert asked(offset="1", count="1") == ["Drift [weekly]"]
    assert asked(count="0") == asked(count="-1") == [entity.name for entity in ENTITIES]
    page = listing.page(ENTITIES, {"count": "2", "offset": "1"}, {})[1]
    assert (page.total, page.per_page, page.offset) == (3, 2, 1)
    with pytest.raises(RestError, match="count"):
        asked(count="many")


@given(st.text())
def test_any_search_finds_a_part_of_the_list_in_its_order(search: str) -> None:
    found = asked(search=search)
    assert found == [entity.name for entity in ENTITIES if entity.name in found]
