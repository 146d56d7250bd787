"""Changing one field of a frozen value, whichever of the two kinds of value it is."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")


def replace(value: T, /, **changes: Any) -> T:
    """Return the value with these fields changed: a struct of msgspec or a dataclass."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]  # the other kind there is


def names(kind: type) -> tuple[str, ...]:
    """Return the names of the fields of a kind of value."""
    if issubclass(kind, msgspec.Struct):
        return tuple(each.name for each in msgspec.structs.fields(kind))
    return tuple(each.name for each in dataclasses.fields(cast("Any", kind)))
