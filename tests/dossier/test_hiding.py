from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import UnavailableError
from audit.payload import open_payload
from crypto.encoding import new_id
from dossier.auditing.service import Auditing
from dossier.auditing.store import EventStore
from dossier.dossiers.service import Dossiers
from dossier.dossiers.store import DossierStore
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore
from dossier.errors import NotFoundError
from dossier.hiding.telling import HOUR, Teller
from dossier.hiding.ticks import FLOOR, TICK, release_time
from dossier.items.store import ItemStore
from dossier.parties.service import Parties
from dossier.parties.store import PartyStore
from dossier.requests.service import Requests
from dossier.requests.store import RequestStore
from dossier.sharing.service import Sharing
from tests.audit.town import KEYS, clock
from tests.dossier.town import now, running_town


@given(st.floats(0, 1e6), st.floats(0, 10))
def test_release_is_at_a_tick(arrival, work):
    """A hidden answer leaves after it is ready, at a whole tick from arrival, 50 ms after it at the earliest (N52)."""
    leaves = release_time(arrival, arrival + work)
    waited = leaves - arrival
    assert waited >= FLOOR - 1e-6
    assert waited >= work - 1e-6
    assert waited < max(work, FLOOR) + TICK + 1e-6
    assert abs(waited / TICK - round(waited / TICK)) < 1e-3


@given(st.floats(0, FLOOR), st.floats(0, FLOOR))
def test_quick_answers_leave_together(first, second):
    """Whatever takes less than 50 ms leaves at the same instant after arrival."""
    assert release_time(0.0, first) == release_time(0.0, second)


@pytest.fixture(scope="module")
async def world(world):
    """The reader, the dossier and its item."""
    return world[2:]


async def events(town, stream, schema):
    rows = await town.pool.fetch("SELECT seq, month, sealed FROM audit.payload WHERE stream = $1 ORDER BY seq", stream)
    found = [open_payload(KEYS.find(row["month"]), stream, row["seq"], row["sealed"])[0] for row in rows]
    return [event for event in found if event.schema.id == schema]


async def knock(town, reader, item):
    with pytest.raises(NotFoundError):
        await town.read(reader, item)


async def test_dossier_hears_of_it_with_a_count(town, world):
    """The dossier hears of hidden requests: one event for actor, reason and hour, with a count (P4)."""
    reader, home, item = world
    teller = Teller(town.writer, town.hidden)
    for _ in range(3):
        await knock(town, reader, item)
    assert await teller.run_once(now()) == 1
    (event,) = await events(town, home.id, "hidden/v1")
    assert (event["actor"], event.number("count"), event.items("subjects")) == (reader.id.hex(), 3, [item.hex()])
    await knock(town, reader, item)
    assert await teller.run_once(now()) == 0
    assert await teller.run_once((now() // HOUR + 1) * HOUR) == 1
    assert [each.number("count") for each in await events(town, home.id, "hidden/v1")] == [3, 1]


async def test_nobody_is_told_of_what_is_absent(town, world, pool):
    """Rows about things that do not exist go without a word, and leave nothing behind."""
    reader = world[0]
    await knock(town, reader, new_id())
    assert await pool.fetchval("SELECT count(*) FROM dossier.outbox") == 1
    assert await Teller(town.writer, town.hidden).run_once(now()) == 0
    assert await pool.fetchval("SELECT count(*) FROM dossier.outbox") == 0


async def test_same_events_for_absent_and_hidden(town, world):
    """What the actor may see of the event has the same fields whether the target exists or not (N54)."""
    reader, _home, item = world
    before = len(await events(town, reader.id, "decision/v1"))
    await knock(town, reader, item)
    await knock(town, reader, new_id())
    hidden, absent = (await events(town, reader.id, "decision/v1"))[before:]
    visible = hidden.schema.visible("actor")
    same = [at for at in visible if hidden.schema.fields[at].name not in {"subjects", "statement", "request", "time"}]
    assert [hidden.values[at] for at in same] == [absent.values[at] for at in same]


async def test_looks_at_what_is_hidden_are_written_down(town, world, pool):
    """Each look at another's dossier, consents or stream leaves the same event and row as one at nothing (P4, N54)."""
    _reader, home, _item = world
    consent = await town.give(home, _reader)
    stranger = await town.person("Vreemd")
    epochs = Epochs(EpochStore(pool), town.sharing, ItemStore(pool))
    dossiers = Dossiers(DossierStore(pool), PartyStore(pool), town.writer, epochs)
    sharing, requests = Sharing(town.sharing, town.writer), Requests(RequestStore(pool), PartyStore(pool), town.writer)
    auditing, parties = (
        Auditing(EventStore(pool), PartyStore(pool), town.writer, KEYS),
        Parties(PartyStore(pool), town.writer, (), KEYS),
    )
    looks = [
        *((each, home.id) for each in (dossiers.show, dossiers.statements, dossiers.capsules, dossiers.rotations)),
        *((each, home.id) for each in (sharing.consents, requests.of_dossier, parties.stream_keys)),
        (lambda actor, dossier: auditing.of_dossier(actor, dossier, 0, 10), home.id),
        (sharing.capsules, consent),
    ]
    await Teller(town.writer, town.hidden).run_once(now())  # what other tests left
    waited = await pool.fetchval("SELECT count(*) FROM dossier.outbox")
    for look, target in looks:
        for asked in (target, new_id(target[:2])):
            with pytest.raises(NotFoundError):
                await look(stranger.actor, asked)
    kept = await events(town, stranger.id, "hidden/v1")
    assert len(kept) == 2 * len(looks)
    hidden, absent = kept[::2], kept[1::2]
    assert [each.items("subjects") for each in hidden] == [[target.hex()] for _, target in looks]
    for name in ("actor", "organisation", "role", "action", "purpose", "reason", "count"):
        assert {each[name] for each in (*hidden, *absent)} == {hidden[0][name]}
    assert await pool.fetchval("SELECT count(*) FROM dossier.outbox") == waited + 2 * len(looks)
    before = len(await events(town, home.id, "hidden/v1"))
    assert await Teller(town.writer, town.hidden).run_once(now()) == 1
    told = (await events(town, home.id, "hidden/v1"))[before:]
    assert [(each["actor"], each.number("count")) for each in told] == [(stranger.id.hex(), len(looks))]
    assert set(told[0].items("subjects")) == {home.id.hex(), consent.hex()}
    # Whoever may look leaves nothing behind.
    assert await dossiers.show(home.owner.actor, home.id)
    assert await events(town, home.owner.id, "hidden/v1") == []


async def test_hidden_while_the_clock_is_behind(pool, owner_pool):
    """While the clock is behind, hidden and absent are refused alike: no answer tells that something was written (N54)."""
    async with running_town(pool) as town:
        agency = await town.agency()
        stranger = await town.person("Vreemd", agency, "debt-counsellor")
        home = await town.dossier(await town.person("Sanne"))
        await town.admit(home, agency)
        system = await town.system(agency)
        await knock(town, stranger, new_id())
        async with clock(owner_pool, 10_000):
            item = await town.deliver(home, system)
        for each in (new_id(item[:2]), item):
            with pytest.raises(UnavailableError):
                await town.read(stranger, each)
