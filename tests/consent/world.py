"""A small world to decide in: one owner, some people around, and short ways to write rules and requests."""

from __future__ import annotations

from typing import Any

from consent.catalogue import Catalogues, shipped_catalogues
from consent.engine import decide
from consent.entries import Admission, Block, EmergencyUse, Holder, OptIn, Order
from consent.facts import DossierFacts, Facts, ForeignFacts
from consent.grant import Consent, GrantException
from consent.people import CaseState, Participant, Standing
from consent.terms import FOREVER, Actor, Decision, Grantee, ItemFacts, Period, Request, Scope
from tests.values import replace

DAY = 24 * 3600
NOW = 1_800_000_000
CATALOGUES = shipped_catalogues()
CATALOGUE = CATALOGUES.current


def ident(word: str) -> str:
    """An id that can be told apart when a test fails."""
    return word.encode().hex().ljust(32, "0")[:32]


OWNER, VERA, PIM, AUNT, NEIGHBOUR = (ident(name) for name in ("owner", "vera", "pim", "aunt", "neighb"))
TOWN, CLINIC, SYSTEM, CASE = (ident(name) for name in ("town", "clinic", "system", "case"))

owner = Actor("person", OWNER)
owner_at_work = Actor("person", OWNER, TOWN, "debt-counsellor")
vera = Actor("person", VERA, TOWN, "debt-counsellor")
vera_elsewhere = Actor("person", VERA, CLINIC, "debt-counsellor")
vera_as_social_worker = Actor("person", VERA, TOWN, "social-worker")
pim = Actor("person", PIM, TOWN, "debt-counsellor")
aunt = Actor("person", AUNT)
neighbour = Actor("person", NEIGHBOUR)
system = Actor("system", SYSTEM, TOWN)

to_vera = Grantee("person", person=VERA, organisation=TOWN, role="debt-counsellor")
to_counsellors = Grantee("role", organisation=TOWN, role="debt-counsellor")
to_team = Grantee("team", case=CASE)
to_team_and_later = Grantee("team", case=CASE, later_members=True)
to_system = Grantee("system", system=SYSTEM, organisation=TOWN)
to_neighbour = Grantee("network", person=NEIGHBOUR, case=CASE)

READ = frozenset({"list", "read"})
ROLES = frozenset({"debt-counsellor", "social-worker"})
STANDINGS = {
    (OWNER, ""): Standing("key", Period()),
    (OWNER, TOWN): Standing("key", Period(), ROLES),
    (VERA, ""): Standing("key", Period()),
    (VERA, TOWN): Standing("key", Period(), ROLES),
    (VERA, CLINIC): Standing("key", Period(), ROLES),
    (PIM, TOWN): Standing("key", Period(), ROLES),
    (AUNT, ""): Standing("key", Period()),
    (NEIGHBOUR, ""): Standing("key", Period()),
    (SYSTEM, TOWN): Standing("key", Period()),
}
EMPTY = DossierFacts(9, OWNER, (), (), (), (), (), (), None, (), CATALOGUES)


def item(name: str = "bill", **changes: Any) -> ItemFacts:
    """An ordinary debt record, delivered early."""
    fields: dict[str, Any] = {
        "item": ident(name),
        "section": "debts",
        "lane": "ordinary",
        "label": "personal",
        "type": "debt-record",
        "source": TOWN,
        "delivered": 3,
    }
    return ItemFacts(**(fields | changes))


def consent(name: str = "c1", **changes: Any) -> Consent:
    """A permit for Vera to list and read debts for debt help, from yesterday until in ten days."""
    fields: dict[str, Any] = {
        "id": ident(name),
        "effect": "permit",
        "grantee": to_vera,
        "scope": Scope(sections=frozenset({"debts"})),
        "actions": READ,
        "purpose": "debt-help",
        "basis": "consent",
        "period": Period(NOW - DAY, NOW + 10 * DAY),
        "ends_on_case_closed": False,
        "unused_months": 0,
        "later_items": True,
        "exceptions": (),
        "case": "",
        "catalogue": CATALOGUE.hash,
        "text_hash": "00" * 32,
        "text_language": "nl",
        "text_version": "1",
        "replaces": "",
        "signer": OWNER,
        "capacity": "owner",
        "issued": NOW - DAY,
        "seq": 5,
    }
    return Consent(**(fields | changes))


def denial(name: str = "d1", **changes: Any) -> Consent:
    """The same, as a denial of every action for every purpose."""
    fields: dict[str, Any] = {
        "effect": "deny",
        "actions": frozenset(CATALOGUE.actions),
        "purpose": "",
        "period": Period(0, FOREVER),
    }
    return consent(name, **(fields | changes))


