"""What the edge asks of events: one's own dossier's, those of all for auditors, and proofs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from audit.monthkeys import MonthKeys
from audit.writer import Writer
from dossier.answers import promise
from dossier.auditing.looking import NOT_ATTESTED, LookAtEvents
from dossier.auditing.showing import AuditPage, ShownHead, StreamPage, next_after, shown
from dossier.auditing.store import EventStore, open_row
from dossier.dossiers.authority import holder_state
from dossier.errors import ConflictError, ForbiddenError
from dossier.hiding.knocking import tells
from dossier.parties.actor import Actor
from dossier.parties.store import PartyStore

PAGE_SIZE = 200
SUPERVISOR = "supervisor"


class NotSequencedError(ConflictError):
    """The event is durable but not in the log yet; it will be within the merge delay."""

    code = "not-sequenced"
    retry_after = 1
    """Seconds after which to ask again: the sequencer runs several times a second."""


@dataclass(frozen=True)
class Auditing:
    """Looks at events over their store, the month keys and the writer."""

    store: EventStore
    parties: PartyStore
    writer: Writer
    months: MonthKeys

    @tells
    async def of_dossier(self, actor: Actor, dossier: bytes, after: int, size: int) -> StreamPage:
        """Show a full holder the events of a dossier; raise NotFoundError, ForbiddenError for a limited holder.

        What is shown is checked by the holder, with the keys of the stream (dossier.client.history).
        """
        view = await self.writer.look((dossier, actor.id))
        rules = holder_state(view, dossier, actor).rules
        person = actor.id.hex()
        if not any(each.person == person and each.full and each.period.holds(view.now) for each in rules.holders):
            raise ForbiddenError("only a holder of the whole dossier sees all its events", code="not-full-holder")
        rows = await self.store.of_stream(dossier, after, size)
        head = view.head(dossier)
        events = [shown(row, open_row(row, self.months), "owner") for row in rows if row.seq <= head.seq]
        cursor = next_after([row.seq for row in rows], size)
        return StreamPage(dossier.hex(), ShownHead(head.seq, head.leaf.hex()), events, cursor)

    async def of_all(self, actor: Actor, after: int, size: int, stream: bytes | None = None) -> AuditPage:
        """Show an auditor events in the order of the log, perhaps of one stream; the look is an event itself.

        Raise ForbiddenError unless a supervisor attests that the actor is an auditor.
        """
        rows = await self.store.sequenced(after, size, stream)
        look = LookAtEvents(actor, stream, [row.event for _, row in rows], secrets.token_bytes(16))
        employer = await self.parties.organisation(actor.organisation) if actor.organisation else None
        if employer is None or employer.kind != SUPERVISOR:
            raise ForbiddenError("only a supervisor's auditor looks at events of others", code="not-an-auditor")
        receipt = await self.writer.submit(look)
        if receipt is None:
            raise ForbiddenError("your organisation does not attest that you are an auditor", code=NOT_ATTESTED)
        events = [shown(row, open_row(row, self.months), "auditor", index) for index, row in rows]
        return AuditPage(events, promise(receipt, "actor"), next_after([index for index, _ in rows], size))

    async def proof(self, event: bytes) -> bytes:
        """Return the tlog-proof of an event; raise NotFoundError, NotSequencedError before the log has it."""
        proof = await self.store.prove(*await self.store.place(event))
        if proof is None:
            raise NotSequencedError("the event is not in the log yet")
        return proof.encode()
