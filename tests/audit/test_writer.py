from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncpg
import pytest

from audit import store
from audit.entry import Entry, Opening, Outcome, Write
from audit.errors import EventError, RepeatedError, UnavailableError, UnknownStreamError
from audit.event import make_event
from audit.merkle import leaf_hash
from audit.note import ED25519, VerifierKey
from audit.promise import verify_promise
from audit.writer import WriterLimits
from crypto.encoding import new_id
from tests.audit.town import (
    ORIGIN,
    PATIENT,
    PROMISE_KEY,
    PROMISE_NAME,
    Act,
    claim,
    clock,
    event,
    open_stream,
    outcome,
    read,
    rules,
    running,
)
from tests.values import replace

PROMISE = VerifierKey(PROMISE_NAME, ED25519, PROMISE_KEY.public)


class WantedError(Exception):
    """What an entry refuses with."""


@pytest.fixture
async def writer(pool):
    async with running(pool) as opened:
        yield opened


class Slow:
    """A loader that waits for a test."""

    def __init__(self, hold):
        self.hold = hold

    async def load(self, _connection, _wants):
        await self.hold.wait()
        return {}


async def together(writer, *acts):
    """Submit entries at once; return answers and errors."""
    results: list[Any] = await asyncio.gather(*map(writer.submit, acts), return_exceptions=True)
    return results


async def seqs(pool, stream):
    rows = await pool.fetch("SELECT seq FROM audit.event WHERE stream = $1 ORDER BY seq", stream)
    return [row["seq"] for row in rows]


async def test_contiguous(writer, pool):
    """Entries submitted at once to one stream get the numbers 1..n without a gap, in one batch or many (W1)."""
    stream = await open_stream(writer)
    receipts = await asyncio.gather(*(writer.submit(read(stream)) for _ in range(150)))
    assert sorted(receipt.seq for receipt in receipts) == list(range(2, 152))
    assert await seqs(pool, stream) == list(range(1, 152))


async def test_promise_covers_every_leaf(writer):
    """Each receipt's leaf is promised by the one note of its batch (P5, W8)."""
    stream = await open_stream(writer)
    receipts = await asyncio.gather(*(writer.submit(read(stream)) for _ in range(20)))
    for receipt in receipts:
        note = receipt.promise.note
        promise = verify_promise(note, PROMISE, ORIGIN, receipt.leaf, receipt.index, receipt.path)
        assert promise.issued == receipt.at_ms
        assert receipt.leaf_hash == leaf_hash(receipt.leaf)


async def test_statements_of_a_reading_batch(pool):
    """A batch of readings takes at most four statements, one verification hop, one promise, whatever its size (W9)."""

    class Loader:
        async def load(self, connection, wants):
            rows = await connection.fetch("SELECT unnest($1::int[]) AS want", wants)
            return {row["want"]: row["want"] * 2 for row in rows}

    class Reading(Entry):
        def __init__(self, stream, want):
            self.streams, self.wants, self.want = (stream,), (want,), want
            self.claim = claim(b"reading%d" % want)

        def verify(self):
            assert self.want >= 0

        def judge(self, view):
            assert view.rows(self.want) == self.want * 2
            write = Write(
                "INSERT INTO dossier.setting (name, value) VALUES ($1, $2)", (f"reading{self.want}", self.streams[0])
            )
            return outcome(view, self.streams[0], writes=(write,))

    async with running(pool, loader=Loader()) as writer:
        stream = await open_stream(writer)
        await writer.submit(read(stream))
        counts = writer.counts
        before = counts.batches, counts.statements, counts.promises, counts.loads
        receipts = await asyncio.gather(*(writer.submit(Reading(stream, want)) for want in range(64)))
        batches = counts.batches - before[0]
        assert len({receipt.seq for receipt in receipts}) == 64
        assert counts.statements - before[1] <= 4 * batches
        assert counts.promises - before[2] == batches <= 4
        assert counts.loads == before[3]
        assert counts.hops <= batches + 1
        assert counts.verified == 64


