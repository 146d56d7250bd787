"""What the edge asks of access requests: asking, hidden where need be; lists for both sides; finding one to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.writer import Writer
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.dossiers.authority import holder_state, is_seen
from dossier.errors import NotFoundError
from dossier.facts.dossiers import DossierState
from dossier.hiding.knocking import tells
from dossier.hiding.ticks import hold
from dossier.parties.actor import Actor
from dossier.parties.store import PartyStore
from dossier.requests.asking import Ask, Asked, HiddenRequest
from dossier.requests.store import RequestRow, RequestStore
from dossier.sharing.shown import case_streams


class ShownRequest(Answer, frozen=True):
    """A request: the statement as signed, words sealed to the dossier's inbox, and what became of it.

    `state` is open, granted, granted-in-part, refused or expired; `answer` is the statement that answered it, with
    words sealed to the one who asked. Empty texts stand for nothing.
    """

    request: str
    dossier: str
    state: str
    statement: str
    words: str
    at: int
    expires: int
    answer: str
    answer_words: str


class RequestList(Answer, frozen=True):
    """Requests, newest first."""

    requests: list[ShownRequest]


@dataclass(frozen=True)
class Requests:
    """Access requests over their store and the writer. Owned by the event loop."""

    store: RequestStore
    parties: PartyStore
    writer: Writer
    clock: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)

    async def ask(self, entry: Ask, arrival: float) -> Asked:
        """Take in a request; raise NotFoundError, at a tick, about a dossier that the actor may not know of."""
        view = await self.writer.look((entry.dossier,))
        state = view.facts(entry.dossier).value if view.exists(entry.dossier) else None
        if isinstance(state, DossierState):
            entry.read_also(sorted(case_streams(state.rules.permits)))
        result = await self.writer.submit(entry)
        if isinstance(result, HiddenRequest):
            await hold(arrival, self.clock)
            raise NotFoundError
        return result

    async def find(self, actor: Actor, request: bytes) -> RequestRow:
        """Return a request that was sent to a dossier which the actor holds; raise NotFoundError."""
        row = await self.store.find(request)
        # What is not there is looked at like what is: no stream has the id of a request.
        dossier = row.dossier if row else request
        holder_state(await self.writer.look((dossier, actor.id)), dossier, actor)
        if row is None:
            raise NotFoundError
        return row

    async def mine(self, actor: Actor) -> RequestList:
        """List what the actor asked in this capacity, and what was asked of the actor's own dossiers."""
        rows = await self.store.asked_by(actor.id, actor.organisation)
        if actor.kind == "person" and actor.organisation is None:
            owned = [dossier for dossier, _ in await self.parties.dossiers_of(actor.id)]
            view = await self.writer.look((*owned, actor.id))
            owned = [dossier for dossier in owned if is_seen(view, dossier, actor)]
            rows = [*rows, *(row for row in await self.store.asked_of(owned) if row.actor != actor.id)]
        return RequestList([_shown(row) for row in rows])

    @tells
    async def of_dossier(self, actor: Actor, dossier: bytes) -> RequestList:
        """List what was asked of one dossier, for those who hold it; raise NotFoundError."""
        holder_state(await self.writer.look((dossier, actor.id)), dossier, actor)
        return RequestList([_shown(row) for row in await self.store.asked_of([dossier])])


def _shown(row: RequestRow) -> ShownRequest:
    # What waits for more signatures is no answer yet.
    answer, words = (b"", b"") if row.state == "open" else (row.answer or b"", row.sealed_answer or b"")
    return ShownRequest(
        request=row.request.hex(),
        dossier=row.dossier.hex(),
        state=row.state,
        statement=encode_base64(row.body),
        words=encode_base64(row.sealed_reason or b""),
        at=row.at,
        expires=row.expires,
        answer=encode_base64(answer),
        answer_words=encode_base64(words),
    )
