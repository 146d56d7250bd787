"""Adoption: a holder keeps an item key under the list key of the section in which the item stands."""

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import sha256
from dossier.auditing.store import EventStore, open_row
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.items.adopting import Wrap
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from tests.audit.town import KEYS
from tests.dossier.test_succession import change, holder, next_list

HERE = ("debts", "ordinary", 0)


@pytest.fixture
def lists(town):
    """Lists as the service builds them."""
    return ItemLists(ItemStore(town.pool), town.writer)


async def kept(town, item):
    """What is kept for an item."""
    query = "SELECT section, lane, epoch, wrapped FROM dossier.wrap WHERE item = $1"
    return [tuple(row) for row in await town.pool.fetch(query, item)]


async def test_owner_adopts_and_replaces(town, home, lists):
    """The owner keeps an item key, and may replace it."""
    item = await town.deliver(home, home.owner)
    for wrapped in (b"first", b"second"):
        await lists.adopt(home.owner.actor, item, Wrap(1, *HERE, wrapped))
    assert await kept(town, item) == [(*HERE, b"second")]


async def test_adoption_is_an_event(town, home, lists):
    """Each adoption is an event of the dossier: who kept which key of which item; it moves no position (P4)."""
    item = await town.deliver(home, home.owner)
    view = await town.writer.look((home.id,))
    before = view.head(home.id)
    await lists.adopt(home.owner.actor, item, Wrap(1, *HERE, b"wrapped"))
    head = (await town.writer.look((home.id,))).head(home.id)
    assert (head.seq, head.rules, head.items) == (before.seq + 1, before.rules, before.items)
    row = (await EventStore(town.pool).of_stream(home.id, before.seq, 10))[0]
    event = open_row(row, KEYS).event
    fields = [event[name] for name in ("kind", "actor", "subject", "sequence", "keyHash")]
    assert fields == ["adoption", home.owner.id.hex(), item.hex(), "1", sha256(b"wrapped").hex()]


@pytest.mark.parametrize(
    "version, place",
    [
        (1, ("income", "ordinary", 0)),
        (1, ("debts", "vault", 0)),
        (1, ("anything", "else", 0)),
        (1, ("debts", "ordinary", 1)),
        (2, HERE),
    ],
)
async def test_only_where_it_stands(town, home, lists, version, place):
    """No row is kept for another place, an epoch or version that is not there: rows are as many as there are versions."""
    item = await town.deliver(home, home.owner)
    with pytest.raises(InvalidRequestError) as caught:
        await lists.adopt(home.owner.actor, item, Wrap(version, *place, b"wrapped"))
    assert caught.value.code == "wrong-place"
    assert await kept(town, item) == []


async def test_limited_holder_keeps_to_their_sections(town, home, lists):
    """Somebody who holds one section replaces no wrap of another (P6)."""
    helper = await town.person("Vera")
    listed = [holder(home.owner, "owner"), holder(helper, "mandate", full=False, sections=["income"])]
    statement = await next_list(town, home, listed, [home.owner])
    keys = {KeyId.section(home.place("income")): home.secrets["income", "ordinary"]}
    await change(town, home, statement, [seal_capsule(statement.hash, helper.id, helper.sealing.public, keys)])
    debts, income = await town.deliver(home, home.owner), await town.deliver(home, home.owner, section="income")
    with pytest.raises(NotFoundError):
        await lists.adopt(helper.actor, debts, Wrap(1, *HERE, b"wrapped"))
    await lists.adopt(helper.actor, income, Wrap(1, "income", "ordinary", 0, b"wrapped"))
    assert (await kept(town, debts), await kept(town, income)) == ([], [("income", "ordinary", 0, b"wrapped")])
