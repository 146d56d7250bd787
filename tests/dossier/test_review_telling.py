"""What a review found of telling owners: how somebody could keep a dossier, or all of them, from hearing."""

from __future__ import annotations

import pytest

from audit.payload import open_payload
from crypto.encoding import new_id
from crypto.statements import sign
from dossier.dossiers.govern import Govern, Submission
from dossier.errors import NotFoundError
from dossier.hiding import telling
from dossier.hiding.store import hidden_write
from dossier.hiding.telling import Teller
from dossier.items.listing import ListRequest
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.sharing.service import Sharing
from tests.audit.town import KEYS
from tests.dossier.town import claim, now


@pytest.fixture(scope="module")
async def world(town):
    agency = await town.agency()
    owner = await town.person("Sanne")
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    return reader, await town.dossier(owner)


async def ask_for_many(town, owner_pool, reader, home, count):
    """Leave the rows of hidden requests for so many items of a dossier; return their ids."""
    items = [new_id(home.id[:2]) for _ in range(count)]
    await owner_pool.executemany(
        "INSERT INTO dossier.item VALUES (audit.bucket($1), $1, $2, 1)", [(item, home.id) for item in items]
    )
    writes = [hidden_write(reader.actor, item, "read", "debt-help", "intake", reader.role, now()) for item in items]
    await owner_pool.executemany(writes[0].statement, [write.args for write in writes])
    return items


async def hidden_events(town, home):
    rows = await town.pool.fetch("SELECT seq, month, sealed FROM audit.payload WHERE stream = $1 ORDER BY seq", home.id)
    found = [open_payload(KEYS.find(row["month"]), home.id, row["seq"], row["sealed"])[0] for row in rows]
    return [event for event in found if event.schema.id == "hidden/v1"]


async def test_many_targets_never_stop_the_telling(town, world, owner_pool):
    """Two thousand items of one dossier, asked for at once, are told in events that each fit; nothing stays stuck (P4)."""
    reader, home = world
    items = await ask_for_many(town, owner_pool, reader, home, 2_000)
    assert await Teller(town.writer, town.hidden).run_once(now()) == 4
    events = await hidden_events(town, home)
    assert {each for event in events for each in event.items("subjects")} == {item.hex() for item in items}
    assert sum(event.number("count") for event in events) == len(items)
    assert await town.pool.fetchval("SELECT count(*) FROM dossier.outbox") == 0


async def test_one_round_tells_all(town, world, owner_pool, monkeypatch):
    """More rows than one look takes make nobody wait: a flood by one does not delay what others hear (P4)."""
    monkeypatch.setattr(telling, "MOST", 10)
    reader, home = world
    await ask_for_many(town, owner_pool, reader, home, 25)
    await Teller(town.writer, town.hidden).run_once(now() + 3_600)
    assert await town.pool.fetchval("SELECT count(*) FROM dossier.outbox") == 0


async def test_dossier_hears_of_refused_lists(town, world):
    """A list that is refused is an event of the one who asked, and the dossier hears of it; alike for none (P4, N54)."""
    reader, home = world
    lists = ItemLists(ItemStore(town.pool), town.writer)
    before = await town.pool.fetchval("SELECT seq FROM audit.head WHERE stream = $1", reader.id)
    for target in (home.id, new_id()):
        with pytest.raises(NotFoundError):
            await lists.page(reader.actor, ListRequest(target, role=reader.role, purpose="debt-help", reason="care"))
    assert await town.pool.fetchval("SELECT seq FROM audit.head WHERE stream = $1", reader.id) == before + 2
    assert await Teller(town.writer, town.hidden).run_once(now()) == 1
    event = (await hidden_events(town, home))[-1]
    assert (event["actor"], event["action"], event["purpose"]) == (reader.id.hex(), "list", "debt-help")


async def test_blocked_person_sees_no_consent(town, world):
    """Who is blocked finds neither the consents that name them nor the keys that came with these (P2)."""
    reader, home = world
    sharing = Sharing(town.sharing, town.writer)
    consent = await town.give(home, reader)
    assert (await sharing.consents(reader.actor, home.id)).consents
    assert (await sharing.capsules(reader.actor, consent)).capsules
    owner = home.owner
    fields = {"block": new_id(home.id[:2]).hex(), "dossier": home.id.hex(), "person": reader.id.hex()}
    fields |= {"from": now() - 5, "until": now() + 1_000, "capacity": "owner"}
    block = sign("block", fields | {"signer": owner.id.hex(), "issuedAt": now()}, owner.signing)
    await town.writer.submit(Govern(owner.actor, home.id, Submission(block), claim(owner.actor)))
    with pytest.raises(NotFoundError):
        await sharing.consents(reader.actor, home.id)
    with pytest.raises(NotFoundError):
        await sharing.capsules(reader.actor, consent)
