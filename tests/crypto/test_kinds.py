from __future__ import annotations

from typing import Any

import pytest

from crypto import MalformedError
from crypto.kinds import SCHEMAS, check_payload, compile_schema, names_key

GOOD: dict[str, list[Any]] = {
    "id": ["0" * 32],
    "id?": ["", "0" * 32],
    "hash": ["f" * 64],
    "hash?": ["", "f" * 64],
    "time": [0, 2**53 - 1],
    "count": [0, 2**53 - 1],
    "code": ["a", "debt-help", "x" * 64, "4-2"],
    "code?": ["", "a"],
    "text": ["", "é", "x" * 2_000],
    "flag": [True, False],
    "key": ["A" * 43 + "="],
    "key?": ["", "A" * 43 + "="],
    "sealing-key": ["AAAA" * 405 + "AA=="],
    "bytes": ["", "QQ=="],
    "any:a|b": ["a", "b"],
}
BAD: dict[str, list[Any]] = {
    "id": ["", "0" * 31, "0" * 33, "A" * 32, 0, None],
    "hash": ["", "f" * 63, "F" * 64],
    "time": [-1, 2**53, True, "1", 1.0, None],
    "count": [-1, 2**53, False],
    "code": ["", "A", "a b", "-a", "a-", "a--b", "x" * 65, "é", 1, "a\n"],
    "text": ["x" * 2_001, "é" * 1_001, 1, None],
    "flag": [0, 1, "true", None],
    "key": ["", "A" * 42, "A" * 44, "A" * 43, 1],
    "sealing-key": ["", "A" * 44],
    "bytes": ["Q", "QR==", None, []],
    "any:a|b": ["", "c", "a|b", 1, None],
}


def test_every_type_is_tried():
    """Every type that a schema uses stands in the tables of this file."""
    used: set[str] = set()

    def collect(schema: Any) -> None:
        if isinstance(schema, str):
            used.add("any:a|b" if schema.startswith("any:") else schema)
        for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            collect(inner)

    collect(SCHEMAS)
    assert used <= set(GOOD)
    assert {name.removesuffix("?") for name in used} <= set(BAD)


@pytest.mark.parametrize("name", GOOD)
def test_good_values(name):
    """Each type takes its values."""
    for value in GOOD[name]:
        assert compile_schema(name)(value) is None


@pytest.mark.parametrize("name", BAD)
def test_bad_values(name):
    """Each type refuses everything else, and so does its optional form except for the empty text (N01)."""
    for value in BAD[name]:
        with pytest.raises(MalformedError):
            compile_schema(name)(value)
        if value != "" and name in {"id", "hash", "code", "key"}:
            with pytest.raises(MalformedError):
                compile_schema(f"{name}?")(value)


@pytest.mark.parametrize("value", [{}, {"a": 1, "b": 2}, {"b": 1}, [], None, "a", {"a": "1"}])
def test_objects(value):
    """An object has exactly its fields (N01)."""
    with pytest.raises(MalformedError):
        compile_schema({"a": "count"})(value)


@pytest.mark.parametrize("value", [None, "a", {}, [1, 1], [1, "1"], [True]])
def test_lists(value):
    """A list holds one type and repeats no scalar."""
    with pytest.raises(MalformedError):
        compile_schema(["count"])(value)


def test_lists_of_objects():
    """A list of objects may hold equal ones."""
    assert compile_schema([{"a": "count"}])([{"a": 1}, {"a": 1}]) is None


def example(schema: Any) -> Any:
    """Make a value that fits a schema."""
    if isinstance(schema, dict):
        return {name: example(inner) for name, inner in schema.items()}
    if isinstance(schema, list):
        return [example(schema[0])]
    return schema[4:].split("|")[0] if schema.startswith("any:") else GOOD[schema][-1]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_kind(kind):
    """Every kind takes an example of itself and refuses it with any one field missing or added (N01)."""
    payload = example(SCHEMAS[kind])
    check_payload(kind, payload)
    for name in payload:
        with pytest.raises(MalformedError):
            check_payload(kind, {field: value for field, value in payload.items() if field != name})
    with pytest.raises(MalformedError):
        check_payload(kind, payload | {"extra": ""})


def test_unknown_kind():
    """An unknown kind has no payload and names no key."""
    with pytest.raises(MalformedError):
        check_payload("wish", {})
    assert not names_key("wish")
    assert names_key("consent")
    assert not names_key("order")
