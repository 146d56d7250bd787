"""Openings: showing some fields of a committed event and hiding the others behind their digests.

Each audience of an event sees its own fields; the same leaf vouches for all of them.
Page: docs/spec/event.md. Vectors: tests/vectors/leaf.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.errors import EventError, LogFormatError, ProofError
from audit.event import AUDIENCES, MAX_FIELDS, SCHEMAS, Event, Field, Schema, is_value
from audit.stream import commitment, digest_fields, field_digest, field_salts, parse_leaf
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError

_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field that is shown: its salt, name and value."""

    salt: bytes
    name: str
    value: str


Opening = tuple[OpenField | bytes, ...]
"""Every field of an event in order: shown, or only its 32-byte digest."""


def open_fields(event: Event, seed: bytes, audience: str) -> Opening:
    """Return the opening of an event for one audience; raise EventError for an audience that does not exist."""
    if audience not in AUDIENCES:
        raise EventError("unknown audience")
    salts, schema = field_salts(seed, len(event.values)), event.schema
    opening: list[OpenField | bytes] = list(digest_fields(salts, event))
    for at in schema.visible(audience):
        opening[at] = OpenField(salts[at], schema.fields[at].name, event.values[at].decode())
    return tuple(opening)


def check_opening(leaf: bytes, opening: Opening) -> dict[str, str]:
    """Return the shown fields by name when the opening is that of the leaf; raise ProofError, LogFormatError."""
    schema = _schema(opening)
    digests = [field if isinstance(field, bytes) else _digest(field) for field in opening]
    if not hmac.compare_digest(commitment(digests), parse_leaf(leaf).commit):
        raise ProofError("opening is not that of the leaf")
    shown = {at: field for at, field in enumerate(opening) if isinstance(field, OpenField)}
    # The digest covers name and value; a leaf that commits to what its schema does not allow is the writer's fraud.
    if len(opening) != len(schema.fields) or not all(_fits(schema.fields[at], field) for at, field in shown.items()):
        raise ProofError("opening does not follow its schema")
    return {field.name: field.value for field in shown.values()}


def opening_to_json(opening: Opening) -> list[dict[str, str]]:
    """Return the opening as a JSON value: a list of {"digest"} and {"salt", "name", "value"}, in order."""
    return [
        {"digest": encode_base64(field)}
        if isinstance(field, bytes)
        else {"salt": encode_base64(field.salt), "name": field.name, "value": field.value}
        for field in opening
    ]


def opening_from_json(value: Any) -> Opening:
    """Parse the JSON value of an opening; raise LogFormatError for anything `opening_to_json` does not write."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_FIELDS:
        raise LogFormatError("an opening is a list of fields")
    return tuple(_field(entry) for entry in value)


def _field(entry: Any) -> OpenField | bytes:
    if not isinstance(entry, dict) or not all(isinstance(text, str) for text in entry.values()):
        raise LogFormatError("field of an opening is not well-formed")
    if entry.keys() == {"digest"}:
        return _hash(entry["digest"])
    if entry.keys() == {"salt", "name", "value"}:
        return OpenField(_hash(entry["salt"]), entry["name"], entry["value"])
    raise LogFormatError("field of an opening is neither shown nor hidden")


def _hash(text: str) -> bytes:
    try:
        raw = decode_base64(text)
    except CryptoError as error:
        raise LogFormatError("hash in an opening is not base64") from error
    if len(raw) != _SIZE:
        raise LogFormatError("hash in an opening is not 32 bytes")
    return raw


def _schema(opening: Sequence[OpenField | bytes]) -> Schema:
    first = opening[0] if opening else b""
    schema = SCHEMAS.get(first.value) if isinstance(first, OpenField) else None
    if schema is None:
        raise LogFormatError("opening does not show its schema")
    return schema


def _fits(wanted: Field, field: OpenField) -> bool:
    return wanted.name == field.name and is_value(wanted, field.value.encode())


def _digest(field: OpenField) -> bytes:
    try:
        return field_digest(field.salt, field.name.encode(), field.value.encode())
    except (UnicodeEncodeError, OverflowError) as error:
        raise LogFormatError("field of an opening is not text") from error