async def test_running_position(writer):
    """Of two widening entries with the same position in one batch the second sees that it is stale (P6, W2)."""
    stream = await open_stream(writer)
    seen = []

    def widen(view):
        head = view.head(stream)
        seen.append(head.rules)
        if head.rules.seq != 0:
            raise WantedError
        return outcome(view, stream, rules("consent"))

    entries = [Act(widen, streams=(stream,)) for _ in range(2)]
    results = await together(writer, *entries)
    assert isinstance(results[1], WantedError)
    assert [position.seq for position in seen] == [0, 2]
    assert seen[1].leaf == results[0].leaf_hash


async def test_running_facts(writer):
    """Facts of an entry are seen by the next one of the same batch, and of later batches (W2)."""
    stream = await open_stream(writer)
    seen = []

    def look(view):
        seen.append(view.facts(stream))
        return outcome(view, stream, rules(f"fact{len(seen)}"))

    for count in (2, 1):
        await asyncio.gather(*(writer.submit(Act(look, streams=(stream,))) for _ in range(count)))
    kinds = [[kind for _seq, kind, _subject in compiled] for compiled in seen]
    assert kinds[0] == []
    assert kinds[-1] == ["fact1", "fact2"]
    assert all(kinds[at] == kinds[-1][: len(kinds[at])] for at in range(len(kinds)))


async def test_items_position(writer):
    """An items fact moves the items position alone."""
    stream = await open_stream(writer, rules("key"))
    fact = rules("item-version")
    fact = type(fact)("items", fact.kind, fact.subject, fact.body)
    await writer.submit(Act(lambda view: outcome(view, stream, fact), streams=(stream,)))
    head = await writer.submit(
        Act(
            lambda view: outcome(view, stream, answer=lambda _: (view.head(stream).rules.seq, view.head(stream).items)),
            streams=(stream,),
        )
    )
    assert head[0] == 1
    assert head[1].seq == 2


async def test_facts_of_another_process(pool):
    """A writer whose memory of a stream is old reads what is newer and judges by that (W2)."""
    async with running(pool) as one, running(pool) as other:
        stream = await open_stream(one, rules("first"))
        await other.submit(read(stream))
        for kind in ("second", "third"):
            fact = rules(kind)
            await one.submit(Act(lambda view, fact=fact: outcome(view, stream, fact), streams=(stream,)))  # type: ignore[misc]  # a default argument binds the loop's value

        def look(view):
            compiled = view.facts(stream)
            return outcome(view, stream, answer=lambda _: compiled)

        compiled = await other.submit(Act(look, streams=(stream,)))
        assert [kind for _, kind, _ in compiled] == ["first", "second", "third"]


async def test_foreign_facts(pool):
    """Facts of a stream that is not locked are those of its head as committed last (W2)."""
    async with running(pool) as one, running(pool) as other:
        person = await open_stream(one, rules("key-chain"), kind="person")
        dossier = await open_stream(other)

        def look(view):
            compiled = view.facts(person)
            return outcome(view, dossier, answer=lambda _: compiled)

        act = {"streams": (dossier,), "foreign": (person,)}
        assert len(await other.submit(Act(look, **act))) == 1
        await one.submit(Act(lambda view: outcome(view, person, rules("person-revoked")), streams=(person,)))
        assert [kind for _, kind, _ in await other.submit(Act(look, **act))] == ["key-chain", "person-revoked"]


async def test_facts_that_never_come(writer):
    """An entry whose facts cannot be had leaves three times at most, then gets unavailable, not a wrong answer (P9, W2)."""
    stream = await open_stream(writer)
    asked = []

    def look(view):
        asked.append(1)
        del view._compiled[stream]
        return view.facts(stream)

    with pytest.raises(UnavailableError):
        await writer.submit(Act(look, streams=(stream,)))
    assert len(asked) == PATIENT.tries + 1


async def test_narrowing_goes_first(pool):
    """In a batch a narrowing entry stands before every other, whatever the order of arrival (P7, W3)."""
    hold = asyncio.Event()

    async with running(pool, loader=Slow(hold)) as writer:
        stream = await open_stream(writer)
        first = asyncio.create_task(writer.submit(read(stream, wants=(1,))))
        await asyncio.sleep(0.02)
        rest = [asyncio.create_task(writer.submit(read(stream))) for _ in range(5)]
        ending = asyncio.create_task(writer.submit(read(stream, narrowing=True)))
        await asyncio.sleep(0.02)
        hold.set()
        await first
        assert (await ending).seq < min([(await task).seq for task in rest])


