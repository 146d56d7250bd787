"""The main product: grantee kind x scope kind x action x purpose relation x time x special case, every row with an id.

`rows` gives all tables of this folder. The id of a row names its place in its table, so that a mismatch can be found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from consent.entries import parse_emergency_use
from consent.facts import Admission, Block, CaseState, EmergencyUse, Facts, Holder, OptIn, Order
from consent.grant import GrantException
from consent.terms import EVERYTHING, Grantee, Period, Request, Scope
from tests.oracle.cast import (
    ACTORS,
    CASE,
    CASES,
    DAY,
    END,
    INSIDE,
    ITEM,
    NEIGHBOUR,
    PERIOD,
    START,
    TO_VERA,
    TOWN,
    catalogues,
    consent,
    ident,
    world,
)
from tests.values import replace

GRANTEES = {
    "person": (TO_VERA, "vera"),
    "role": (Grantee("role", organisation=TOWN, role="debt-counsellor"), "bob"),
    "team": (Grantee("team", case=CASE), "nurse"),
    "system": (Grantee("system", system=ident("town system"), organisation=TOWN), "town-system"),
    "network": (Grantee("network", person=NEIGHBOUR, case=CASE), "neighbour"),
}
"""One grantee of each kind, with an actor whom it names."""

SCOPES = {
    "everything": EVERYTHING,
    "item": Scope(items=frozenset((ITEM.item,))),
    "section": Scope(sections=frozenset((ITEM.section, "income"))),
    "other-section": Scope(sections=frozenset(("health",))),
    "lane": Scope(lanes=frozenset(("ordinary",))),
    "type": Scope(types=frozenset((ITEM.type,))),
    "source": Scope(sources=frozenset((ITEM.source,))),
    "case": Scope(case=CASE),
    "ceiling": Scope(label_ceiling="personal"),
    "data-period": Scope(data_from=ITEM.data_from, data_until=ITEM.data_until + 1),
}
ACTIONS = tuple(sorted(catalogues().current.actions))
PURPOSES = {
    "same": "debt-help",
    "descendant": "debt-plan",
    "ancestor": "support",
    "other": "housing-support",
    "unknown": "no such purpose",
}
TIMES = {"before": START - 1, "at-start": START, "inside": INSIDE, "last-second": END - 1, "at-end": END}
PASSING = Period(START - 1, INSIDE + 1)
"""The period of what a special case adds: it starts before the consent and ends while that still holds."""


@dataclass(frozen=True)
class Row:
    """One question with everything it rests on."""

    id: str
    request: Request
    facts: Facts
    now: int


def main_table() -> Iterator[Row]:
    """The product of the docstring above."""
    for kind, scope, special in itertools.product(GRANTEES, SCOPES, SPECIALS):
        grantee, actor = GRANTEES[kind]
        permit = consent("permit", grantee=grantee, scope=SCOPES[scope], actions=("list", "read", "add"))
        facts, asked = SPECIALS[special](permit, Request(ACTORS[actor], "read", ITEM))
        for action, purpose, time in itertools.product(ACTIONS, PURPOSES, TIMES):
            request = replace(asked, action=action, purpose=PURPOSES[purpose])
            if action == "add":
                request = replace(request, item=replace(request.item, item="", delivered=0))
            yield Row(f"main/{kind}/{scope}/{special}/{action}/{purpose}/{time}", request, facts, TIMES[time])


def _nothing(permit, request):
    return world([permit]), request


def _denial(permit, request):
    denial = consent("denial", "deny", permit.grantee, permit.scope, ("read", "add"), "debt-plan", PASSING)
    return world([permit, denial]), request


def _exception(permit, request):
    spared = GrantException(permit.grantee, permit.scope, frozenset(("read", "download")), "debt-help")
    denial = consent("denial", "deny", Grantee("person"), purpose="", period=PASSING, exceptions=(spared,))
    return world([permit, denial]), request


def _block(permit, request):
    return world([permit], blocks=[Block(ident("block"), request.actor.id, PASSING)]), request


def order_for(name: str, actor: str, **changes: object) -> Order:
    """A sound order for this actor, with changes."""
    who = ACTORS[actor]
    grantee = Grantee("person", who.id, who.organisation, who.role)
    if who.kind == "system":
        grantee = Grantee("system", system=who.id, organisation=who.organisation)
    elif not who.organisation:
        grantee = Grantee("network", who.id, case=CASE)
    sound = Order(
        id=ident(name),
        article="article 1",
        grantee=grantee,
        items=frozenset((ITEM.item,)),
        actions=frozenset(("list", "read")),
        overrides_block=True,
        period=PASSING,
        notice_from=START + DAY,
        approvers=frozenset((ident("first judge"), ident("second judge"))),
        issued=START - DAY,
    )
    return replace(sound, **changes)  # type: ignore[arg-type]  # field names are checked at run time


def _name(request: Request) -> str:
    return next(name for name, actor in ACTORS.items() if actor == request.actor)


def _order(permit, request):
    return world([permit], orders=[order_for("order", _name(request))]), request


def _order_over_block(permit, request):
    blocks = [Block(ident("block"), request.actor.id, PERIOD)]
    return world([permit], orders=[order_for("order", _name(request))], blocks=blocks), request


def emergency_of(name: str, actor: str, period: Period = PASSING, **changes: object) -> EmergencyUse:
    """A declaration of this actor for the section of the item, as read from its payload, with changes."""
    who = ACTORS[actor]
    payload = {
        "emergency": ident(name),
        "signer": who.id,
        "organisation": who.organisation,
        "role": who.role,
        "sections": [ITEM.section],
        "reason": "danger-to-life",
        "from": period.start,
        "until": period.end,
        "issuedAt": period.start,
    }
    return replace(parse_emergency_use(payload), **changes)  # type: ignore[arg-type]  # checked at run time


OPT_IN = OptIn(ident("opt-in"), frozenset((ITEM.section,)), PERIOD)


def _emergency(permit, request):
    use = emergency_of("emergency", _name(request), Period(INSIDE - DAY + 1, END))
    return world([permit], opt_in=OPT_IN, emergencies=[use]), request


def _vault(permit, request):
    asked = replace(request, item=replace(request.item, lane="vault"))
    return world([permit], orders=[order_for("order", _name(request))]), asked


def _representative(permit, request):
    holder = Holder(request.actor.id, "legal-representative", frozenset((ITEM.section,)), False, 1, PASSING)
    denial = consent("denial", "deny", Grantee("person"), purpose="")
    return world([permit, denial], holders=[holder]), request


def _admission(permit, request):
    asked = replace(request, item=replace(request.item, source=TOWN))
    admission = Admission(ident("admission"), TOWN, frozenset((ITEM.section,)), PASSING)
    return world([permit], admissions=[admission]), asked


def _closed_case(permit, request):
    cases = {**CASES, CASE: CaseState(CASE, CASES[CASE].participants, END - 14 * DAY)}
    return world([permit], cases=cases), replace(request, case=CASE)


def _case_closes(permit, request):
    cases = {**CASES, CASE: CaseState(CASE, CASES[CASE].participants, INSIDE)}
    return world([permit], cases=cases), replace(request, case=CASE)


SPECIALS = {
    "nothing": _nothing,
    "denial": _denial,
    "exception": _exception,
    "block": _block,
    "order": _order,
    "order-over-block": _order_over_block,
    "emergency": _emergency,
    "vault": _vault,
    "representative": _representative,
    "admission": _admission,
    "closed-case": _closed_case,
    "case-closes": _case_closes,
}
