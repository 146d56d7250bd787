"""What the edge asks of cases: those that the actor has to do with, and one of them with its people."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from audit.entry import View
from audit.writer import Writer
from crypto.encoding import encode_base64
from dossier.answers import promise
from dossier.cases.authority import find_case
from dossier.cases.file import CaseFile
from dossier.cases.knowing import Look, decide_look, near_dossiers
from dossier.cases.looking import LookAtCase
from dossier.cases.showing import Around, CaseList, CaseSummary, ShownCase, ShownCaseDossier, shown, summary
from dossier.cases.store import CaseStore
from dossier.dossiers.store import DossierStore
from dossier.errors import NotFoundError
from dossier.facts.foreign import foreign_streams
from dossier.parties.actor import Actor
from dossier.parties.store import PartyStore

RELATIONS = {"takes-part": "participant", "own-dossier": "owner", "invited": "invited"}
"""What the actor is to a case, by the reason of the decision that lets them see it."""


@dataclass(frozen=True)
class Cases:
    """Reads around cases; whatever changes one is an entry for the writer."""

    store: CaseStore
    dossiers: DossierStore
    parties: PartyStore
    writer: Writer

    async def mine(self, actor: Actor) -> CaseList:
        """List the cases that the actor takes part in, holds a dossier of, or is invited to; newest first."""
        owned = await self._owned(actor)
        invited = await self._invited(actor)
        found = sorted({*(await self.store.cases_of((actor.id, *owned))), *invited})
        near = _near(actor, found, owned, await self.writer.look(found))
        around = {dossier for dossiers in near.values() for dossier in dossiers}
        view = await self.writer.look((*found, *foreign_streams(actor), *sorted(around)))
        lines: list[CaseSummary] = []
        for case, dossiers in near.items():
            look = decide_look(actor, case, dossiers, view, invited=case in invited)
            file = find_case(view, case)
            if file and look.decision.permitted:
                lines.append(summary(file, RELATIONS[look.decision.reason]))
        return CaseList(sorted(lines, key=lambda line: (-line.opened_at, line.case)))

    async def show(self, actor: Actor, case: bytes) -> ShownCase:
        """Show one case to whom it concerns, once the look is written down; raise NotFoundError."""
        owned, invited = await self._owned(actor), await self._invited(actor)
        near = _near(actor, [case], owned, await self.writer.look((case,))).get(case, ())
        request = secrets.token_bytes(16)
        looked = await self.writer.submit(LookAtCase(actor, case, near, request, invited=case in invited))
        view = await self.writer.look((case,))
        file = find_case(view, case)
        if file is None or not looked.look.decision.permitted:
            raise NotFoundError
        opening, kept = await self.store.opening(case), await self.store.statements(case)
        around = Around(opening, await self._names(file), await self._dossiers(file, looked.look), kept)
        relation = RELATIONS[looked.look.decision.reason]
        return shown(file, relation, around, view.now, promise(looked.receipt, "actor"))

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

    async def _dossiers(self, file: CaseFile, look: Look) -> list[ShownCaseDossier]:
        """The dossiers that the decision lets the actor see, with the chains of their keys."""
        listed = []
        for each in file.acceptances:
            if each.dossier in look.dossiers:
                chain = await self.dossiers.statements(bytes.fromhex(each.dossier), ["dossier-key"])
                statements = [encode_base64(envelope) for envelope in chain]
                listed.append(ShownCaseDossier(each.dossier, each.until, statements))
        return listed


def _near(actor: Actor, cases: Sequence[bytes], owned: Collection[bytes], view: View) -> dict[bytes, tuple[bytes, ...]]:
    """Of the cases that exist, the dossiers whose facts may count for this actor."""
    files = ((case, find_case(view, case)) for case in cases)
    return {case: near_dossiers(file, actor, owned, view.now) for case, file in files if file is not None}