async def test_refusal_stores_nothing(writer, pool):
    """An entry that refuses leaves no row, and the others of its batch are written (W5)."""
    stream = await open_stream(writer)

    def refuse(view):
        raise WantedError

    acts = [read(stream), Act(refuse, streams=(stream,), claim=claim(b"refused")), read(stream)]
    results = await together(writer, *acts)
    assert isinstance(results[1], WantedError)
    assert await seqs(pool, stream) == [1, 2, 3]
    assert not await pool.fetch("SELECT FROM audit.claim WHERE key = $1", claim(b"refused").key)


async def test_bad_signature_is_refused_before_the_lock(writer):
    """What verify raises goes to its own caller; judge is never asked."""
    stream = await open_stream(writer)

    class Forged(Entry):
        streams = (stream,)

        def verify(self):
            raise WantedError

        def judge(self, _view):
            raise AssertionError

    results = await together(writer, Forged(), read(stream))
    assert isinstance(results[0], WantedError)
    assert results[1].seq == 2


async def test_idempotency(writer, pool):
    """Same key and body: the kept answer again, one event; another body: a conflict (W7)."""
    stream = await open_stream(writer)

    def once(view):
        return outcome(view, stream, answer=lambda _: b"answer", keep=lambda answer: answer)

    first = await writer.submit(Act(once, streams=(stream,), claim=claim(b"once")))
    again = await writer.submit(Act(once, streams=(stream,), claim=claim(b"once")))
    assert (first, again) == (b"answer", ("again", b"answer", 2))
    with pytest.raises(RepeatedError):
        await writer.submit(Act(once, streams=(stream,), claim=claim(b"once", b"other")))
    assert await seqs(pool, stream) == [1, 2]


async def test_idempotency_at_once(pool):
    """The same key submitted many times at once, in two processes, writes one event (W7)."""
    async with running(pool) as one, running(pool) as other:
        streams = [await open_stream(one) for _ in range(2)]

        def act(at):
            stream = streams[at % 2]
            return Act(lambda view: outcome(view, stream), streams=(stream,), claim=claim(b"crowd"))

        results = await asyncio.gather(*((one, other)[at % 2].submit(act(at)) for at in range(20)))
        assert sum(not isinstance(result, tuple) for result in results) == 1
        stored = [await seqs(pool, stream) for stream in streams]
        assert sorted(map(len, stored)) == [1, 2]


async def test_failing_write_fails_alone(writer, pool):
    """An entry whose statement fails is refused alone; the others of its batch are written all the same (W5)."""
    stream = await open_stream(writer)
    twice = Write("INSERT INTO dossier.setting (name, value) VALUES ($1, $2)", ("twice", b""))
    await writer.submit(Act(lambda view: outcome(view, stream, writes=[twice]), streams=(stream,)))
    bad = Act(lambda view: outcome(view, stream, writes=lambda _receipts: [twice]), streams=(stream,))
    acts = [read(stream), bad, read(stream)]
    results = await together(writer, *acts)
    assert isinstance(results[1], RepeatedError)
    assert {results[0].seq, results[2].seq} == {3, 4}
    assert await seqs(pool, stream) == [1, 2, 3, 4]


async def test_large_outcome_goes_alone(writer, pool):
    """An outcome of more than 64 rows takes a batch of its own and is written whole (W5)."""
    stream = await open_stream(writer)
    facts = tuple(rules(f"fact{at}") for at in range(100))
    large = Act(lambda view: outcome(view, stream, *facts), streams=(stream,))
    receipts = await asyncio.gather(*map(writer.submit, [read(stream), large, read(stream)]))
    assert sorted(receipt.seq for receipt in receipts) == [2, 3, 4]
    assert await pool.fetchval("SELECT count(*) FROM audit.fact WHERE stream = $1", stream) == 100


async def test_unknown_stream(writer):
    """An entry for a stream that does not exist, or that it did not name, is refused."""
    unknown = new_id()
    with pytest.raises(UnknownStreamError):
        await writer.submit(Act(lambda view: outcome(view, view.head(unknown).stream), streams=(unknown,)))
    stream = await open_stream(writer)
    with pytest.raises(EventError):
        await writer.submit(Act(lambda view: outcome(view, stream)))