def exception(**changes: Any) -> GrantException:
    """An exception for everybody, everything and every purpose, unless told otherwise."""
    fields: dict[str, Any] = {
        "grantee": Grantee("role"),
        "scope": Scope(),
        "actions": frozenset(CATALOGUE.actions),
        "purpose": "",
    }
    return GrantException(**(fields | changes))


def holder(person: str = AUNT, capacity: str = "legal-representative", **changes: Any) -> Holder:
    """Authority over debts only."""
    fields: dict[str, Any] = {
        "sections": frozenset({"debts"}),
        "full": False,
        "threshold": 1,
        "period": Period(NOW - DAY, NOW + DAY),
    }
    return Holder(person, capacity, **(fields | changes))


def order(name: str = "o1", **changes: Any) -> Order:
    """An order for Vera to list and read the bill."""
    fields: dict[str, Any] = {
        "id": ident(name),
        "article": "artikel 7.3.11 Jeugdwet",
        "grantee": to_vera,
        "items": frozenset({ident("bill")}),
        "actions": READ,
        "overrides_block": False,
        "period": Period(NOW - DAY, NOW + DAY),
        "notice_from": 0,
        "approvers": frozenset({ident("chief"), ident("judge")}),
        "issued": NOW - DAY,
    }
    return Order(**(fields | changes))


def block(person: str = VERA, **changes: Any) -> Block:
    """A block of Vera that holds."""
    fields: dict[str, Any] = {"id": ident("b1"), "person": person, "period": Period(NOW - DAY, FOREVER)}
    return Block(**(fields | changes))


def admission(**changes: Any) -> Admission:
    """The town may deliver debts."""
    fields: dict[str, Any] = {
        "id": ident("a1"),
        "organisation": TOWN,
        "sections": frozenset({"debts"}),
        "period": Period(NOW - DAY, NOW + DAY),
    }
    return Admission(**(fields | changes))


def opt_in(**changes: Any) -> OptIn:
    """Emergency access to debts and health."""
    fields: dict[str, Any] = {
        "id": ident("opt"),
        "sections": frozenset({"debts", "health"}),
        "period": Period(NOW - DAY, FOREVER),
    }
    return OptIn(**(fields | changes))


def emergency(name: str = "e1", **changes: Any) -> EmergencyUse:
    """Vera declared an emergency an hour ago, for an hour more."""
    fields: dict[str, Any] = {
        "id": ident(name),
        "person": VERA,
        "organisation": TOWN,
        "role": "debt-counsellor",
        "sections": frozenset({"debts"}),
        "reason": "danger-to-life",
        "period": Period(NOW - 3600, NOW + 3600),
        "approver": "",
        "reviewed": False,
    }
    return EmergencyUse(**(fields | changes))


def participant(actor: Actor = vera, **changes: Any) -> Participant:
    """Somebody who took part in the case before the consents were signed."""
    fields: dict[str, Any] = {
        "person": actor.id,
        "organisation": actor.organisation,
        "role": actor.role,
        "kind": "professional" if actor.organisation else "network",
        "period": Period(NOW - 5 * DAY, NOW + 5 * DAY),
    }
    return Participant(**(fields | changes))


def case_of(*participants: Participant, closed: int = FOREVER) -> CaseState:
    """The case with these participants."""
    return CaseState(CASE, participants, closed)


def facts(
    *rules: Any,
    cases: tuple[CaseState, ...] = (),
    standings: dict[tuple[str, str], Standing] | None = None,
    pseudonyms: frozenset[str] = frozenset(),
    catalogues: Catalogues = CATALOGUES,
) -> Facts:
    """The facts that hold these rules, each put where it belongs."""

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(sorted((each for each in rules if isinstance(each, kind)), key=lambda each: each.id))

    consents = of(Consent)
    dossier = replace(
        EMPTY,
        holders=tuple(each for each in rules if isinstance(each, Holder)),
        permits=tuple(each for each in consents if each.effect == "permit"),
        denials=tuple(each for each in consents if each.effect == "deny"),
        blocks=of(Block),
        admissions=of(Admission),
        orders=of(Order),
        opt_in=next((each for each in rules if isinstance(each, OptIn)), None),
        emergencies=of(EmergencyUse),
        catalogues=catalogues,
    )
    foreign = ForeignFacts(STANDINGS | (standings or {}), {case.id: case for case in cases}, pseudonyms)
    return Facts(dossier, foreign)


def ask(
    around: Facts,
    actor: Actor = vera,
    action: str = "read",
    about: ItemFacts | None = None,
    *,
    purpose: str = "debt-help",
    case: str = "",
    reason: str = "",
    now: int = NOW,
) -> Decision:
    """Decide; by default whether Vera may read the bill for debt help."""
    return decide(Request(actor, action, about or item(), purpose, case, reason), around, now)
