from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.batch import Batch
from audit.entry import START, Append, Fact, Head, Opening, Outcome, Position
from audit.errors import EventError
from audit.event import SCHEMAS, make_event
from audit.merkle import leaf_hash
from audit.payload import answer_month, open_answer, open_payload, open_seed
from audit.stream import NO_PREVIOUS, event_leaf
from crypto.errors import CryptoError
from tests.audit.town import SIGNER, ListCompiler, claim, event, rules

NOW = 1_700_000_000_123
STREAMS = [bytes([at]) * 16 for at in range(3)]
NARROWING = {"stopped/v1", "epoch/v1", "statement/v1", "case/v1", "key/v1", "sign-in/v1"}
"""Schemas of the events that narrowing entries append."""
KEYS = {stream: bytes([at]) * 32 for at, stream in enumerate(STREAMS)}


def batch():
    heads = {stream: Head(stream, "dossier") for stream in STREAMS}
    return Batch(NOW, heads, {}, dict.fromkeys(STREAMS, ()), {}, KEYS, ListCompiler())


def outcome(view, *streams, facts=(), **rest):
    return Outcome(tuple(Append(stream, event(view), facts) for stream in streams), lambda receipts: receipts, **rest)


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), max_size=12))
@settings(max_examples=30, deadline=None)
def test_chains(plan):
    """Whatever the outcomes, each stream is numbered from 1 and chained by its own leaves (W1)."""
    running, last = batch(), dict.fromkeys(STREAMS, (0, NO_PREVIOUS))
    for places in plan:
        for made in running.accept(outcome(running.view, *(STREAMS[at] for at in places)), None).made:
            stream = made.append.stream
            seq, previous = last[stream]
            assert made.seq == seq + 1
            assert made.leaf == event_leaf(KEYS[stream], made.seq, previous, made.seed, made.append.event)
            assert made.event_id[:2] == stream[:2]
            last[stream] = made.seq, leaf_hash(made.leaf)
    assert {stream: (head.seq, head.leaf) for stream, head in running.heads.items()} == last
    assert running.count == sum(map(len, plan))


@pytest.mark.parametrize(
    "bad",
    [
        lambda view: outcome(view, STREAMS[0], b"x" * 16),
        lambda view: outcome(view, STREAMS[0], facts=(Fact("rules", "k", b"s" * 16, {"x": 1.5}),)),
        lambda view: outcome(view, STREAMS[0], openings=(Opening(STREAMS[1], "case", b"k" * 32),)),
        lambda view: outcome(view, STREAMS[0], openings=(Opening(b"short", "case", b"k" * 32),)),
        lambda view: Outcome((Append(STREAMS[0], event(view), event_id=b"z" * 16),), lambda receipts: receipts),
    ],
)
def test_refused_without_a_trace(bad):
    """An outcome that cannot be leaves heads, facts and rows as they were (W5)."""
    running = batch()
    running.accept(outcome(running.view, STREAMS[0], facts=(rules("a"),)), None)
    before = {stream: head.copy() for stream, head in running.heads.items()}
    compiled = dict(running.compiled)
    with pytest.raises((EventError, CryptoError)):
        running.accept(bad(running.view), None)
    assert running.heads == before
    assert running.compiled == compiled
    assert running.count == 1


def test_claim_without_event():
    """An idempotency key stands for an event; without one there is nothing to find again."""
    running = batch()
    with pytest.raises(EventError):
        running.accept(outcome(running.view), claim())


def test_positions():
    """Rules and items move each with facts of their own class, to the leaf of their event."""
    running = batch()
    first = running.accept(outcome(running.view, STREAMS[0], facts=(rules("a"),)), None).made[0]
    item = Fact("items", "item-version", b"i" * 16, {})
    second = running.accept(outcome(running.view, STREAMS[0], facts=(item,)), None).made[0]
    running.accept(outcome(running.view, STREAMS[0]), None)
    head = running.view.head(STREAMS[0])
    assert (head.rules, head.items) == (Position(1, first.leaf_hash), Position(2, second.leaf_hash))
    assert running.view.head(STREAMS[1]).rules == START
    assert running.moved_items == {STREAMS[0]}
    assert running.view.facts(STREAMS[0]) == ((1, "a", b"s" * 16),)


def test_opening_in_a_batch():
    """A stream opened by an outcome has its events, key and facts at once, also for the next entry."""
    running, new = batch(), b"n" * 16
    opened = outcome(running.view, new, facts=(rules("first"),), openings=(Opening(new, "case", b"k" * 32),))
    made = running.accept(opened, None).made[0]
    assert made.leaf == event_leaf(b"k" * 32, 1, NO_PREVIOUS, made.seed, made.append.event)
    assert running.view.facts(new) == ((1, "first", b"s" * 16),)
    assert running.accept(outcome(running.view, new), None).made[0].seq == 2
    assert running.key(new) == b"k" * 32


def test_columns():
    """The rows hold moved heads alone, and payloads that open under the month key at their own place."""
    running, month, used = batch(), b"m" * 32, claim()
    accepted = running.accept(outcome(running.view, STREAMS[1], STREAMS[1]), used)
    columns = running.columns("2023-11", month, [(used, accepted.made[0], b"kept")])
    assert len(columns) == 32
    assert columns[:5] == [NOW, "2023-11", [STREAMS[1]], [0], [2]]
    assert columns[12] == [1, 2]
    assert open_seed(month, STREAMS[1], 1, columns[15][0]) == accepted.made[0].seed
    assert open_payload(month, STREAMS[1], 2, columns[16][1]) == (accepted.made[1].append.event, b"")
    [sealed] = columns[-1]
    assert answer_month(sealed) == "2023-11"
    assert open_answer(month, (used.actor, used.route, used.key), sealed) == b"kept"
    receipts = running.receipts(accepted, running.promise(SIGNER))
    assert [(receipt.seq, receipt.index) for receipt in receipts] == [(1, 0), (2, 1)]


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_clock_behind_is_flagged(schema):
    """Whatever is written while the clock is behind says so in the field that its schema has for it; nothing else changes."""
    heads = {STREAMS[0]: Head(STREAMS[0], "dossier")}
    late = Batch(NOW, heads, {}, {STREAMS[0]: ()}, {}, KEYS, ListCompiler(), clock_behind=True)
    values = {"actor": "ab" * 16, "time": NOW // 1000}
    written = late.accept(Outcome((Append(STREAMS[0], make_event(schema, values)),), tuple), None).made[0].append.event
    has = "flag" in SCHEMAS[schema].positions
    assert has or schema not in NARROWING
    assert written == make_event(schema, values | ({"flag": "clock-behind"} if has else {}))
