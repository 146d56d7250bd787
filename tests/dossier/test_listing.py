"""Lists of items: a title is released under the same duties as a record."""

from dossier.items.listing import ListRequest
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore


async def test_what_wants_a_reason_is_not_listed_without_one(town):
    """Of records whose label wants a reason, not even titles leave without one; the owner needs none (P2, P4)."""
    home = await town.dossier(await town.person("Hanneke"))
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    await town.give(home, reader)
    plain = await town.deliver(home, home.owner)
    special = await town.deliver(home, home.owner, label="special")
    lists = ItemLists(ItemStore(town.pool), town.writer)

    async def listed(actor, **asked):
        page = await lists.page(actor, ListRequest(home.id, **asked))
        return {bytes.fromhex(each.item) for each in page.items}

    asked = {"role": reader.role, "purpose": "debt-help"}
    assert await listed(reader.actor, **asked) == {plain}
    assert await listed(reader.actor, **asked, reason="intake") == {plain, special}
    assert await listed(home.owner.actor) == {plain, special}
