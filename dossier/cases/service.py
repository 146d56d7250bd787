"""What the edge asks of cases: those that the actor has to do with, and one of them with its people."""

from __future__ import annotations

from dataclasses import dataclass

from audit.writer import Writer
from crypto.encoding import encode_base64
from dossier.cases.authority import find_case
from dossier.cases.file import CaseFile
from dossier.cases.showing import Around, CaseList, CaseSummary, ShownCase, ShownCaseDossier, shown, summary
from dossier.cases.store import CaseStore
from dossier.dossiers.store import DossierStore
from dossier.errors import NotFoundError
from dossier.parties.actor import Actor
from dossier.parties.store import PartyStore

PARTICIPANT, OWNER, INVITED = "participant", "owner", "invited"


@dataclass(frozen=True)
class Cases:
    """Reads around cases; whatever changes one is an entry for the writer."""

    store: CaseStore
    dossiers: DossierStore
    parties: PartyStore
    writer: Writer

    async def mine(self, actor: Actor) -> CaseList:
        """List the cases that the actor takes part in, accepted for a dossier, or is invited to; newest first."""
        owned = await self._owned(actor)
        invited = await self._invited(actor)
        found = {*(await self.store.cases_of((actor.id, *owned))), *invited}
        view = await self.writer.look(tuple(found))
        lines: list[CaseSummary] = []
        for case in found:
            file = find_case(view, case)
            relation = _relation(file, actor, owned, view.now, invited=case in invited) if file else ""
            if file and relation:
                lines.append(summary(file, relation))
        return CaseList(sorted(lines, key=lambda line: (-line.opened_at, line.case)))

    async def show(self, actor: Actor, case: bytes) -> ShownCase:
        """Show one case to whom it concerns; raise NotFoundError."""
        owned, invited = await self._owned(actor), await self._invited(actor)
        view = await self.writer.look((case,))
        file = find_case(view, case)
        relation = _relation(file, actor, owned, view.now, invited=case in invited) if file else ""
        if file is None or not relation:
            raise NotFoundError
        dossiers = await self._dossiers(file, relation, owned, view.now)
        opening, kept = await self.store.opening(case), await self.store.statements(case)
        return shown(file, relation, Around(opening, await self._names(file), dossiers, kept), view.now)

    async def _owned(self, actor: Actor) -> list[bytes]:
        if actor.kind != "person" or actor.organisation is not None:
            return []
        return [dossier for dossier, _ in await self.parties.dossiers_of(actor.id)]

    async def _invited(self, actor: Actor) -> set[bytes]:
        if actor.kind != "person" or actor.organisation is not None:
            return set()
        known = await self.parties.identifiers(actor.id)
        return await self.store.invited(list(known), (await self.writer.look(())).now)

    async def _names(self, file: CaseFile) -> dict[str, str]:
        names: dict[str, str] = {}
        for part in file.parts:
            person, organisation, _role = part.capacity
            names[person] = await self.parties.person_name(bytes.fromhex(person)) or ""
            employer = await self.parties.organisation(bytes.fromhex(organisation)) if organisation else None
            names[organisation] = employer.name if employer else ""
        return names

    async def _dossiers(self, file: CaseFile, relation: str, owned: list[bytes], now: int) -> list[ShownCaseDossier]:
        """Participants see every dossier that takes part, an owner their own; the invited see none."""
        own = {each.hex() for each in owned}
        listed = []
        for each in file.acceptances:
            if now < each.until and (relation == PARTICIPANT or (relation == OWNER and each.dossier in own)):
                chain = await self.dossiers.statements(bytes.fromhex(each.dossier), ["dossier-key"])
                statements = [encode_base64(envelope) for envelope in chain]
                listed.append(ShownCaseDossier(each.dossier, each.until, statements))
        return listed


def _relation(file: CaseFile, actor: Actor, owned: list[bytes], now: int, *, invited: bool) -> str:
    """What the actor is to the case, "" for nothing. The coordinator of a case stays in it until another is."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    person = actor.id.hex()
    if actor.kind == "person" and file.knows(person, organisation, now):
        return PARTICIPANT
    own = {each.hex() for each in owned}
    if not organisation and (file.accepted_by(person, now) or any(each.dossier in own for each in file.acceptances)):
        return OWNER
    return INVITED if invited else ""
