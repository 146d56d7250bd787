"""A list that was refused: an event of the one who asked, and a row by which the dossier hears of it if there is one.

As with a reading (dossier.reading.entry): equal for a dossier that is hidden and for one that does not exist, so that
every refusal is written down (P4) and none of them tells anything.
"""

from __future__ import annotations

from audit.entry import Append, Entry, Outcome, View
from audit.event import make_event
from dossier.errors import NotFoundError
from dossier.events import actor_fields
from dossier.hiding.store import hidden_write
from dossier.items.listing import ListRequest
from dossier.parties.actor import Actor


class RefuseList(Entry[None]):
    """Write down that somebody asked for a list that they may not know of; raise NotFoundError for who has no stream."""

    def __init__(self, actor: Actor, asked: ListRequest, request: bytes) -> None:
        self._actor, self._asked, self._request = actor, asked, request
        self.streams = (actor.stream,)

    def judge(self, view: View) -> Outcome[None]:
        """Nothing is decided here: whether there is such a dossier is not looked at."""
        if not view.exists(self._actor.stream):
            raise NotFoundError
        asked = self._asked
        values = actor_fields(self._actor, self._request, view.now)
        values |= {
            "type": "items",
            "role": asked.role if self._actor.organisation and self._actor.kind == "person" else "",
            "subjects": [asked.dossier.hex()],
            "action": "list",
            "purpose": asked.purpose,
            "case": asked.case.hex() if asked.case else "",
            "reason": asked.reason,
            "decision": "deny",
        }
        told = hidden_write(self._actor, asked.dossier, "list", asked.purpose, asked.reason, asked.role, view.now)
        append = Append(self._actor.stream, make_event("query/v1", values))
        return Outcome((append,), answer=lambda _receipts: None, writes=(told,))
