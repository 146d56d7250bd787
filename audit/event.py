"""Events: who did what, as a fixed list of named text fields; no event exists without an actor.

A schema fixes the names, kinds and audiences of the fields, for ever; another list of fields is another schema id.
Page: docs/spec/event.md. Vectors: tests/vectors/leaf.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from audit.errors import EventError, LogFormatError
from crypto.canonical import decode_json, encode_json
from crypto.encoding import MAX_INTEGER
from crypto.errors import CryptoError

MAX_FIELDS: Final = 24
MAX_VALUE: Final = 65_535
AUDIENCES: Final = ("owner", "actor", "auditor")
REQUIRED: Final = ("schema", "actor", "time")

_LARGEST: Final = b"%d" % MAX_INTEGER
# Decimal without sign or leading zero, at most 2^53-1 (`_LARGEST`), so that every JSON reader holds it exactly.
_PATTERNS: Final = {
    "party": re.compile(rb"[0-9a-f]{32}|(?=[a-z0-9-]{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*"),
    "code": re.compile(rb"(?=[a-z0-9-]{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*"),
    "id": re.compile(rb"[0-9a-f]{32}"),
    "hash": re.compile(rb"[0-9a-f]{64}"),
    "count": re.compile(rb"0|[1-9][0-9]{0,15}"),
    "time": re.compile(rb"0|[1-9][0-9]{0,15}"),
}
_NUMBERS: Final = frozenset({"count", "time"})
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
# Values that are certainly of their kind, all ASCII and without NUL: for `Schema.plain`.
_PLAIN: Final = {
    "party": rb"[0-9a-f]{32}|(?![a-z0-9-]{65})[a-z0-9]+(?:-[a-z0-9]+)*",
    "code": rb"(?![a-z0-9-]{65})[a-z0-9]+(?:-[a-z0-9]+)*",
    "id": rb"[0-9a-f]{32}",
    "hash": rb"[0-9a-f]{64}",
    "count": rb"0|[1-9][0-9]{0,14}",
    "time": rb"0|[1-9][0-9]{0,14}",
    "text": rb"[ -~]*",
    "list": rb"\[[\x01-\x7f]*\]",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a schema: its name, the kind of its values and who may see them."""

    name: str
    kind: str
    audience: frozenset[str]


@dataclass(frozen=True)
class Schema:
    """The fields of one kind of event, in the order in which they are committed to; field 0 is the schema id."""

    id: str
    fields: tuple[Field, ...]
    positions: Mapping[str, int]
    audiences: Mapping[str, tuple[int, ...]]
    encoded: bytes

    @cached_property
    def plain(self) -> re.Pattern[bytes]:
        """Matches values joined by NUL that are all good and all ASCII: one look instead of one per field.

        What it does not match is looked at field by field. Made at first use: a command meets few of the schemas.
        """
        return re.compile(b"\0".join(map(_plain, self.fields)))

    def visible(self, audience: str) -> tuple[int, ...]:
        """Return the positions of the fields that this audience may see."""
        return self.audiences.get(audience, ())


def _load(path: Path) -> Mapping[str, Schema]:
    table = json.loads(path.read_text(encoding="utf-8"))
    head = [["schema", "text", "owner actor auditor"]]
    return MappingProxyType({name: _schema(name, head + rows) for name, rows in table.items()})


def _schema(name: str, rows: list[list[str]]) -> Schema:
    fields = tuple(Field(field, kind, frozenset(audience.split())) for field, kind, audience in rows)
    positions = {field.name: at for at, field in enumerate(fields)}
    if len(positions) != len(fields) or len(fields) > MAX_FIELDS or not positions.keys() >= set(REQUIRED):
        raise EventError("schema table is wrong")
    seen = {who: tuple(at for at, field in enumerate(fields) if who in field.audience) for who in AUDIENCES}
    return Schema(name, fields, MappingProxyType(positions), MappingProxyType(seen), name.encode())


def _plain(field: Field) -> bytes:
    return b"(?:%s)%s" % (_PLAIN[field.kind], b"" if field.name in REQUIRED else b"?")


SCHEMAS: Final = _load(Path(__file__).with_name("schemas.json"))
"""Every schema, by id (audit/schemas.json)."""


