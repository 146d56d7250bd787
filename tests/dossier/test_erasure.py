from __future__ import annotations

import hashlib

import asyncpg
import pytest

from audit.entry import Append, Entry, Outcome
from audit.event import make_event
from audit.history import StreamEvent, first_head, verify_stream
from audit.opening import open_fields
from audit.store import load_streams
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from dossier import database
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore, open_row
from dossier.erasure import ErasePayload
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError
from dossier.facts.compiler import Compiler
from dossier.store import Loader
from tests.audit.town import KEYS, PATIENT, SIGNER


@pytest.fixture(scope="module")
async def eraser(database_urls):
    """A writer that connects as the eraser's role."""
    pool = await database.open_pool(database_urls.eraser, smallest=1, largest=3)
    writer = Writer(pool, KEYS, SIGNER, Compiler(shipped_catalogues()), Loader(), limits=PATIENT)
    await writer.start()
    yield writer
    await writer.stop()
    pool.terminate()


@pytest.fixture(scope="module")
async def world(town):
    agency, owner = await town.agency(), await town.person("Sanne")
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, await town.system(agency))
    await town.give(home, reader)
    answer = await town.read(reader, item)
    return home, answer.promise.seq


async def shown(pool, stream):
    """Return the events of a stream as its owner sees them."""
    rows = await EventStore(pool).of_stream(stream, 0, 500)
    opened = [(row, open_row(row, KEYS)) for row in rows]
    return [
        StreamEvent(row.seq, row.leaf, open_fields(each.event, each.seed, "owner") if each else None)
        for row, each in opened
    ]


async def test_erased_payload_leaves_stream_and_replay_in_order(town, world, eraser, pool):
    """P5, P8: the stream still verifies, the decision is "not replayable: erased by event X", and nothing is wrong."""
    home, seq = world
    receipt = await eraser.submit(ErasePayload(home.id, seq, "operator", "retention"))
    checked = verify_stream(
        home.id.hex(),
        [home.stream_key],
        await shown(pool, home.id),
        first_head(hashlib.sha256(home.stream_key).digest()),
    )
    assert checked.erased == (seq,)
    assert checked.events[receipt.seq]["ground"] == "retention"
    found = await Replayer(EventStore(pool), KEYS, shipped_catalogues()).run(home.id)
    assert found.ok
    assert [(each.seq, each.text) for each in found.gone] == [
        (seq, f"not replayable: erased by event {receipt.event_id.hex()}")
    ]
    async with pool.acquire() as connection:
        assert (await load_streams(connection, [home.id]))[home.id].head.seq == receipt.seq
    with pytest.raises(ConflictError) as refused:
        await eraser.submit(ErasePayload(home.id, seq, "operator", "retention"))
    assert refused.value.code == "erased"
    with pytest.raises(ConflictError) as refused:
        await eraser.submit(ErasePayload(home.id, receipt.seq, "operator", "retention"))
    assert refused.value.code == "needed-event"


async def test_what_is_not_there_is_not_erased(world, eraser):
    """An event that does not exist, and a ground that is no code, are refused and nothing is written."""
    home, _ = world
    with pytest.raises(NotFoundError):
        await eraser.submit(ErasePayload(home.id, 999, "operator", "retention"))
    with pytest.raises(InvalidRequestError):
        ErasePayload(home.id, 1, "operator", "because we want to")


async def test_event_that_commits_a_key_stays(town, world, eraser):
    """Without the event that commits the next stream key nobody could check what follows: it is never erased."""
    home, _ = world
    key = b"k" * 32

    class NextEpoch(Entry):
        streams = (home.id,)

        def judge(self, view):
            values = {"actor": home.owner.id.hex(), "next": hashlib.sha256(key).hexdigest(), "time": view.now}
            append = Append(home.id, make_event("epoch/v1", values), next_key=key)
            return Outcome((append,), lambda receipts: receipts[0])

    receipt = await town.writer.submit(NextEpoch())
    town.forged.append("not replayable: nobody knows how to make such an act again")
    with pytest.raises(ConflictError) as refused:
        await eraser.submit(ErasePayload(home.id, receipt.seq, "operator", "retention"))
    assert refused.value.code == "needed-event"


async def test_the_service_cannot_erase(town, world, pool):
    """The service's own role can neither erase nor leave an event that says it did."""
    home, _ = world
    before = len(await shown(pool, home.id))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await town.writer.submit(ErasePayload(home.id, 1, "operator", "retention"))
    assert len(await shown(pool, home.id)) == before
