"""Events and streams that several tests use, and the strategies that make others."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import strategies as st

from audit.event import SCHEMAS, Event, Field, Schema, make_event
from audit.history import StreamEvent
from audit.merkle import leaf_hash
from audit.opening import open_fields
from audit.stream import NO_PREVIOUS, event_leaf

STREAM = "0a" * 16
ACTOR = "1b" * 16
KEYS = tuple(bytes((number,)) * 32 for number in range(1, 5))


def seed_of(seq: int) -> bytes:
    """Return the seed of an event, another for each number."""
    return hashlib.sha256(b"seed%d" % seq).digest()


def reading(**more) -> Event:
    """Return the decision event of a reading."""
    values: dict[str, Any] = {
        "type": "reading",
        "actor": ACTOR,
        "organisation": "2c" * 16,
        "role": "debt-counsellor",
        "subjects": [STREAM, "3d" * 16],
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
        "statement": "60" * 32,
        "time": 1_700_000_000,
    }
    return make_event("decision/v1", values | more)


def epoch(next_key: bytes) -> Event:
    """Return the event that ends an epoch of a stream's key."""
    return make_event("epoch/v1", {"actor": ACTOR, "next": hashlib.sha256(next_key).hexdigest(), "time": 5})


def erasure(seq: int, stream: str = STREAM) -> Event:
    """Return the event that says why a payload is gone."""
    values: dict[str, Any] = {"actor": "eraser", "stream": stream, "seq": seq, "ground": "retention", "time": 6}
    return make_event("erasure/v1", values)


def stream_of(events, keys=KEYS, audience="owner", erased=()):
    """Return the events as shown to an audience: each in its own leaf, under the key of its epoch."""
    shown, previous, keys = [], NO_PREVIOUS, list(keys)
    for seq, event in enumerate(events, 1):
        leaf = event_leaf(keys[0], seq, previous, seed_of(seq), event)
        opening = None if seq in erased else open_fields(event, seed_of(seq), audience)
        shown.append(StreamEvent(seq, leaf, opening))
        previous = leaf_hash(leaf)
        if event.schema.id == "epoch/v1":
            keys.pop(0)
    return shown


_HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
_CODE = st.from_regex(r"\A[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}\Z")
_NUMBER = st.integers(0, 2**53 - 1)
_VALUES = {
    "text": st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=40),
    "party": st.one_of(_HEX, _CODE),
    "code": _CODE,
    "id": _HEX,
    "hash": st.binary(min_size=32, max_size=32).map(bytes.hex),
    "count": _NUMBER,
    "time": _NUMBER,
    "list": st.lists(st.one_of(_HEX, _NUMBER), max_size=4),
}


def _values(schema: Schema):
    def strategy(field: Field):
        values = _VALUES[field.kind]
        return values if field.name in ("actor", "time") else st.one_of(st.just(""), values)

    fields = schema.fields[1:]
    return st.fixed_dictionaries({field.name: strategy(field) for field in fields})


events = st.sampled_from(sorted(SCHEMAS)).flatmap(
    lambda name: _values(SCHEMAS[name]).map(lambda values: make_event(name, values))
)
"""Any event of any schema."""
