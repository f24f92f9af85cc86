"""KV store queries over documents: conditions, sort order and projection, with the meaning that they have in Splunk.

    {"user": "u1", "age": {"$gte": 18, "$lt": 65}}
    {"$or": [{"_key": "a"}, {"_key": "b"}]}
    {"name": {"$regex": "^A"}}          {"age": {"$not": {"$gt": 3}}}

A field may be a path (``info.x``); a condition on an array holds when it holds for one of its elements.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .errors import RestError

Document = dict[str, Any]

_MISSING = object()
_ORDER: tuple[tuple[type | tuple[type, ...], int], ...] = ((bool, 5), ((int, float), 1), (str, 2), (dict, 3), (list, 4))


def parse(text: str) -> Document:
    """The query in a request's text; an empty text finds everything. Raises RestError 400."""
    try:
        query = json.loads(text) if text.strip() else {}
    except ValueError as exc:
        raise RestError(400, f"JSON in the request is invalid. ({exc})") from exc
    if not isinstance(query, dict):
        raise RestError(400, f"A query must be a JSON object, not {text[:100]}.")
    matches(query, {})  # unknown operators are told even when the collection is empty
    return query


def matches(query: Document, document: Document) -> bool:
    """True when the document satisfies all conditions. Raises RestError 400 for an operator that Splunk has not."""
    verdicts = [_condition(name, condition, document) for name, condition in query.items()]
    return all(verdicts)


def sort(documents: list[Document], order: str) -> list[Document]:
    """The documents by ``field:1,other:-1``; a field without a direction ascends. Raises RestError 400."""
    for part in reversed([part for part in order.split(",") if part.strip()]):
        name, _, direction = part.strip().partition(":")
        if direction not in ("", "1", "-1"):
            raise RestError(400, f'sort: "{part}" must be field, field:1 or field:-1.')
        documents = sorted(documents, key=_sort_key(name), reverse=direction == "-1")
    return documents


def project(document: Document, fields: str) -> Document:
    """The document's fields named in ``a,b``, or all but those in ``a:0,b:0``; all of them without names."""
    names = [part.strip().partition(":")[::2] for part in fields.split(",") if part.strip()]
    if not names:
        return document
    left_out = {name for name, flag in names if flag == "0"}
    if left_out:
        return {name: value for name, value in document.items() if name not in left_out}
    return {name: document[name] for name, _ in names if name in document}


def keys_wanted(query: Document) -> list[str] | None:
    """The only keys that a query can find, when it says so; else None."""
    if isinstance(query.get("_key"), str):
        return [query["_key"]]
    either = query.get("$or")
    if isinstance(either, list) and either and all(isinstance(part, dict) for part in either):
        keys = [part.get("_key") for part in either]
        return keys if all(isinstance(key, str) for key in keys) else None
    return None


def by_key_alone(query: Document) -> bool:
    """Whether a query says nothing but which keys it wants, so that what has such a key is found."""
    if set(query) == {"_key"}:
        return isinstance(query["_key"], str)
    either = query.get("$or")
    return (
        set(query) == {"$or"} and keys_wanted(query) is not None and all(set(part) == {"_key"} for part in either or ())
    )


def equalities(query: Document) -> dict[str, str]:
    """Conditions of the form field = text that all results meet, for a search in an index; paths are left out."""
    return {
        name: condition
        for name, condition in query.items()
        if isinstance(condition, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    }


def _condition(name: str, condition: Any, document: Document) -> bool:
    if name in ("$and", "$or"):
        if not isinstance(condition, list) or not all(isinstance(part, dict) for part in condition):
            raise RestError(400, f"{name} needs an array of queries.")
        verdicts = [matches(part, document) for part in condition]
        return all(verdicts) if name == "$and" else any(verdicts)
    if name == "$not":
        if not isinstance(condition, dict):
            raise RestError(400, "$not needs a query.")
        return not matches(condition, document)
    if name.startswith("$"):
        raise RestError(400, f"Unknown operator {name}; use $and, $or or $not.")
    value = _at(document, name)
    if isinstance(condition, dict) and any(str(key).startswith("$") for key in condition):
        verdicts = [_operator(operator, operand, value) for operator, operand in condition.items()]
        return all(verdicts)
    return _any_element(value, lambda element: _equal(element, condition))


def _operator(operator: str, operand: Any, value: Any) -> bool:
    if operator == "$ne":
        return not _any_element(value, lambda element: _equal(element, operand))
    if operator == "$not" and isinstance(operand, dict):
        verdicts = [_operator(name, inner, value) for name, inner in operand.items()]
        return not all(verdicts)
    if operator == "$regex" and isinstance(operand, str):
        try:
            pattern = re.compile(operand)
        except re.error as exc:
            raise RestError(400, f"$regex: {operand} is no regular expression ({exc}).") from exc
        return _any_element(value, lambda element: isinstance(element, str) and bool(pattern.search(element)))
    compare = _COMPARE.get(operator)
    if compare is None:
        raise RestError(400, f"Unknown operator {operator}; use $gt, $gte, $lt, $lte, $ne, $not or $regex.")
    if not isinstance(operand, (bool, int, float, str)):
        # Null, objects and lists are neither more nor less than anything here.
        return False
    return _any_element(value, lambda element: _rank(element) == _rank(operand) and compare(element, operand))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def _at(document: Document, path: str) -> Any:
    """The value of a field; a name with dots is tried as it is, then as a path."""
    if path in document:
        return document[path]
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return _MISSING
        value = value[step]
    return value


def _any_element(value: Any, holds: Callable[[Any], bool]) -> bool:
    return holds(value) or (isinstance(value, list) and any(map(holds, value)))


def _equal(value: Any, wanted: Any) -> bool:
    if value is _MISSING:
        return wanted is None
    return _rank(value) == _rank(wanted) and bool(value == wanted)


def _rank(value: Any) -> int:
    """Values are compared within their kind only; kinds sort in this order, missing and null first."""
    for kind, rank in _ORDER:
        if isinstance(value, kind):
            return rank
    return 0


def _sort_key(name: str) -> Callable[[Document], tuple[int, Any]]:
    def key(document: Document) -> tuple[int, Any]:
        value = _at(document, name)
        rank = _rank(value)
        return (rank, json.dumps(value, sort_keys=True)) if rank in (3, 4) else (rank, value if rank else 0)

    return key