class Event(msgspec.Struct, frozen=True):
    """One event: its schema and the raw UTF-8 of each field, in schema order; an absent field is empty.

    Raise EventError for an unknown schema, a wrong number of fields, a value that is not of its kind,
    and for an event without actor or time: an event that nobody did is a defect of the program. Lists are only
    looked at from outside here: `make_event` wrote them, and `parse_event`, which takes bytes of others, decodes them.
    """

    schema: Schema
    values: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Check every value against the kind of its field."""
        if len(self.values) != len(self.schema.fields) or self.values[0] != self.schema.encoded:
            raise EventError("event does not have the fields of its schema")
        joined = b"\0".join(self.values)
        # No value that matches holds NUL, so the separators are ours; a whole that is short enough has no long value.
        if len(joined) > MAX_VALUE or not self.schema.plain.fullmatch(joined):
            self._check()

    def _check(self) -> None:
        """Check each value by itself."""
        for field, value in zip(self.schema.fields, self.values, strict=True):
            if value and not _is_of_kind(field.kind, value):
                raise EventError("field is not of its kind")
            if not value and field.name in REQUIRED:
                raise EventError("event without actor or time")

    def __getitem__(self, name: str) -> str:
        """Return the text of a field, "" when absent; raise KeyError for a name outside the schema."""
        return self.values[self.schema.positions[name]].decode()

    def number(self, name: str) -> int:
        """Return the integer of a count or time field, 0 when absent."""
        return int(self[name] or "0")

    def items(self, name: str) -> list[Any]:
        """Return the list of a list field, empty when absent."""
        value = self.values[self.schema.positions[name]]
        return list(decode_json(value)) if value else []

    def fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return (name, value) of every field, in order, as the commitment takes them."""
        names = (field.name.encode() for field in self.schema.fields)
        return tuple(zip(names, self.values, strict=True))


def make_event(schema_id: str, values: Mapping[str, str | int | list[Any]]) -> Event:
    """Build an event from text, integers and lists by field name; names left out are absent.

    An empty list and an empty text are absent too. Raise EventError as `Event` does, and for a name outside the schema.
    """
    schema = SCHEMAS.get(schema_id)
    if schema is None or not values.keys() <= schema.positions.keys():
        raise EventError("unknown schema or field")
    raw = [b""] * len(schema.fields)
    raw[0] = schema.encoded
    places = schema.positions
    for name, value in values.items():
        # Most values are codes and ids; `_raw` looks at the others.
        raw[places[name]] = value.encode() if type(value) is str and value.isascii() else _raw(value)
    return Event(schema, tuple(raw))


def encode_event(event: Event) -> bytes:
    """Encode canonically: the number of fields, then each value with its length; all as 2 bytes, big-endian."""
    parts = [len(event.values).to_bytes(2, "big")]
    for value in event.values:
        parts += (len(value).to_bytes(2, "big"), value)
    return b"".join(parts)


def parse_event(data: bytes) -> Event:
    """Parse what `encode_event` wrote; raise LogFormatError for anything else."""
    values, at = [], 2
    for _ in range(min(int.from_bytes(data[:2], "big"), MAX_FIELDS)):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        values.append(data[at + 2 : end])
        at = end
    schema = SCHEMAS.get(values[0].decode(errors="replace")) if values else None
    if schema is None:
        raise LogFormatError("event of an unknown schema")
    try:
        event = Event(schema, tuple(values))
    except EventError as error:
        raise LogFormatError("event is not well-formed") from error
    if not all(is_value(field, value) for field, value in zip(schema.fields, values, strict=True)):
        raise LogFormatError("list in an event is not canonical")
    # Re-encoding catches short reads, trailing bytes and a wrong count at once.
    if encode_event(event) != data:
        raise LogFormatError("event is not in canonical form")
    return event


def is_value(field: Field, value: bytes) -> bool:
    """Tell whether bytes of others are a value of this field, absence included; lists are decoded."""
    if not value:
        return field.name not in REQUIRED
    return _is_of_kind(field.kind, value) and (field.kind != "list" or _is_canonical(value))


def _raw(value: str | int | list[Any]) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass") if value else b""
    if isinstance(value, bool) or not isinstance(value, int | list):
        raise EventError("field is neither text, integer nor list")
    if isinstance(value, int):
        return b"%d" % value
    try:
        return encode_json(value) if value else b""
    except CryptoError as error:
        raise EventError("list is not canonical json") from error


def _is_of_kind(kind: str, value: bytes) -> bool:
    pattern = _PATTERNS.get(kind)
    good = pattern.fullmatch(value) is not None if pattern else _KINDS[kind](value)
    if kind in _NUMBERS:
        # Of two numbers of equal length the larger text is the larger number.
        return good and (len(value) < len(_LARGEST) or value <= _LARGEST)
    return good and len(value) <= MAX_VALUE


def _is_text(value: bytes) -> bool:
    """Accept UTF-8 in normalisation form C without control characters."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and (text.isascii() or unicodedata.is_normalized("NFC", text))


def _is_canonical(value: bytes) -> bool:
    """Accept a JSON array with at least one member, canonical (RFC 8785, restricted); the empty list is absence."""
    try:
        return bool(decode_json(value))
    except CryptoError:
        return False


def _is_bracketed(value: bytes) -> bool:
    return value.startswith(b"[") and value.endswith(b"]")


_KINDS: Final = {"text": _is_text, "list": _is_bracketed}
