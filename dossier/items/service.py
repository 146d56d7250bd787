"""What the edge asks of items: pages of a list with what is sealed in them, and adoption.

The states of a dossier's items are remembered by its `items` position and only ever extended by newer records.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.writer import Writer
from dossier.answers import Answer, Promise, promise
from dossier.errors import NotFoundError
from dossier.facts.foreign import foreign_streams
from dossier.hiding.absent import Absent
from dossier.items.adopting import Adopt, Wrap
from dossier.items.listing import Items, ItemsMovedError, ListItems, ListRequest, NothingListedError, Page
from dossier.items.state import ItemState, compile_item
from dossier.items.store import ItemStore
from dossier.items.unlisted import RefuseList
from dossier.parties.actor import Actor

KEPT_DOSSIERS = 64
TRIES = 3


class ShownWrap(Answer, frozen=True):
    """An item key under the list key of a section, lane and epoch."""

    section: str
    lane: str
    epoch: int
    wrapped: bytes


class ShownItem(Answer, frozen=True):
    """One item of a list: where it stands now, its newest version as signed and sealed.

    `placedKey` is its item key sealed for another place and `placement` the statement that did it; both empty where the
    newest version was not sealed anew. `standsBy` is the statement that placed the item last, with or without a key,
    empty where it stands where it was born. `standsBy` and `wraps` are for holders only.
    """

    item: str
    version: int
    section: str
    lane: str
    label: str
    type: str
    source: str
    cases: list[str]
    header: bytes
    sealed_key: bytes
    sealed_metadata: bytes
    placement: bytes
    placed_key: bytes
    stands_by: bytes
    wraps: list[ShownWrap]


class ItemPage(Answer, frozen=True, omit_defaults=True):
    """A page of items, newest delivery first; `next` is there if another page follows.

    `capsules` are the caller's own, of the consents that permitted this page; a holder has the dossier's keys.
    """

    items: list[ShownItem]
    capsules: list[bytes]
    promise: Promise
    next: str = ""


@dataclass
class ItemLists:
    """Lists of items. Owned by the event loop; `_kept` maps a dossier to its items at one position."""

    store: ItemStore
    writer: Writer
    _kept: OrderedDict[bytes, Items] = field(default_factory=OrderedDict)
    _absent: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    async def page(self, actor: Actor, request: ListRequest) -> ItemPage:
        """List one page for the actor; raise NotFoundError when there is nothing that the actor may know of."""
        page = await self._listed(actor, request)
        if page is None:
            raise NotFoundError
        return await self._filled(actor, request.dossier, page)

    async def _listed(self, actor: Actor, request: ListRequest) -> Page | None:
        """The page, None once its refusal is written down."""
        for left in reversed(range(TRIES)):
            items = await self._items(actor, request)
            try:
                return await self._list(actor, request, items)
            except ItemsMovedError:
                if not left:
                    raise
        raise AssertionError("not reached")

    async def _list(self, actor: Actor, request: ListRequest, items: Items) -> Page | None:
        name = secrets.token_bytes(16)
        try:
            return await self.writer.submit(ListItems(actor, request, items, name))
        except NothingListedError:
            await self.writer.submit(RefuseList(actor, request, items, name))
            return None

    async def _filled(self, actor: Actor, dossier: bytes, page: Page) -> ItemPage:
        rows, states, holds = await self.store.newest_versions(page.items), page.states, page.holds
        placements = {states[item].placement for item in page.items} if holds else set()
        placed = await self.store.placements(dossier, placements - {""})
        shown = [_shown(states[item], rows[item], placed, holds=holds) for item in page.items if item in rows]
        capsules = [] if holds else await self.store.capsules(dossier, actor.id, page.rules)
        following = page.items[-1].hex() if page.more else ""
        return ItemPage(shown, capsules, promise(page.receipt, "owner" if holds else "actor"), following)

    async def adopt(self, actor: Actor, item: bytes, wrap: Wrap) -> None:
        """Keep an item key under the list key of where it stands; raise as `Adopt` does."""
        dossier = await self.store.dossier_of(item)
        # What is not there is wanted like what is: no stream has the id of an item.
        entry = Adopt(actor, dossier or item, item, wrap)
        await self.writer.submit(entry if dossier else Absent(actor, None, entry.wants))

    async def _items(self, actor: Actor, request: ListRequest) -> Items:
        view = await self.writer.look((request.dossier, *foreign_streams(actor, request.case)))
        if not view.exists(request.dossier):
            return await self._none(request.dossier)
        wanted = view.head(request.dossier).items.seq
        kept = self._kept.get(request.dossier, Items(0, {}))
        if kept.position != wanted:
            kept = Items(wanted, await self._extended(request.dossier, kept, wanted))
        self._kept[request.dossier] = kept
        self._kept.move_to_end(request.dossier)
        while len(self._kept) > KEPT_DOSSIERS:
            self._kept.popitem(last=False)
        return kept

    async def _none(self, dossier: bytes) -> Items:
        """The items of a dossier that is not there, looked for as if it were: once, then remembered for a while."""
        if dossier not in self._absent:
            await self.store.since(dossier, 0, 0)
            self._absent[dossier] = None
        while len(self._absent) > KEPT_DOSSIERS:
            self._absent.popitem(last=False)
        return Items(0, {})

    async def _extended(self, dossier: bytes, kept: Items, upto: int) -> dict[bytes, ItemState]:
        after = kept.position if kept.position < upto else 0
        states = dict(kept.states) if after else {}
        for item, records in (await self.store.since(dossier, after, upto)).items():
            state = compile_item(item.hex(), records, states.get(item))
            if state is not None:
                states[item] = state
        return states


def _shown(state: ItemState, row: Any, placements: Mapping[str, bytes], *, holds: bool) -> ShownItem:
    placed = row["placed"][-1] if row["placed"] else None
    facts = state.facts
    wraps = [ShownWrap(*each) for each in row["wraps"]] if holds else []
    return ShownItem(
        item=facts.item,
        version=row["version"],
        section=facts.section,
        lane=facts.lane,
        label=facts.label,
        type=facts.type,
        source=facts.source,
        cases=sorted(facts.cases),
        header=row["header"],
        sealed_key=row["sealed_key"],
        sealed_metadata=row["sealed_metadata"],
        placement=placed[2] if placed else b"",
        placed_key=placed[1] if placed else b"",
        stands_by=placements.get(state.placement, b"") if holds else b"",
        wraps=wraps,
    )