async def test_time_is_the_writers(writer):
    """An event with another time than its batch is refused: there is one clock (W4)."""
    stream = await open_stream(writer)

    def late(view):
        base = outcome(view, stream)
        old = make_event("decision/v1", {"actor": "ab" * 16, "time": view.now - 1})
        append = type(base.appends[0])(stream, old)
        return Outcome((append,), base.answer)

    with pytest.raises(EventError):
        await writer.submit(Act(late, streams=(stream,)))


async def test_answer_that_fails(writer, pool):
    """An answer that cannot be made before the commit undoes the entry: what is stored was answered (W5)."""
    stream = await open_stream(writer)

    def bad(receipts):
        raise WantedError

    acts = [Act(lambda view: outcome(view, stream, answer=bad), streams=(stream,)), read(stream)]
    results = await together(writer, *acts)
    assert isinstance(results[0], WantedError)
    assert await seqs(pool, stream) == [1, 2]


async def test_clock_set_back(writer, owner_pool):
    """A clock one hour back: nothing widens or reads, ending works at the stream's own time, and it heals (P7, P9, W4)."""
    async with clock(owner_pool, -7_200_000):
        other = await open_stream(writer)
    stream = await open_stream(writer)
    before = (await writer.submit(read(stream))).at_ms
    async with clock(owner_pool, -3_600_000):
        with pytest.raises(UnavailableError):
            await writer.submit(read(stream))
        flags = []

        def end(view):
            flags.append(view.clock_behind)
            return outcome(view, stream)

        acts = [read(stream), Act(end, streams=(stream,), narrowing=True), read(stream)]
        results = await together(writer, *acts)
        assert [type(result) for result in results[::2]] == [UnavailableError] * 2
        assert results[1].at_ms >= before
        assert flags == [True]
        # Also for streams that are not behind: a refusal tells nobody which stream was written to.
        for act in (read(other), read(other, foreign=(stream,))):
            with pytest.raises(UnavailableError):
                await writer.submit(act)
    assert (await writer.submit(read(stream))).at_ms >= before


async def test_clock_never_goes_back_within_a_stream(writer, owner_pool):
    """A clock up to two seconds back gives an event the time of the one before it (W4)."""
    stream = await open_stream(writer)
    before = (await writer.submit(read(stream))).at_ms
    async with clock(owner_pool, -1_500):
        assert (await writer.submit(read(stream))).at_ms >= before


async def test_withdrawal_race(pool):
    """No permit has a later number than the withdrawal, over many races in two processes (P7, W3)."""
    async with running(pool) as one, running(pool) as other:
        for _ in range(15):
            stream = await open_stream(one, rules("consent"))

            def reading(view, stream=stream):
                ended = any(kind == "consent-end" for _, kind, _ in view.facts(stream))
                return outcome(view, stream, kind="deny" if ended else "permit", answer=lambda r: (r[0].seq, ended))

            def end(view, stream=stream):
                return outcome(view, stream, rules("consent-end"))

            reads = [(one, other)[at % 2].submit(Act(reading, streams=(stream,))) for at in range(24)]
            stop = other.submit(Act(end, streams=(stream,), narrowing=True))
            receipt, *results = await asyncio.gather(stop, *reads)
            permits = [seq for seq, ended in results if not ended]
            assert all(seq < receipt.seq for seq in permits)
            assert all(seq > receipt.seq for seq, ended in results if ended)


async def test_key_epochs(writer, pool):
    """The events after an epoch's last are under the next key."""
    stream = await open_stream(writer, key=b"1" * 32)

    def rotate(view):
        base = outcome(view, stream)
        append = type(base.appends[0])(stream, event(view), next_key=b"2" * 32)
        return Outcome((append,), base.answer)

    before, last = await asyncio.gather(*map(writer.submit, [read(stream), Act(rotate, streams=(stream,))]))
    after = await writer.submit(read(stream))
    from audit.stream import event_tag

    tags = [receipt.leaf[1:33] for receipt in (before, last, after)]
    assert tags == [event_tag(key * 32, seq) for key, seq in ((b"1", 2), (b"1", 3), (b"2", 4))]
    async with running(pool) as other:
        receipt = await other.submit(read(stream))
        assert receipt.leaf[1:33] == event_tag(b"2" * 32, 5)


