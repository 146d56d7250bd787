"""Letting people look: what owners allow to those who help them, and whom they shut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crypto.encoding import BUCKET_SIZE, new_id
from dossier.client import listed, sharing
from dossier.client.groups import as_recipient
from dossier.client.making import FOREVER
from dossier.client.owner import Owner
from dossier.client.parties import Professional
from dossier.sample import CasePlan, OwnerRef, ParticipantPlan, World
from web.demo.company import Company
from web.demo.filling import dossier_of
from web.wording import catalogue_hash, named, wording

DAY = 86_400
DAYS = 180
"""How long the consents of the sample world last."""


SHUT_OUT = (("hanneke-de-wit", "private", "gerard-mulder"),)
"""Who is shut out by whom: Hanneke's former husband works at the credit bank that helps her."""


@dataclass(frozen=True)
class Allowance:
    """What one owner lets one professional read, for what and how long."""

    owner: OwnerRef
    professional: str
    purpose: str
    sections: tuple[str, ...]
    days: int = DAYS

    @property
    def name(self) -> str:
        """Its name in the journal of a load."""
        return f"{self.owner.person} {self.owner.nature} {self.professional} {self.purpose}"


def allowances(world: World) -> list[Allowance]:
    """What the cases of a world ask of each of their owners."""
    return [
        Allowance(owner, each.professional, each.purpose, _within(world, owner, each))
        for case in world.cases
        for owner in case.owners
        for each in _participants(case)
        if _within(world, owner, each)
    ]


def allow(company: Company, allowance: Allowance) -> str:
    """Give the consent, unless one of these terms stands; return its id."""
    name = allowance.owner.person
    owner = company.owner(name)
    dossier = bytes.fromhex(dossier_of(owner.session, allowance.owner.nature))
    who = find_professional(company, name, company.identity(allowance.professional).person)
    standing = [each for each in listed.consents(owner.session, dossier) if each.state == "active"]
    for shown in standing:
        consent = shown.consent
        same = (consent.grantee.person, consent.purpose) == (who.person.hex(), allowance.purpose)
        if same and consent.effect == "permit" and set(consent.scope.sections) == set(allowance.sections):
            return consent.id
    until = owner.session.now() + allowance.days * DAY
    terms = sharing.Terms(sections=allowance.sections, purpose=allowance.purpose, end=until)
    given, _ = give(owner, dossier, who, terms)
    return given


def give(owner: Owner, dossier: bytes, who: Professional, terms: sharing.Terms) -> tuple[str, dict[str, Any]]:
    """Give a consent to a professional in their attested role; return its id and the service's answer."""
    return sharing.grant(owner, dossier, as_recipient(who), terms, catalogue_hash(), wording(named(who), terms))


def find_professional(company: Company, looker: str, person: bytes) -> Professional:
    """The professional of this id as the looker verifies them; raise PinError when they are not attested."""
    return company.people(looker).professional(person)


def shut_out(company: Company, name: str, nature: str, professional: str) -> None:
    """Block a named person in a dossier, unless they are."""
    owner = company.owner(name)
    dossier = bytes.fromhex(dossier_of(owner.session, nature))
    person = company.identity(professional).person.hex()
    held = owner.hold(dossier)
    company.keep_pins(name, owner.pins)
    if any(each.kind == "block" and each.payload["person"] == person for each in held.statements):
        return
    block = {"block": new_id(dossier[:BUCKET_SIZE]).hex(), "person": person, "from": owner.session.now() - 60}
    owner.govern(dossier, "block", {**block, "until": FOREVER}, widening=False)


def _participants(case: CasePlan) -> Sequence[ParticipantPlan]:
    return case.participants


def _within(world: World, owner: OwnerRef, participant: ParticipantPlan) -> tuple[str, ...]:
    """The sections that somebody asks for and that this dossier has anything in."""
    there = {each.section for each in world.records_of(owner.person, owner.nature)}
    return tuple(sorted(there & set(participant.sections)))
