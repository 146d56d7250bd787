"""Tables about one rule at a time: whom it names, what it is about, for which purpose; as permit, denial, exception."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from consent.facts import Participant
from consent.grant import Consent, GrantException
from consent.terms import ALWAYS, EVERYTHING, Grantee, ItemFacts, Period, Request, Scope
from tests.oracle.cast import (
    ACTORS,
    BANK,
    CASE,
    CASES,
    CLINIC,
    DAY,
    INSIDE,
    ITEM,
    LOST_CASE,
    NEIGHBOUR,
    OLD,
    OTHER_CASE,
    SEQ,
    START,
    TO_VERA,
    TOWN,
    UNKNOWN,
    VERA,
    consent,
    current_hash,
    ident,
    world,
)
from tests.oracle.product import Row, order_for
from tests.values import replace

EFFECTS = ("permit", "deny", "exception")
CATALOGUES = {"current": current_hash(), "old": OLD, "unknown": UNKNOWN}
ACTIONS = ("list", "read", "add")


def consents(effect: str, grantee: Grantee, scope: Scope, purpose: str, catalogue: str, **more) -> list[Consent]:
    """A permit alone; a denial, or a denial of all with an exception, beside a permit of everything to everybody.

    The permit beside is there so that the denial shows: it names every actor of the cast in turn.
    """
    if effect == "permit":
        return [consent("permit", "permit", grantee, scope, ACTIONS, purpose, ALWAYS, (), catalogue, **more)]
    spared = GrantException(grantee, scope, frozenset(ACTIONS), purpose)
    beside = [consent(f"beside {name}", "permit", named, actions=ACTIONS, period=ALWAYS) for name, named in ALL.items()]
    if effect == "deny":
        denial = consent("denial", "deny", grantee, scope, ACTIONS, purpose, ALWAYS, (), catalogue, **more)
        return [denial, *beside]
    everybody = [
        consent(f"denial {kind}", "deny", Grantee(kind), EVERYTHING, ACTIONS, "", ALWAYS, (spared,), catalogue, **more)
        for kind in ("person", "system")
    ]
    return [*everybody, *beside]


def _named(actor) -> Grantee:
    if actor.kind == "system":
        return Grantee("system", system=actor.id)
    if actor.organisation:
        return Grantee("person", actor.id, actor.organisation, actor.role)
    return Grantee("network", actor.id, case=CASE if actor.id == NEIGHBOUR else OTHER_CASE)


ALL = {name: _named(actor) for name, actor in ACTORS.items()}


def grantee_table() -> Iterator[Row]:
    """Every way to fill a grantee x every actor x effect x label x action x the request's case x time."""
    labels, times = ("personal", "special"), (START + 2 * DAY, START + 6 * DAY)
    for (name, grantee), effect in itertools.product(_grantees().items(), (*EFFECTS, "order")):
        facts = _with_grantee(grantee, effect)
        for who, label, now, case in itertools.product(ACTORS, labels, times, ("", CASE)):
            item = replace(ITEM, label=label)
            request = Request(ACTORS[who], "read", item, "debt-help", case)
            yield Row(f"grantee/{name}/{effect}/{who}/{label}/{now - START}/{bool(case)}", request, facts, now)


def _with_grantee(grantee: Grantee, effect: str):
    if effect == "order":
        return world(orders=[order_for("order", "vera", grantee=grantee, period=ALWAYS)])
    return world(consents(effect, grantee, EVERYTHING, "debt-help", "", issued=START + DAY), cases=_cases())


def _cases():
    """Cases with somebody who left and came back, and somebody whose two participations overlap."""
    bob, late = ACTORS["bob"], ACTORS["late"]
    back = Participant(bob.id, bob.organisation, bob.role, "professional", Period(START + 3 * DAY))
    gone = replace(back, period=Period(0, START + DAY))
    twice = Participant(late.id, late.organisation, late.role, "professional", Period(START, START + 5 * DAY))
    case = CASES[CASE]
    return {**CASES, CASE: replace(case, participants=(*case.participants, gone, back, twice))}


def _grantees() -> dict[str, Grantee]:
    """All fillings: each field that counts is right, wrong or empty."""
    found: dict[str, Grantee] = {}
    for kind in ("person", "role", "team", "system", "network"):
        people = (VERA, NEIGHBOUR, "") if kind in ("person", "network") else ("",)
        organisations = (TOWN, CLINIC, "") if kind in ("person", "role", "system") else ("",)
        roles = ("debt-counsellor", "") if kind in ("person", "role") else ("",)
        cases = (CASE, OTHER_CASE, LOST_CASE, "") if kind in ("team", "network") else ("",)
        systems = (ident("town system"), ident("bank system"), "") if kind == "system" else ("",)
        later = (False, True) if kind == "team" else (False,)
        for fields in itertools.product(people, organisations, roles, cases, systems, later):
            found[f"{kind}-{len(found)}"] = Grantee(kind, *fields)
    return found


