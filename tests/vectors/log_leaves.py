"""Vectors of leaves, events, openings, streams and control leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from audit.control import LogIdentity, encode_control, encode_identity, parse_control
from audit.event import Event, encode_event, make_event
from audit.history import StreamEvent as Shown
from audit.history import first_head, verify_stream
from audit.merkle import leaf_hash
from audit.opening import OpenField, Opening, check_opening, open_fields, opening_to_json
from audit.stream import NO_PREVIOUS, commitment, event_leaf, field_digests, field_salts, make_leaf
from crypto.encoding import encode_base64
from tests.values import replace
from tests.vectors.log_basics import (
    ITEM,
    KEY,
    LOG,
    NEXT_KEY,
    OFFICE,
    ORIGIN,
    PERSON,
    PROMISE,
    SEED,
    STREAM,
    Vector,
    Vectors,
    b64,
    bad,
    good,
    hexes,
)


def reading(**more: Any) -> Event:
    """Return the decision event of a reading."""
    values: Vector = {
        "type": "reading",
        "actor": PERSON,
        "organisation": OFFICE,
        "role": "debt-counsellor",
        "subjects": [STREAM, ITEM],
        "action": "read",
        "purpose": "debt-help",
        "basis": "consent",
        "reason": "intake",
        "decision": "permit",
        "code": "consent",
        "rules": ["4e" * 16],
        "consents": ["4e" * 16],
        "positions": [[STREAM, 12]],
        "catalogue": "5f" * 32,
        "engine": "1.0",
        "holdsUntil": 1_700_086_400,
        "statement": "60" * 32,
        "request": "71" * 16,
        "time": 1_700_000_000,
    }
    return make_event("decision/v1", values | more)


def leaf() -> Vectors:
    """Yield vectors of leaves, events, openings, streams and control leaves."""
    yield from formulas()
    yield from payloads()
    yield from openings()
    yield from streams()
    yield from controls()


def formulas() -> Vectors:
    """Yield the formulas of the leaf, also with text beyond ASCII and without a value."""
    fields = [("decision", "permit"), ("purpose", "intake")]
    first = computed(1, NO_PREVIOUS, fields)
    yield "formula-first", good("formula", "the first event of a stream", **first)
    yield (
        "formula-second",
        good("formula", "the event after it", **computed(2, bytes.fromhex(first["leafHash"]), fields)),
    )
    yield "formula-text", good("formula", "an empty value, and text", **computed(9, SEED, [("a", ""), ("b", "één ✓")]))


def computed(seq: int, previous: bytes, fields: list[tuple[str, str]]) -> Vector:
    """Return inputs and outputs of the leaf formulas."""
    raw = [(name.encode(), value.encode()) for name, value in fields]
    digests = field_digests(SEED, raw)
    made = make_leaf(KEY, seq, previous, commitment(digests))
    inputs = {
        "key": encode_base64(KEY),
        "seed": encode_base64(SEED),
        "seq": seq,
        "previous": previous.hex(),
        "fields": fields,
    }
    hashes = {
        "salts": hexes(field_salts(SEED, len(raw))),
        "digests": hexes(digests),
        "commit": commitment(digests).hex(),
    }
    return {**inputs, **hashes, "leaf": encode_base64(made), "leafHash": leaf_hash(made).hex()}


def payloads() -> Vectors:
    """Yield encoded events, and what is none."""
    event = reading()
    data = encode_event(event)
    values = {field.name: event[field.name] for field in event.schema.fields}
    yield "event-reading", good("event", "a reading", payload=encode_base64(data), values=values)
    at = {name: event.schema.positions[name] for name in ("actor", "rules", "time", "organisation", "engine")}
    for name, comment, raw in (
        ("no-actor", "nobody did it", with_value(event, at["actor"], b"")),
        ("no-time", "without a time", with_value(event, at["time"], b"")),
        ("leading-zero", "a number with a leading zero", with_value(event, at["time"], b"01")),
        ("upper-case-id", "an id in upper case", with_value(event, at["organisation"], b"2C" * 16)),
        ("spaced-list", "a list that is not canonical", with_value(event, at["rules"], b'["a", "b"]')),
        ("empty-list", "an empty list that is not absent", with_value(event, at["rules"], b"[]")),
        ("not-normal", "text that is not in form C", with_value(event, at["engine"], "e\u0301".encode())),
        ("not-utf-8", "text that is not UTF-8", with_value(event, at["engine"], b"\xff")),
        ("control-character", "a line break in a text", with_value(event, at["engine"], b"1\n")),
        ("unknown-schema", "a schema that does not exist", with_value(event, 0, b"decision/v9")),
        ("short", "the last byte is missing", data[:-1]),
        ("long", "a byte too many", data + b"\0"),
        ("one-field-less", "the last field is missing", (len(event.values) - 1).to_bytes(2, "big") + data[2:-12]),
        ("empty", "nothing at all", b""),
    ):
        yield f"event-{name}", bad("format", "event", comment, payload=encode_base64(raw))


def with_value(event: Event, at: int, value: bytes) -> bytes:
    """Return the encoding of an event with one value replaced, unchecked."""
    values = [*event.values[:at], value, *event.values[at + 1 :]]
    return len(values).to_bytes(2, "big") + b"".join(len(one).to_bytes(2, "big") + one for one in values)


def openings() -> Vectors:
    """Yield openings for each audience, and what does not open."""
    event = reading()
    made = event_leaf(KEY, 1, NO_PREVIOUS, SEED, event)
    for audience in ("owner", "actor", "auditor"):
        opening = open_fields(event, SEED, audience)
        yield (
            f"opening-{audience}",
            good(
                "opening", f"what the {audience} may see", **shown(made, opening), values=check_opening(made, opening)
            ),
        )
    opening = open_fields(event, SEED, "owner")
    second = opening[2]
    assert isinstance(second, OpenField)
    changed = (*opening[:2], replace(second, value="ff" * 16), *opening[3:])
    swapped = (opening[0], opening[2], opening[1], *opening[3:])
    hidden = (bytes(32), *opening[1:])
    for name, comment, expect, wrong in (
        ("changed", "another actor is shown", "proof", changed),
        ("swapped", "two fields change places", "proof", swapped),
        ("short", "the last field is missing", "proof", opening[:-1]),
        ("no-schema", "the schema is hidden", "format", hidden),
    ):
        yield f"opening-{name}", bad(expect, "opening", comment, **shown(made, wrong))
    other = event_leaf(KEY, 1, NO_PREVIOUS, NEXT_KEY, event)
    yield "opening-of-another-leaf", bad("proof", "opening", "the leaf of another event", **shown(other, opening))
    yield "opening-of-no-leaf", bad("format", "opening", "a leaf of 96 bytes", **shown(made[:-1], opening))


def shown(made: bytes, opening: Opening) -> Vector:
    """Return the inputs of an opening."""
    return {"leaf": encode_base64(made), "opening": opening_to_json(opening)}


def streams() -> Vectors:
    """Yield whole streams, and what the owner refuses."""
    until = make_event("epoch/v1", {"actor": PERSON, "next": hashlib.sha256(NEXT_KEY).hexdigest(), "time": 3})
    erased = make_event("erasure/v1", {"actor": "eraser", "stream": STREAM, "seq": 1, "ground": "retention", "time": 4})
    events = chain([reading(time=1), reading(time=2), until, erased])
    gone = [replace(events[0], opening=None), *events[1:]]
    for name, comment, shown_events in (
        ("whole", "four events, two epochs", events),
        ("erased", "a payload erased", gone),
    ):
        checked = verify_stream(STREAM, [KEY, NEXT_KEY], shown_events, first_head(hashlib.sha256(KEY).digest()))
        assert checked.next_tag is not None
        outputs = {
            "leafHash": checked.head.leaf_hash.hex(),
            "nextTag": checked.next_tag.hex(),
            "erased": list(checked.erased),
        }
        yield f"stream-{name}", good("stream", comment, **stream_of(shown_events), seq=checked.head.seq, **outputs)
    rewritten = chain([reading(time=9), reading(time=2), until, erased])
    for name, expect, comment, wrong in (
        ("gap", "incomplete", "an event is left out", [events[0], *events[2:]]),
        (
            "renumbered",
            "split-view",
            "an event is left out and the gap closed",
            [events[0], *(replace(one, seq=one.seq - 1) for one in events[2:])],
        ),
        ("other-history", "split-view", "the first event was rewritten", [events[0], *rewritten[1:]]),
        (
            "other-fields",
            "proof",
            "other fields under the same leaf",
            [replace(events[0], opening=rewritten[0].opening), *events[1:]],
        ),
        ("unexplained", "incomplete", "a payload is gone and nothing says why", gone[:3]),
    ):
        yield f"stream-{name}", bad(expect, "stream", comment, **stream_of(wrong))
    yield (
        "stream-other-key",
        bad(
            "split-view",
            "stream",
            "the key is not the pinned one",
            **stream_of(events) | {"keys": b64([NEXT_KEY, KEY])},
        ),
    )
    yield (
        "stream-no-next-key",
        bad(
            "incomplete", "stream", "the key of the second epoch is missing", **stream_of(events) | {"keys": b64([KEY])}
        ),
    )


def chain(events: Sequence[Event]) -> list[Shown]:
    """Return events as the owner sees them."""
    found, previous, key = [], NO_PREVIOUS, KEY
    for seq, event in enumerate(events, 1):
        made = event_leaf(key, seq, previous, SEED, event)
        found.append(Shown(seq, made, open_fields(event, SEED, "owner")))
        previous = leaf_hash(made)
        key = NEXT_KEY if event.schema.id == "epoch/v1" else key
    return found


def stream_of(events: Sequence[Shown]) -> Vector:
    """Return the inputs of a check of a stream."""
    listed = [
        {
            "seq": one.seq,
            "leaf": encode_base64(one.leaf),
            "opening": None if one.opening is None else opening_to_json(one.opening),
        }
        for one in events
    ]
    pinned = hashlib.sha256(KEY).hexdigest()
    return {"stream": STREAM, "keys": b64([KEY, NEXT_KEY]), "pinned": pinned, "events": listed}


def controls() -> Vectors:
    """Yield control leaves."""
    identity = encode_identity(LogIdentity(ORIGIN, LOG, PROMISE, b"d" * 32, (b"r" * 32, b"s" * 32), 2))
    for name, data in (("identity", identity), ("restore", encode_control("restore", {"size": 7}))):
        parsed = parse_control(data)
        outputs = {"kind": parsed.kind, "values": dict(parsed.fields)}
        yield f"control-{name}", good("control", "a public fact", leaf=encode_base64(data), **outputs)
    for name, comment, data in (
        ("no-newline", "the newline is missing", identity[:-1]),
        ("no-kind", "no kind", b'\x02{"a":1}\n'),
        ("spaced", "json that is not canonical", b'\x02{"kind": "a"}\n'),
        ("event", "the first byte of an event", b"\x01" + identity[1:]),
        ("list", "a list", b'\x02["kind"]\n'),
    ):
        yield f"control-{name}", bad("format", "control", comment, leaf=encode_base64(data))
