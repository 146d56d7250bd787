"""Events, leaves, openings and streams, written from docs/spec/event.md alone.

The page keeps its schemas in a file of the code, which this reader has not seen: names and kinds below are those that
the vectors show.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from tests.independent.encodings import Fault, decode_json, expand, need, sha256, unbase64
from tests.independent.log import leaf_hash

ACTOR = "actor:party! organisation:id role:code"
SCHEMAS = {
    "decision/v1": f"schema:text! type:code {ACTOR} subjects:list action:code purpose:code basis:code case:id reason:code"
    " decision:code code:code rules:list consents:list positions:list catalogue:hash engine:text holdsUntil:time"
    " statement:hash request:id time:time!",
    "epoch/v1": f"schema:text! {ACTOR} epoch:count next:hash cause:code statement:hash flag:code request:id time:time!",
    "erasure/v1": f"schema:text! {ACTOR} stream:id seq:count ground:code request:id time:time!",
}
CODE = r"[a-z0-9]+(-[a-z0-9]+)*"
FORMS = {
    "text": r"[^\x00-\x1f\x7f]*", "code": CODE, "party": CODE, "id": r"[0-9a-f]{32}", "hash": r"[0-9a-f]{64}",
    "count": r"0|[1-9][0-9]{0,15}", "time": r"0|[1-9][0-9]{0,15}",
}  # fmt: skip


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def salt(seed: bytes, index: int) -> bytes:
    return expand(hmac.digest(bytes(32), seed, "sha256"), b"field" + u16(index), 32)


def digest(salt: bytes, name: str, value: str) -> bytes:
    return sha256(b"field/v1\x00" + salt + u16(len(name.encode())) + name.encode() + value.encode())


def commitment(digests: list[bytes]) -> bytes:
    return sha256(b"event-payload/v1\x00" + u16(len(digests)) + b"".join(digests))


def tag_of(key: bytes, seq: int) -> bytes:
    need(len(key) == 32, "format", "stream key")
    return hmac.digest(key, b"dossier-tag/v1\x00" + seq.to_bytes(8, "big"), "sha256")


def link_of(key: bytes, seq: int, previous: bytes) -> bytes:
    return hmac.digest(key, b"dossier-link/v1\x00" + seq.to_bytes(8, "big") + previous, "sha256")


def leaf_of(key: bytes, seq: int, previous: bytes, commit: bytes) -> bytes:
    return b"\x01" + tag_of(key, seq) + link_of(key, seq, previous) + commit


def fields_of(schema: str) -> list[tuple[str, str]]:
    """Return name and kind of each field; a kind with `!` is never absent."""
    need(schema in SCHEMAS, "format", "unknown schema")
    return [(name, kind) for name, _, kind in (field.partition(":") for field in SCHEMAS[schema].split())]


def check_value(kind: str, value: str) -> None:
    """Check a value against its kind."""
    need(value or not kind.endswith("!"), "format", "absent")
    if kind == "list":
        need(not value or listed(value), "format", "list")
    elif value:
        need(re.fullmatch(FORMS[kind.rstrip("!")], value, re.ASCII), "format", kind)
    need(unicodedata.is_normalized("NFC", value), "format", "not in form C")


def listed(value: str) -> bool:
    try:
        members = decode_json(value.encode())
    except Fault as fault:
        raise Fault("format", "list") from fault
    return isinstance(members, list) and bool(members)


def decode_event(data: bytes) -> dict[str, str]:
    """Decode the fields of an event."""
    values, rest = [], data[2:]
    while rest:
        size = int.from_bytes(rest[:2], "big")
        need(2 + size <= len(rest), "format", "short")
        values.append(rest[2 : 2 + size])
        rest = rest[2 + size :]
    need(values and u16(len(values)) == data[:2], "format", "count of fields")
    try:
        texts = [value.decode() for value in values]
    except UnicodeDecodeError as error:
        raise Fault("format", "not UTF-8") from error
    fields = fields_of(texts[0])
    need(len(fields) == len(texts), "format", "count of fields")
    for (_, kind), text in zip(fields, texts, strict=True):
        check_value(kind, text)
    return {name: text for (name, _), text in zip(fields, texts, strict=True)}


def open_leaf(leaf: bytes, opening: list[dict[str, Any]]) -> dict[str, str]:
    """Check an opening against its leaf; return the shown fields."""
    need(len(leaf) == 97 and leaf[0] == 1, "format", "leaf")
    need(opening and opening[0].get("name") == "schema", "format", "the schema is hidden")
    digests = [one_digest(field) for field in opening]
    need(commitment(digests) == leaf[65:], "proof", "not the fields of this leaf")
    fields = fields_of(opening[0]["value"])
    need(len(fields) == len(opening), "format", "count of fields")
    shown = [(field, *form) for field, form in zip(opening, fields, strict=True) if "name" in field]
    for field, name, kind in shown:
        need(field["name"] == name, "format", "another field than the schema's")
        check_value(kind, field["value"])
    return {name: field["value"] for field, name, _ in shown}


def one_digest(field: dict[str, Any]) -> bytes:
    if field.keys() == {"digest"}:
        known = unbase64(field["digest"], "format")
    else:
        need(field.keys() == {"salt", "name", "value"}, "format", "field of an opening")
        known = digest(unbase64(field["salt"], "format"), field["name"], field["value"])
    need(len(known) == 32, "format", "digest")
    return known


def check_stream(
    stream: str, keys: list[bytes], pinned: bytes, events: list[tuple[int, bytes, list[dict[str, Any]] | None]]
) -> tuple[int, bytes, bytes, set[int]]:  # fmt: skip
    """Check a stream whole; return its last number and leaf hash, the tag after it, and the erased numbers."""
    supply, last, previous, erased, explained = iter(keys), 0, bytes(32), set(), set()
    key = next_key(supply, pinned)
    for seq, leaf, opening in events:
        need(seq == last + 1, "incomplete", "an event is missing")
        need(leaf[:65] == leaf_of(key, seq, previous, b""), "split-view", "another history")
        values = {} if opening is None else open_leaf(leaf, opening)
        if opening is None:
            erased.add(seq)
        if values.get("schema") == "erasure/v1" and values["stream"] == stream:
            explained.add(int(values["seq"]))
            need(int(values["seq"]) < seq, "incomplete", "an erasure of what is to come")
        if values.get("schema") == "epoch/v1":
            key = next_key(supply, bytes.fromhex(values["next"]))
        last, previous = seq, leaf_hash(leaf)
    need(erased <= explained, "incomplete", "a payload is gone and nothing says why")
    return last, previous, tag_of(key, last + 1), erased


def next_key(supply: Iterator[bytes], committed: bytes) -> bytes:
    key = next(supply, None)
    if key is None:
        raise Fault("incomplete", "a key is missing")
    need(sha256(key) == committed, "split-view", "another key than the committed one")
    return key
