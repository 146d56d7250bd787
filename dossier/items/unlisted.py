"""A list that was refused: an event of the one who asked, and a row by which the dossier hears of it if there is one.

As with a reading (dossier.reading.entry): equal for a dossier that is hidden and for one that does not exist, so that
every refusal is written down (P4) and none of them tells anything.
"""

from __future__ import annotations

from audit.entry import Append, Entry, Outcome, View
from dossier.errors import NotFoundError
from dossier.hiding.store import hidden_write
from dossier.items.listing import Items, ItemsMovedError, ListItems, ListRequest
from dossier.parties.actor import Actor


class RefuseList(Entry[None]):
    """Write down that somebody asked for a list that they may not know of.

    Raise NotFoundError for who has no stream, and ItemsMovedError if they may see something by now.
    """

    def __init__(self, actor: Actor, asked: ListRequest, items: Items, request: bytes) -> None:
        self._actor, self._asked = actor, asked
        self._list = ListItems(actor, asked, items, request)
        self.streams = (actor.stream,)
        self.foreign = (asked.dossier, *self._list.foreign)

    def judge(self, view: View) -> Outcome[None]:
        """Decide once more, so that the event names the very facts that it was decided on."""
        if not view.exists(self._actor.stream):
            raise NotFoundError
        _, decision = self._list.decide(view)
        if decision.permitted:
            raise ItemsMovedError("the list is open by now")
        asked = self._asked
        told = hidden_write(self._actor, asked.dossier, "list", asked.purpose, asked.reason, asked.role, view.now)
        append = Append(self._actor.stream, self._list.event(view, [], [decision]), evidence=asked.page())
        return Outcome((append,), answer=lambda _receipts: None, writes=(told,))
