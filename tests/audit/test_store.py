from __future__ import annotations

import asyncio
import hashlib
import json

import pytest

from audit import eventstore, store
from audit.entry import Append, Claim, Outcome
from audit.erasure import Erase
from audit.errors import IncompleteError, ProofError
from audit.event import make_event
from audit.history import StreamEvent, first_head, verify_stream
from audit.opening import open_fields
from crypto.encoding import new_id
from dossier import database
from tests.audit.town import ACTOR, KEYS, Act, MemoryKeys, claim, event, open_stream, outcome, read, rules, running

K = b"K" * 32


@pytest.fixture
async def writer(pool):
    async with running(pool) as opened:
        yield opened


@pytest.fixture
async def eraser(database_urls):
    opened = await database.open_pool(database_urls.eraser, smallest=1, largest=3)
    async with running(opened) as writer:
        yield writer
    opened.terminate()


async def shown(pool, stream):
    """The whole stream as its owner sees it."""
    async with pool.acquire() as connection:
        stored = await eventstore.events(connection, stream)
    opened = [(one, eventstore.open_event(one, KEYS)) for one in stored]
    return [
        StreamEvent(one.seq, one.leaf, open_fields(payload.event, payload.seed, "owner") if payload else None)
        for one, payload in opened
    ]


async def test_stream_verifies(writer, pool):
    """What the writer stored is a stream that its owner can check to the last event, whose successor is absent (P5)."""
    stream = await open_stream(writer, key=K)
    await asyncio.gather(*(writer.submit(read(stream)) for _ in range(30)))
    checked = verify_stream(stream.hex(), [K], await shown(pool, stream), first_head(hashlib.sha256(K).digest()))
    assert checked.head.seq == 31
    assert checked.events[31]["type"] == "reading"
    assert checked.next_tag not in {one.leaf[1:33] for one in await shown(pool, stream)}


async def test_epochs_verify(writer, pool):
    """A stream over two epochs verifies with both keys, which are stored wrapped."""
    stream = await open_stream(writer, key=K)
    second = b"2" * 32

    def rotate(view):
        fields = {"actor": ACTOR, "epoch": 1, "next": hashlib.sha256(second).hexdigest(), "time": view.now}
        return Outcome((Append(stream, make_event("epoch/v1", fields), next_key=second),), lambda receipts: receipts)

    await writer.submit(Act(rotate, streams=(stream,)))
    await writer.submit(read(stream))
    async with pool.acquire() as connection:
        keys = await eventstore.epoch_keys(connection, stream, KEYS)
    assert [(key.epoch, key.from_seq, key.key) for key in keys] == [(0, 1, K), (1, 3, second)]
    head = first_head(hashlib.sha256(K).digest())
    assert verify_stream(stream.hex(), [K, second], await shown(pool, stream), head).head.seq == 3


async def test_erasure(writer, eraser, pool):
    """An erased payload is gone, the same stream says which and why, and stream and leaves go on verifying (W10)."""
    stream = await open_stream(writer, key=K)
    await asyncio.gather(*(writer.submit(read(stream)) for _ in range(5)))
    receipt = await eraser.submit(Erase(stream, 3, "supervisor", "retention"))
    assert receipt.seq == 7
    async with pool.acquire() as connection:
        stored = await eventstore.find_events(connection, [(await eventstore.events(connection, stream))[2].event_id])
        assert [one.sealed for one in stored.values()] == [None]
        assert await eventstore.erasures(connection, stream) == [eventstore.Erasure(3, "retention", 7)]
    checked = verify_stream(stream.hex(), [K], await shown(pool, stream), first_head(hashlib.sha256(K).digest()))
    assert checked.erased == (3,)
    assert (await writer.submit(read(stream))).seq == 8


async def test_erasure_is_whole_or_not_at_all(writer, eraser, pool):
    """The service cannot erase, nothing is erased twice, and what is refused leaves no event (W10)."""
    stream = await open_stream(writer)
    await writer.submit(read(stream))
    with pytest.raises(Exception, match="permission denied"):
        await writer.submit(Erase(stream, 1, "supervisor", "retention"))
    await eraser.submit(Erase(stream, 1, "supervisor", "retention"))
    for seq in (0, 1, 99):
        with pytest.raises(IncompleteError):
            await eraser.submit(Erase(stream, seq, "supervisor", "retention"))
    assert len(await shown(pool, stream)) == 3


