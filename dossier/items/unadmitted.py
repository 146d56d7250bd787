"""An addition that was refused: an event of the one who sent it, and a row by which the dossier hears of it.

As with a reading (dossier.reading.entry): equal for a dossier that admits nothing of the sender's and for one that does
not exist, so that every refusal is written down (P4) and none of them tells anything.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from audit.entry import Append, Claim, Entry, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from crypto.headers import Header, parse_header
from dossier.decisions import decided_fields
from dossier.errors import NotFoundError, UnavailableError
from dossier.events import actor_fields
from dossier.facts.foreign import foreign_streams
from dossier.hiding.store import hidden_write
from dossier.items.admitting import decide_add, decide_any
from dossier.items.delivery import Delivery
from dossier.items.intake import Deliver, Delivered, NotAdmittedError
from dossier.parties.actor import Actor

TRIES = 3


class AdmittedError(Exception):
    """What was refused a moment ago is permitted now: it is to be tried again."""


class RefuseAdd(Entry[None]):
    """Write down that somebody may not add: the version with this header, or without one anything at all.

    Raise AdmittedError, or NotFoundError for who has no stream.
    """

    def __init__(self, actor: Actor, dossier: bytes, header: Header | None, request: bytes) -> None:
        self._actor, self._dossier, self._header, self._request = actor, dossier, header, request
        self.streams = (actor.stream,)
        self.foreign = (dossier, *foreign_streams(actor))

    def judge(self, view: View) -> Outcome[None]:
        """Decide once more, so that the event names the very facts that it was decided on."""
        if not view.exists(self._actor.stream):
            raise NotFoundError
        actor, header = self._actor, self._header
        if header is None:
            decision = decide_any(actor, self._dossier, view, view.now)
        else:
            decision = decide_add(actor, header.core, self._dossier, view, view.now)
        if decision.permitted:
            raise AdmittedError
        values = actor_fields(actor, self._request, view.now)
        values |= decided_fields(decision, view, self._dossier, foreign_streams(actor))
        values |= {
            "type": "upload" if header is None else "delivery",
            "subjects": [self._dossier.hex(), *((header.core.item.hex(),) if header else ())],
            "action": "add",
            "statement": header.hash.hex() if header else "",
        }
        told = hidden_write(actor, self._dossier, "add", "", "", actor.role, view.now)
        evidence = header.statement.envelope if header else b""
        append = Append(actor.stream, make_event("decision/v1", values), evidence=evidence)
        return Outcome((append,), answer=lambda _receipts: None, writes=(told,))


async def take_in(writer: Writer, actor: Actor, delivery: Delivery, claim: Claim) -> Delivered:
    """Take in a version; raise what `Deliver` raises, NotFoundError once the refusal is written down."""
    for _ in range(TRIES):
        try:
            return await writer.submit(Deliver(actor, delivery, claim))
        except NotAdmittedError:
            try:
                await writer.submit(RefuseAdd(actor, delivery.dossier, parse_header(delivery.header), claim.key))
            except AdmittedError:
                continue
            raise NotFoundError from None
    raise UnavailableError("admissions change faster than they can be looked at")


async def refuse_upload(writer: Writer, actor: Actor, dossier: bytes) -> None:
    """Write down that somebody may add nothing, and raise NotFoundError; return if they may by now."""
    with suppress(AdmittedError):
        await writer.submit(RefuseAdd(actor, dossier, None, secrets.token_bytes(16)))
        raise NotFoundError
