"""What the edge asks of dossiers: looking at one's own, finding one by identifier, listing items, beginning uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.writer import Writer
from dossier.dossiers.authority import holder_state
from dossier.dossiers.showing import GOVERNING, ShownDossier, show
from dossier.dossiers.store import DossierStore
from dossier.epochs.service import Epochs, PendingRotations
from dossier.errors import ForbiddenError
from dossier.facts.foreign import foreign_streams
from dossier.hiding.knocking import tells
from dossier.items.admitting import decide_any
from dossier.items.unadmitted import refuse_upload
from dossier.parties.actor import Actor
from dossier.parties.store import PartyStore

SCHEMES = {"private": ("bsn",), "business": ("kvk", "rsin")}


@dataclass(frozen=True)
class Dossiers:
    """Reads around dossiers; whatever changes one is an entry for the writer."""

    store: DossierStore
    parties: PartyStore
    writer: Writer
    epochs: Epochs

    async def identifier_of(self, actor: Actor, nature: str) -> bytes:
        """Return the HMAC of the identifier that leads to a dossier of this nature; raise ForbiddenError without one.

        Only what the sign-in provider vouched for counts; nobody names an identifier for themselves.
        """
        if actor.kind != "person" or actor.organisation is not None:
            raise ForbiddenError("only a citizen or entrepreneur makes a dossier", code="not-a-citizen")
        known = await self.parties.identifiers(actor.id)
        for scheme in SCHEMES.get(nature, ()):
            for identifier, kind in known.items():
                if kind == scheme:
                    return identifier
        raise ForbiddenError("the sign-in gave no identifier for such a dossier", code="no-identifier")

    @tells
    async def show(self, actor: Actor, dossier: bytes) -> ShownDossier:
        """Show a dossier to one who holds it; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        state = holder_state(view, dossier, actor)
        waiting = await self.epochs.pending(view, dossier)
        return await show(self.store, state, view.head(dossier), actor.id, waiting, view.now)

    @tells
    async def statements(self, actor: Actor, dossier: bytes) -> Sequence[bytes]:
        """Return the statements that govern a dossier, for one who holds it; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        holder_state(view, dossier, actor)
        return await self.store.statements(dossier, GOVERNING)

    @tells
    async def capsules(self, actor: Actor, dossier: bytes) -> Sequence[bytes]:
        """Return the capsules that one who holds a dossier has as its holder; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        holder_state(view, dossier, actor)
        return await self.store.capsules(dossier, actor.id)

    @tells
    async def rotations(self, actor: Actor, dossier: bytes) -> PendingRotations:
        """Name the keys that wait for a new epoch, for one who holds the dossier; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        owns = holder_state(view, dossier, actor).owner == actor.id.hex()
        return await self.epochs.rotations(view, dossier, vault=owns)

    async def may_add(self, actor: Actor, dossier: bytes) -> None:
        """Raise NotFoundError, once the refusal is written down, unless the actor may add something here now."""
        view = await self.writer.look((dossier, *foreign_streams(actor)))
        if not decide_any(actor, dossier, view, view.now).permitted:
            await refuse_upload(self.writer, actor, dossier)