def test_deadline_of_a_service():
    """A service answers within a quarter of a second or says that it cannot; what narrows access waits for longer (P3, P7)."""
    assert (WriterLimits().deadline, WriterLimits().narrowing_deadline) == (250, 10_000)


async def test_deadline(pool):
    """An entry past its deadline gets unavailable, and nothing of it is released however the commit ends (P3, W6)."""
    hold = asyncio.Event()

    limits = WriterLimits(deadline=50, patience=20_000)
    async with running(pool) as quick:
        stream = await open_stream(quick)
    async with running(pool, loader=Slow(hold), limits=limits) as writer:
        with pytest.raises(UnavailableError, match="deadline"):
            await writer.submit(read(stream, wants=(1,)))
        hold.set()


async def test_gate(pool):
    """A closed gate refuses everything but what ends access (P7, P9, W3)."""
    async with running(pool) as opener:
        stream = await open_stream(opener)
    async with running(pool, gate=lambda: "the log is behind") as writer:
        with pytest.raises(UnavailableError):
            await writer.submit(read(stream))
        assert (await writer.submit(read(stream, narrowing=True))).seq == 2


async def test_lost_connection(writer, pool):
    """A connection that dies before COMMIT was sent costs nothing: the entry is written on a new one (P10, W6)."""
    stream = await open_stream(writer)
    for seq in (2, 3):
        for lane in writer._lanes:
            with contextlib.suppress(asyncpg.InterfaceError):
                (await lane.connected()).terminate()
        assert (await writer.submit(read(stream))).seq == seq
    assert await seqs(pool, stream) == [1, 2, 3]


@pytest.mark.parametrize("done", [True, False])
async def test_unknown_outcome(pool, done):
    """When the answer to COMMIT is lost nothing is tried again or released; the key tells what came of it (P10, W6)."""
    lost: list[str] = []

    class Deaf:
        """A connection that loses the answer to one COMMIT."""

        def __init__(self, connection):
            self._connection = connection

        def __getattr__(self, name):
            return getattr(self._connection, name)

        async def execute(self, statement, *args):
            if statement == "COMMIT" and not lost:
                lost.append(await self._connection.execute("COMMIT" if done else "ROLLBACK"))
                raise ConnectionResetError
            return await self._connection.execute(statement, *args)

    async with running(pool, limits=replace(PATIENT, lanes=1)) as writer:
        stream = await open_stream(writer)
        lane = writer._lanes[0]
        lane._connection = Deaf(await lane.connected())

        def act():
            return read(stream, claim=claim(b"lost%d" % done))

        with pytest.raises(UnavailableError):
            await writer.submit(act())
        assert await seqs(pool, stream) == [1, 2][: 1 + done]
        answer = await writer.submit(act())
        assert answer == ("again", None, 2) if done else answer.seq == 2
        assert await seqs(pool, stream) == [1, 2]


async def test_stop_refuses_what_waits(pool):
    """After stop nothing is taken any more."""
    async with running(pool) as writer:
        stream = await open_stream(writer)
    with pytest.raises(UnavailableError):
        await writer.submit(read(stream, narrowing=True))


async def test_opening_twice(writer):
    """A stream is opened once."""
    stream = await open_stream(writer)
    opening = Opening(stream, "dossier", b"k" * 32)
    with pytest.raises(RepeatedError):
        await writer.submit(Act(lambda view: outcome(view, stream, openings=(opening,))))


async def test_append_refuses_what_is_out_of_order(writer, pool):
    """The database itself refuses a head that moved, a gap and a number twice (W1)."""
    stream = await open_stream(writer)
    columns = [0, "2026-01", [stream], [7], [8], [b"l" * 32], [0], [b""], [0], [b""], [0]]
    columns += [[stream], [8], [new_id(stream[:2])], [b"\x01" * 97], [b"s"], [b"p"]] + [[] for _ in range(15)]
    async with pool.acquire() as connection:
        for expected, seq in ((7, 8), (1, 3), (1, 1)):
            columns[0], columns[3], columns[4], columns[12] = 2**50, [expected], [seq], [seq]
            with pytest.raises(asyncpg.PostgresError):
                await store.append(connection, columns)
