"""The fields of every kind of statement (kinds.json), and the check that a payload has exactly those.

All fields are always there; absence is an explicit empty value. Types: docs/spec/statements.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crypto.encoding import HASH_SIZE, ID_SIZE, MAX_INTEGER, decode_base64
from crypto.errors import MalformedError
from crypto.keys import SEALING_KEY_SIZE, SIGNING_KEY_SIZE

Check = Callable[[Any], None]

MAX_TEXT_BYTES = 2_000
MAX_CODE = 64
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_payload(kind: str, payload: Any) -> None:
    """Raise MalformedError unless `kind` is known and `payload` has exactly its fields, each of its type."""
    if kind not in _CHECKS:
        raise MalformedError("unknown kind of statement")
    _CHECKS[kind](payload)


def names_key(kind: str) -> bool:
    """Tell whether payloads of this kind name the one key that signs them; the others need several signatures."""
    return "keyHash" in SCHEMAS.get(kind, ())


def is_code(value: str) -> bool:
    """Tell whether a text is a code: lower-case words and digits joined by single hyphens, at most 64 long."""
    return len(value) <= MAX_CODE and _CODE.fullmatch(value) is not None


def _string(value: Any) -> str:
    if type(value) is not str:
        raise MalformedError("field is not text")
    return value


def _integer(value: Any) -> None:
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise MalformedError("field is not an integer in range")


def _flag(value: Any) -> None:
    if type(value) is not bool:
        raise MalformedError("field is not true or false")


def _code(value: Any) -> None:
    if not is_code(_string(value)):
        raise MalformedError("field is not a code")


def _text(value: Any) -> None:
    if len(_string(value).encode()) > MAX_TEXT_BYTES:
        raise MalformedError("field text is too long")


def _hex(size: int) -> Check:
    digits = re.compile(f"[0-9a-f]{{{2 * size}}}")

    def check(value: Any) -> None:
        if not digits.fullmatch(_string(value)):
            raise MalformedError("not lower-case hexadecimal of the wanted length")

    return check


def _base64(size: int | None) -> Check:
    def check(value: Any) -> None:
        data = decode_base64(_string(value))
        if size is not None and len(data) != size:
            raise MalformedError("field has the wrong length")

    return check


_TYPES: dict[str, Check] = {
    "id": _hex(ID_SIZE),
    "hash": _hex(HASH_SIZE),
    "time": _integer,
    "count": _integer,
    "code": _code,
    "text": _text,
    "flag": _flag,
    "key": _base64(SIGNING_KEY_SIZE),
    "sealing-key": _base64(SEALING_KEY_SIZE),
    "bytes": _base64(None),
}


def compile_schema(schema: Any) -> Check:
    """Turn one schema into its check: an object, a list of one type, or a named type."""
    if isinstance(schema, dict):
        return _object({name: compile_schema(inner) for name, inner in schema.items()})
    if isinstance(schema, list):
        return _list(compile_schema(schema[0]))
    if schema.startswith("any:"):
        return _one_of(frozenset(schema.removeprefix("any:").split("|")))
    if schema.endswith("?"):
        return _or_empty(_TYPES[schema.removesuffix("?")])
    return _TYPES[schema]


def _object(fields: dict[str, Check]) -> Check:
    def check(value: Any) -> None:
        if type(value) is not dict or value.keys() != fields.keys():
            raise MalformedError("unknown or missing field")
        for name, inner in fields.items():
            inner(value[name])

    return check


def _list(inner: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not list:
            raise MalformedError("field is not a list")
        for item in value:
            inner(item)
        scalars = [item for item in value if not isinstance(item, dict)]
        if len(set(scalars)) != len(scalars):
            raise MalformedError("list repeats a value")

    return check


def _one_of(choices: frozenset[str]) -> Check:
    def check(value: Any) -> None:
        if _string(value) not in choices:
            raise MalformedError("field is none of its choices")

    return check


def _or_empty(inner: Check) -> Check:
    def check(value: Any) -> None:
        if value != "":
            inner(value)

    return check


SCHEMAS: dict[str, Any] = json.loads(Path(__file__).with_name("kinds.json").read_text(encoding="utf-8"))
"""Every kind of statement with its fields, as the file has them; read-only."""

_CHECKS = {kind: compile_schema(schema) for kind, schema in SCHEMAS.items()}
