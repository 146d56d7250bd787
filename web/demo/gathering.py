"""Gathering around a case: somebody opens it, owners accept, participants are brought in, one takes the reins.

Every step may be done again after it was cut short.
"""

from __future__ import annotations

from typing import Any

from crypto.keys import key_hash
from dossier.client.cases import Capacity, CaseClient, accept
from dossier.client.errors import UntrustedError
from dossier.sample import CasePlan, OwnerRef, World
from web.demo.allowing import DAY, DAYS, find_professional
from web.demo.company import Company
from web.demo.filling import dossier_of

KEPT = "cases"
"""Under this name the ids of the cases are kept, by slug."""


def open_case(company: Company, world: World, plan: CasePlan) -> None:
    """Open a case and invite its owners, unless it was opened."""
    kept: dict[str, Any] = company.state(KEPT)
    if plan.slug in kept:
        return
    client = worker(company, plan.opened_by)
    owners = [_identifier(world, each) for each in plan.owners]
    case = _opened(client, plan, set(kept.values())) or client.open(plan.purpose, owners).hex()
    company.keep(KEPT, **{plan.slug: case})


def accept_case(company: Company, plan: CasePlan, owner: OwnerRef) -> None:
    """Let a dossier take part."""
    person = company.owner(owner.person)
    dossier = bytes.fromhex(dossier_of(person.session, owner.nature))
    view = worker(company, owner.person).show(_case(company, plan))
    if dossier not in {chain.dossier for chain in view.dossiers()}:
        accept(person, view, dossier, person.session.now() + DAYS * DAY)


def bring_in(company: Company, plan: CasePlan, name: str, purpose: str) -> None:
    """Bring a professional, or somebody of the owner's own people, into a case."""
    client = worker(company, plan.opened_by)
    view = client.show(_case(company, plan))
    person = company.identity(name).person
    if any(each["person"] == person.hex() for each in view.shown["participants"]):
        return
    capacity = Capacity(person)
    if company.identity(name).organisation:
        who = find_professional(company, plan.opened_by, person)
        capacity = Capacity(person, who.organisation.organisation, who.roles[0])
    client.add(view.case, capacity, purpose, client.session.now() + DAYS * DAY)


def hand_over(company: Company, plan: CasePlan) -> None:
    """Hand the reins from whoever opened the case to its coordinator, by both their signatures."""
    opener, taker = worker(company, plan.opened_by), worker(company, plan.coordinator)
    shown = opener.show(_case(company, plan)).shown
    holder = next(each["person"] for each in shown["participants"] if each["coordinator"])
    if holder == taker.identity.person.hex():
        return
    who = find_professional(company, plan.opened_by, taker.identity.person)
    taker.take(opener.offer(_case(company, plan), taker.capacity, key_hash(who.chain.signing_key)))


def worker(company: Company, name: str) -> CaseClient:
    """Somebody as one who works in cases, in their first role."""
    session = company.session(name)
    role = next(iter(session.get("/v1/me")["roles"]), "")
    return CaseClient(session, company.identity(name), role, company.seen(name))


def _case(company: Company, plan: CasePlan) -> bytes:
    kept = company.state(KEPT)
    if plan.slug not in kept:
        raise UntrustedError("the case has not been opened")
    return bytes.fromhex(kept[plan.slug])


def _opened(client: CaseClient, plan: CasePlan, known: set[str]) -> str:
    """A case that an earlier try opened and did not write down, empty if there is none."""
    own = client.identity.person.hex()
    found = [
        str(each["case"])
        for each in client.cases()
        if each["coordinator"] == own and each["purpose"] == plan.purpose and each["case"] not in known
    ]
    return next(iter(found), "")


def _identifier(world: World, owner: OwnerRef) -> str:
    dossiers = world.persona(owner.person).dossiers
    return next(f"{each.scheme}:{each.number}" for each in dossiers if each.nature == owner.nature)