def scope_table() -> Iterator[Row]:
    """Every kind of scope x items at and beside its edge x effect x catalogue x action x later items."""
    for (name, scope), effect, catalogue, later in itertools.product(
        _scopes().items(), EFFECTS, CATALOGUES, (False, True)
    ):
        facts = world(consents(effect, TO_VERA, scope, "debt-help", CATALOGUES[catalogue], later_items=later))
        for (what, item), action in itertools.product(_items().items(), ("read", "add")):
            row = f"scope/{name}/{effect}/{catalogue}/{later}/{what}/{action}"
            yield Row(row, Request(ACTORS["vera"], action, item, "debt-help"), facts, INSIDE)


def _scopes() -> dict[str, Scope]:
    dates = (ITEM.data_from, ITEM.data_until)
    bounds = itertools.product((0, dates[0] - 1, dates[0], dates[0] + 1, dates[1], dates[1] + 1), repeat=2)
    found = {f"data-{number}": Scope(data_from=a, data_until=b) for number, (a, b) in enumerate(bounds)}
    found |= {f"ceiling-{label}": Scope(label_ceiling=label) for label in ("open", "personal", "special", "unheard")}
    found |= {
        "items": Scope(items=frozenset((ITEM.item, ident("another item")))),
        "sections": Scope(sections=frozenset(("debts", "income"))),
        "lanes": Scope(lanes=frozenset(("confidential",))),
        "types": Scope(types=frozenset(("debt-record",))),
        "sources": Scope(sources=frozenset((BANK,))),
        "case": Scope(case=CASE),
        "section-and-lane": Scope(sections=frozenset(("debts",)), lanes=frozenset(("ordinary",))),
        "item-and-section": Scope(items=frozenset((ITEM.item,)), sections=frozenset(("health",))),
        "all-of-it": Scope(
            frozenset((ITEM.item,)),
            frozenset(("debts",)),
            frozenset(("ordinary",)),
            frozenset(("debt-record",)),
            frozenset((BANK,)),
            CASE,
            "sensitive",
            dates[0],
            dates[1] + 1,
        ),
    }
    return found


def _items() -> dict[str, ItemFacts]:
    return {
        "plain": ITEM,
        "confidential": replace(ITEM, lane="confidential"),
        "vault": replace(ITEM, lane="vault"),
        "open": replace(ITEM, label="open"),
        "sensitive": replace(ITEM, label="sensitive"),
        "special": replace(ITEM, label="special"),
        "income": replace(ITEM, section="income"),
        "health": replace(ITEM, section="health"),
        "letter": replace(ITEM, type="letter"),
        "from-clinic": replace(ITEM, source=CLINIC),
        "no-case": replace(ITEM, cases=frozenset()),
        "no-date": replace(ITEM, data_from=0, data_until=0),
        "half-dated": replace(ITEM, data_until=0),
        "one-moment": replace(ITEM, data_until=ITEM.data_from),
        "another": replace(ITEM, item=ident("another item")),
        "third": replace(ITEM, item=ident("third item")),
        "just-before": replace(ITEM, delivered=SEQ - 1),
        "just-at": replace(ITEM, delivered=SEQ),
        "later": replace(ITEM, item=ident("third item"), delivered=SEQ),
        "new": replace(ITEM, item="", delivered=0),
        "quarantined": replace(ITEM, quarantined=True),
    }


PURPOSES = ("", "support", "debt-help", "debt-plan", "debt-intake", "meeting", "case-coordination", "review", "unheard")


def purpose_table() -> Iterator[Row]:
    """Every purpose of a rule x every purpose asked for x effect x catalogue x a label that both or one knows."""
    for wanted, effect, catalogue in itertools.product(PURPOSES, EFFECTS, CATALOGUES):
        facts = world(consents(effect, TO_VERA, EVERYTHING, wanted, CATALOGUES[catalogue]))
        for asked, label in itertools.product(PURPOSES, ("personal", "sensitive", "special")):
            item = replace(ITEM, label=label)
            row = f"purpose/{wanted}/{effect}/{catalogue}/{asked}/{label}"
            yield Row(row, Request(ACTORS["vera"], "read", item, asked), facts, INSIDE)


def case_table() -> Iterator[Row]:
    """A rule bound to a case, or not, x the request's case x who asks x effect x later members."""
    for bound, effect, later in itertools.product(("", CASE, OTHER_CASE, LOST_CASE), EFFECTS, (False, True)):
        grantee = Grantee("team", case=CASE, later_members=later)
        rules = consents(effect, grantee, EVERYTHING, "debt-help", "", case=bound)
        facts = world(rules)
        for who, asked, now in itertools.product(ACTORS, ("", CASE, OTHER_CASE, LOST_CASE), (START, INSIDE, 2 * START)):
            row = f"case/{bound[:4]}/{effect}/{later}/{who}/{asked[:4]}/{now}"
            yield Row(row, Request(ACTORS[who], "read", ITEM, "debt-help", asked), facts, now)
