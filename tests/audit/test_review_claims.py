"""What a review found of idempotency keys: their kept answers must not outlive, in the clear, the events they open."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from audit.entry import Fact
from audit.errors import RepeatedError
from audit.payload import answer_month, open_answer
from dossier import forgetting
from tests.audit.town import KEYS, Act, claim, open_stream, outcome, read, running

ANSWER = b"who looked at what, and the salts that open it"


@pytest.fixture
async def writer(pool):
    """A running writer."""
    async with running(pool) as opened:
        yield opened


async def keep(writer, stream, name):
    """Do an act once whose answer is kept."""
    act = Act(
        lambda view: outcome(view, stream, answer=lambda _: ANSWER, keep=lambda answer: answer),
        streams=(stream,),
        claim=claim(name),
    )
    return await writer.submit(act)


async def test_kept_answers_are_sealed(writer, pool):
    """What is kept for an idempotency key stands in the database under its month's key, for its own key alone (P1)."""
    stream = await open_stream(writer)
    await keep(writer, stream, b"sealed")
    assert await keep(writer, stream, b"sealed") == ("again", ANSWER, 2)
    kept = await pool.fetchval("SELECT kept FROM audit.claim WHERE key = $1", claim(b"sealed").key)
    assert ANSWER not in kept
    asked = claim(b"sealed")
    assert open_answer(KEYS.find(answer_month(kept)), (asked.actor, asked.route, asked.key), kept) == ANSWER


async def test_another_claims_answer_is_not_given(writer, owner_pool):
    """An answer that was moved to another key in the database is refused."""
    stream = await open_stream(writer)
    await keep(writer, stream, b"mine")
    await keep(writer, stream, b"other")
    await owner_pool.execute(
        "UPDATE audit.claim SET kept = (SELECT kept FROM audit.claim WHERE key = $1) WHERE key = $2",
        claim(b"other").key,
        claim(b"mine").key,
    )
    with pytest.raises(RepeatedError):
        await keep(writer, stream, b"mine")


async def test_old_claims_go_by_themselves(writer, pool, owner_pool):
    """The service forgets idempotency keys that are older than seven days; what is erased lives on nowhere."""
    stream = await open_stream(writer)
    await writer.submit(read(stream, claim=claim(b"week")))
    await owner_pool.execute("UPDATE audit.claim SET at = at - 8 * 86400000::bigint WHERE key = $1", claim(b"week").key)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await forgetting.forget_forever(pool)
    assert await pool.fetchval("SELECT count(*) FROM audit.claim WHERE key = $1", claim(b"week").key) == 0


async def test_recall_sees_no_rows_older_than_its_batch(pool):
    """A repeated act waits, as a new one does, when its batch moved the items behind the rows that it wanted (W2)."""
    loads, seen = [], []

    class Loader:
        async def load(self, _connection, _wants):
            loads.append(len(loads))
            return {"rows": loads[-1]}

    class Reading(Act):
        def recall(self, claimed, view):
            seen.append(view.rows("rows"))
            return super().recall(claimed, view)

    async with running(pool, loader=Loader()) as writer:
        stream = await open_stream(writer)
        used = {"streams": (stream,), "wants": ("rows",), "claim": claim(b"reading")}
        await writer.submit(Reading(lambda view: outcome(view, stream), **used))
        moved = Fact("items", "removal", stream, {})
        move = Act(lambda view: outcome(view, stream, moved), streams=(stream,), narrowing=True)
        before = len(loads)
        await asyncio.gather(writer.submit(Reading(lambda view: outcome(view, stream), **used)), writer.submit(move))
    assert seen == [loads[-1]]
    assert len(loads) == before + 2
