"""Strict reading of the fields of a payload: exact names, exact types, else MalformedGrantError."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from consent.errors import MalformedGrantError
from consent.terms import FOREVER

FEW = 8
"""Up to so many codes a list is kept once for all payloads that have it: most name the same few sections or actions."""


def exact(payload: Mapping[str, Any], names: AbstractSet[str]) -> None:
    """Refuse a missing or unknown field."""
    if payload.keys() != names:
        raise MalformedGrantError("fields are missing or unknown")


def text(payload: Mapping[str, Any], name: str) -> str:
    """A string field; empty means none."""
    value = payload.get(name)
    if not isinstance(value, str):
        raise MalformedGrantError(f"field `{name}` is not a string")
    return value


def code(payload: Mapping[str, Any], name: str) -> str:
    """A string that many payloads have alike (a purpose, a role, an organisation): one copy of it is kept."""
    return sys.intern(text(payload, name))


def count(payload: Mapping[str, Any], name: str) -> int:
    """A time or count: an integer from 0 to 2^53-1 (a truth value is none)."""
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= FOREVER:
        raise MalformedGrantError(f"field `{name}` is not a time or count")
    return value


def flag(payload: Mapping[str, Any], name: str) -> bool:
    """A truth value."""
    value = payload.get(name)
    if not isinstance(value, bool):
        raise MalformedGrantError(f"field `{name}` is not a flag")
    return value


def nested(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object."""
    value = payload.get(name)
    if not isinstance(value, Mapping):
        raise MalformedGrantError(f"field `{name}` is not an object")
    return value


def nested_list(payload: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects."""
    value = payload.get(name)
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise MalformedGrantError(f"field `{name}` is not a list of objects")
    return value


def code_list(payload: Mapping[str, Any], name: str) -> frozenset[str]:
    """A list of different non-empty strings."""
    value = payload.get(name)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
        raise MalformedGrantError(f"field `{name}` is not a list of codes")
    if len(set(value)) != len(value):
        raise MalformedGrantError(f"field `{name}` names something twice")
    return _shared(tuple(value)) if len(value) <= FEW else frozenset(value)


@functools.lru_cache(maxsize=1024)
def _shared(codes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(codes)
