"""What is answered after a write, and kept for its repetition."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import Receipt
from audit.event import AUDIENCES
from audit.merkle import leaf_hash
from audit.opening import open_fields, opening_to_json
from audit.promise import make_promise
from audit.stream import NO_PREVIOUS, digest_fields, event_leaf, field_salts
from crypto.keys import SigningKey
from dossier.answers import Promise, keep, kept, promise
from tests.audit.examples import KEYS, events

SEED, EVENT_ID, AT = b"\x22" * 32, b"\x33" * 16, 1_800_000_000_000


def receipt(event) -> Receipt:
    """What the writer gives back for an event that stands alone in its batch."""
    leaf = event_leaf(KEYS[0], 1, NO_PREVIOUS, SEED, event)
    note = make_promise("log.example", [leaf_hash(leaf)], [], AT, "log.example/promise", SigningKey(bytes(32)))
    salts = field_salts(SEED, len(event.values))
    digests = digest_fields(salts, event)
    return Receipt(
        EVENT_ID, b"\x44" * 16, 1, leaf, leaf_hash(leaf), AT, 0, note, event, SEED, tuple(salts), tuple(digests)
    )


@given(events, st.sampled_from(AUDIENCES))
@settings(max_examples=50)
def test_a_promise_opens_what_its_audience_may_see(event, audience):
    """P4: on the wire a promise has the very opening of its leaf, made of the salts and digests already there."""
    wire = msgspec.json.decode(msgspec.json.encode(promise(receipt(event), audience)))
    assert wire["openings"] == opening_to_json(open_fields(event, SEED, audience))


@given(events)
@settings(max_examples=20)
def test_a_kept_answer_is_the_same(event):
    """P10: an answer given again for its idempotency key is byte for byte the first one."""
    first = keep(promise(receipt(event), "owner"))
    assert keep(kept(first, Promise)) == first