async def test_evidence_is_kept(writer, pool):
    """What was signed is kept sealed beside the event and found by the event's id."""
    stream = await open_stream(writer)

    def judge(view):
        return Outcome((Append(stream, event(view), evidence=b"envelope"),), lambda receipts: receipts[0])

    receipt = await writer.submit(Act(judge, streams=(stream,)))
    async with pool.acquire() as connection:
        stored = await eventstore.find_event(connection, receipt.event_id)
        assert await eventstore.find_event(connection, new_id()) is None
    assert stored is not None
    opened = eventstore.open_event(stored, KEYS)
    assert opened is not None
    assert (opened.event, opened.evidence, opened.seed) == (receipt.event, b"envelope", receipt.seed)
    assert b"envelope" not in (stored.sealed or b"")


async def test_payload_of_another_place(writer, pool):
    """A payload moved to another event, or under a key that was destroyed, does not open."""
    stream = await open_stream(writer)
    async with pool.acquire() as connection:
        one = (await eventstore.events(connection, stream))[0]
    moved = eventstore.StoredEvent(one.event_id, one.stream, 2, one.leaf, one.at_ms, one.month, one.seed, one.sealed)
    with pytest.raises(ProofError):
        eventstore.open_event(moved, KEYS)
    with pytest.raises(IncompleteError):
        eventstore.open_event(one, MemoryKeys())


async def test_facts_at_a_position(writer, pool):
    """Facts are read up to a position, after another, by class, in order of event and ordinal."""
    stream = await open_stream(writer, rules("a"), rules("b", x=1))
    await writer.submit(read(stream))
    await writer.submit(Act(lambda view: outcome(view, stream, rules("c")), streams=(stream,)))
    async with pool.acquire() as connection:

        async def kinds(after, last):
            found = await store.load_facts(connection, [(stream, after, last)])
            return [(record.seq, record.ordinal, record.kind) for record in found.of(stream)]

        assert await kinds(0, 1) == [(1, 0, "a"), (1, 1, "b")]
        assert await kinds(1, 3) == [(3, 0, "c")]
        assert await kinds(0, 0) == []
        assert (await store.load_facts(connection, [])).of(stream) == []
        found = await store.load_facts(connection, [(stream, 0, 9)], "items")
        assert found.of(stream) == []
        body = await pool.fetchval("SELECT body FROM audit.fact WHERE stream = $1 AND ordinal = 1", stream)
        assert json.loads(body) == {"x": 1}


async def test_newest_first(writer, pool):
    """The latest events are read backwards, page by page."""
    stream = await open_stream(writer)
    await asyncio.gather(*(writer.submit(read(stream)) for _ in range(9)))
    async with pool.acquire() as connection:
        first = await eventstore.latest_events(connection, stream, limit=4)
        rest = await eventstore.latest_events(connection, stream, before=first[-1].seq, limit=100)
        middle = await eventstore.events(connection, stream, after=2, last=4)
    assert [one.seq for one in first + rest] == list(range(10, 0, -1))
    assert [one.seq for one in middle] == [3, 4]


async def test_enter_finds_claims_by_place(writer, pool):
    """Claims come back by their place in the list asked for, and streams that do not exist are left out."""
    stream = await open_stream(writer)
    await writer.submit(read(stream, claim=claim(b"there")))
    asked = [claim(b"absent"), claim(b"there"), Claim(b"z" * 16, b"", b"", b"")]
    async with pool.acquire() as connection, connection.transaction():
        entered = await store.enter(connection, [stream, new_id()], [new_id()], asked)
    assert list(entered.claims) == [1]
    body, claimed = entered.claims[1]
    assert (body, claimed.stream, claimed.seq, claimed.kept) == (asked[1].body, stream, 2, None)
    assert list(entered.heads) == [stream]
    assert entered.foreign == {}
    assert entered.clock >= entered.heads[stream].at_ms


async def test_claims_live_seven_days(writer, pool, owner_pool):
    """Claims go after seven days and not before, whatever is asked."""
    stream = await open_stream(writer)
    for name in (b"old", b"new"):
        await writer.submit(read(stream, claim=claim(name)))
    await owner_pool.execute("UPDATE audit.claim SET at = at - 8 * 86400000::bigint WHERE key = $1", claim(b"old").key)
    await pool.execute("SELECT audit.forget_claims(9223372036854775807)")
    left = {row["key"] for row in await pool.fetch("SELECT key FROM audit.claim WHERE stream = $1", stream)}
    assert left == {claim(b"new").key}
