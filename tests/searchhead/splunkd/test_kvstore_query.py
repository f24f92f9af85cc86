"""What KV store queries find."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchhead.splunkd.errors import RestError
from searchhead.splunkd.kvstore_query import by_key_alone, matches, parse, project, sort

_NAME = st.sampled_from(["name", "age", "$or", "$gt", "$not", "$regex", "info.city", ""])
_SCALAR = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3)

ADA = {"_key": "1", "name": "Ada", "age": 36, "tags": ["a", "b"], "info": {"city": "London"}, "active": True}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"name": "Ada"}, True),
        ({"name": "ada"}, False),
        ({"name": "Ada", "age": 37}, False),
        ({"age": 36.0}, True),
        ({"age": "36"}, False),
        ({"active": 1}, False),
        ({"age": {"$gt": 35, "$lte": 36}}, True),
        ({"age": {"$lt": 36}}, False),
        ({"name": {"$gte": "Ad"}}, True),
        ({"name": {"$gt": 3}}, False),
        ({"name": {"$ne": "Bob"}}, True),
        ({"missing": {"$ne": 1}}, True),
        ({"missing": None}, True),
        ({"name": None}, False),
        ({"tags": "b"}, True),
        ({"tags": ["a", "b"]}, True),
        ({"tags": {"$ne": "b"}}, False),
        ({"info.city": "London"}, True),
        ({"info": {"city": "London"}}, True),
        ({"name": {"$regex": "^A"}}, True),
        ({"age": {"$not": {"$gt": 40}}}, True),
        ({"$not": {"name": "Ada"}}, False),
        ({"$or": [{"name": "Bob"}, {"age": 36}]}, True),
        ({"$and": [{"name": "Ada"}, {"$or": [{"age": 1}, {"age": 2}]}]}, False),
    ],
)
def test_conditions(query: dict, found: bool) -> None:
    assert matches(query, ADA) is found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "JSON in the request is invalid"),
        ("[]", "must be a JSON object"),
        ('{"a": {"$in": [1]}}', "Unknown operator \\$in"),
        ('{"$nor": []}', "Unknown operator \\$nor"),
        ('{"$or": {}}', "needs an array"),
        ('{"a": {"$regex": "("}}', "no regular expression"),
    ],
)
def test_a_wrong_query_is_answered_400(text: str, told: str) -> None:
    with pytest.raises(RestError, match=told) as caught:
        parse(text)

    assert caught.value.status == 400


def test_sorting_by_several_fields_and_mixed_kinds() -> None:
    documents = [{"k": 1, "v": "b"}, {"k": 2}, {"k": 3, "v": 7}, {"k": 4, "v": "a"}, {"k": 5, "v": "b"}]

    assert [document["k"] for document in sort(documents, "v:1,k:-1")] == [2, 3, 4, 5, 1]
    assert [document["k"] for document in sort(documents, "k:-1")] == [5, 4, 3, 2, 1]


def test_fields_are_picked_or_left_out() -> None:
    assert project(ADA, "name, age") == {"name": "Ada", "age": 36}
    assert project({"a": 1, "b": 2}, "a:0") == {"b": 2}
    assert project({"a": 1, "b": 2}, "") == {"a": 1, "b": 2}


@pytest.mark.parametrize("operand", [None, {"a": 1}, [1, None]])
@pytest.mark.parametrize("operator", ["$gt", "$gte", "$lt", "$lte"])
def test_null_objects_and_lists_are_neither_more_nor_less(operator: str, operand: object) -> None:
    query = {"name": {operator: operand}}

    assert not matches(query, ADA) and not matches(query, {"name": operand}) and not matches(query, {})


@given(st.recursive(_SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAME, inner, max_size=3)))
def test_any_json_is_a_query_or_a_400(value: object) -> None:
    try:
        query = parse(json.dumps(value))
    except RestError as exc:
        assert exc.status == 400
    else:
        assert matches(query, ADA) in (True, False)


@pytest.mark.parametrize(
    ("query", "alone"),
    [
        ({"_key": "a"}, True),
        ({"$or": [{"_key": "a"}, {"_key": "b"}]}, True),
        ({}, False),
        ({"_key": {"$ne": "a"}}, False),
        ({"_key": "a", "name": "Ada"}, False),
        ({"$or": [{"_key": "a"}], "name": "Ada"}, False),
        ({"$or": [{"_key": "a", "name": "Ada"}]}, False),
        ({"$or": [{"_key": "a"}, {"name": "Ada"}]}, False),
        ({"$or": []}, False),
        ({"$or": {"_key": "a"}}, False),
    ],
)
def test_a_query_by_key_alone_is_told_from_others(query: dict, alone: bool) -> None:
    assert by_key_alone(query) is alone
