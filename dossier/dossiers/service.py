"""What the edge asks of dossiers: looking at one's own, finding one by identifier, listing items, beginning uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.writer import Writer
from consent.engine import decide
from consent.facts import Facts
from consent.terms import ItemFacts, Request
from dossier.dossiers.authority import holder_state
from dossier.dossiers.showing import GOVERNING, ShownDossier, show
from dossier.dossiers.store import DossierStore
from dossier.epochs.service import Epochs, PendingRotations
from dossier.errors import ForbiddenError, NotFoundError
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, foreign_streams, subject_of
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

    async def show(self, actor: Actor, dossier: bytes) -> ShownDossier:
        """Show a dossier to one who holds it; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        owns = holder_state(view, dossier, actor).owner == actor.id.hex()
        waiting = await self.epochs.pending(view, dossier)
        return await show(self.store, dossier, view.head(dossier), actor.id, waiting, vault=owns)

    async def check_holder(self, actor: Actor, dossier: bytes) -> None:
        """Raise NotFoundError unless the actor holds the dossier: asked before anything is said about what it holds."""
        holder_state(await self.writer.look((dossier, actor.id)), dossier, actor)

    async def statements(self, actor: Actor, dossier: bytes) -> Sequence[bytes]:
        """Return the statements that govern a dossier, for one who holds it; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        holder_state(view, dossier, actor)
        return await self.store.statements(dossier, GOVERNING)

    async def rotations(self, actor: Actor, dossier: bytes) -> PendingRotations:
        """Name the keys that wait for a new epoch, for one who holds the dossier; raise NotFoundError."""
        view = await self.writer.look((dossier, actor.id))
        owns = holder_state(view, dossier, actor).owner == actor.id.hex()
        return await self.epochs.rotations(view, dossier, vault=owns)

    async def may_add(self, actor: Actor, dossier: bytes) -> None:
        """Raise NotFoundError unless the actor may add something somewhere in this dossier now."""
        view = await self.writer.look((dossier, *foreign_streams(actor)))
        state = view.facts(dossier).value if view.exists(dossier) else None
        if not isinstance(state, DossierState):
            raise NotFoundError
        facts = Facts(state.rules, foreign_facts(actor, view))
        source = actor.organisation if actor.kind == "system" and actor.organisation else actor.id
        if not any(_may_add(actor, section, source, facts, view.now) for section in _sections(facts)):
            raise NotFoundError


def _sections(facts: Facts) -> list[str]:
    return sorted(facts.dossier.catalogues.current.sections)


def _may_add(actor: Actor, section: str, source: bytes, facts: Facts, now: int) -> bool:
    lowest = min(facts.dossier.catalogues.current.labels.items(), key=lambda pair: pair[1].rank)[0]
    place = ItemFacts("", section, "ordinary", lowest, "document", source.hex())
    return decide(Request(subject_of(actor, actor.role), "add", place), facts, now).permitted
