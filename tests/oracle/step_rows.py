"""Tables about the steps around consents: standing, final denials, orders, authority, sources, closing, emergencies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from consent.facts import Admission, Block, CaseState, Holder, OptIn
from consent.terms import ALWAYS, FOREVER, Grantee, Period, Request
from tests.oracle.cast import (
    ACTORS,
    CASE,
    CASES,
    CLINIC,
    DAY,
    INSIDE,
    ITEM,
    OTHER_CASE,
    OTHER_PSEUDONYM,
    OWNER,
    PERIOD,
    START,
    TOWN,
    consent,
    ident,
    key_of,
    standings,
    takes_part,
    world,
)
from tests.oracle.matching_rows import ALL
from tests.oracle.product import OPT_IN, PASSING, Row, emergency_of, order_for
from tests.values import replace

PERMITS = [consent(f"permit {name}", grantee=named, actions=("list", "read", "add")) for name, named in ALL.items()]
DENIAL = consent("denial", "deny", Grantee("person"), purpose="", actions=("read",), period=PASSING)
MOMENTS = (START - 2, START - 1, START, INSIDE, INSIDE + 1)


def standing_table() -> Iterator[Row]:
    """Each way not to be known or to stand, alone and in pairs, for every actor."""
    facts = world(PERMITS)
    for who, one, two in itertools.product(ACTORS, DEFECTS, DEFECTS):
        if one > two:
            continue
        request = Request(ACTORS[who], "read", ITEM, "debt-help", reason="intake")
        request = DEFECTS[two](DEFECTS[one](request))
        yield Row(f"standing/{who}/{one}/{two}", request, facts, INSIDE)
    for who, now in itertools.product(ACTORS, MOMENTS):
        actor = ACTORS[who]
        for period, signed in itertools.product((PASSING, Period(INSIDE, INSIDE)), ("", key_of(actor), "f" * 64)):
            people = {**standings()}
            place = (actor.id, actor.organisation)
            people[place] = replace(people[place], period=period)
            request = Request(replace(actor, key_hash=signed), "read", ITEM, "debt-help")
            row = f"standing/{who}/{period.start}/{signed[:4]}/{now - START}"
            yield Row(row, request, world(PERMITS, people=people), now)


def _item(**changes):
    return lambda request: replace(request, item=replace(request.item, **changes))


def _actor(**changes):
    return lambda request: replace(request, actor=replace(request.actor, **changes))


def _request(**changes):
    return lambda request: replace(request, **changes)


DEFECTS = {
    "00-none": lambda request: request,
    "01-action": _request(action="unheard"),
    "02-no-action": _request(action=""),
    "03-purpose": _request(purpose="unheard"),
    "04-reason": _request(reason="unheard"),
    "05-case": _request(case=ident("unheard")),
    "06-section": _item(section="unheard"),
    "07-lane": _item(lane="unheard"),
    "08-no-lane": _item(lane=""),
    "09-label": _item(label="unheard"),
    "10-type": _item(type="unheard"),
    "11-role": _actor(role="unheard"),
    "12-no-role": _actor(role=""),
    "13-other-role": _actor(role="auditor"),
    "14-kind": _actor(kind="group"),
    "15-system": _actor(kind="system"),
    "16-person": _actor(kind="person"),
    "17-nobody": _actor(id=ident("unheard")),
    "18-nowhere": _actor(organisation=""),
    "19-elsewhere": _actor(organisation=CLINIC),
    "20-key": _actor(key_hash="f" * 64),
    "21-no-source": _item(source=""),
    "22-no-purpose": _request(purpose="", reason=""),
    "23-quarantined": _item(quarantined=True),
    "24-vault": _item(lane="vault"),
    "25-subject": _item(subjects=frozenset((OTHER_PSEUDONYM,))),
}


def order_table() -> Iterator[Row]:
    """Each defect of an order x block x denial x lane x action x time x a second order."""
    for defect, blocked, denied, second in itertools.product(ORDER_DEFECTS, (False, True), (False, True), SECOND):
        orders = [order_for("order", "vera", **ORDER_DEFECTS[defect]), *SECOND[second]]
        blocks = [Block(ident("block"), ACTORS["vera"].id, PERIOD), Block(ident("block 2"), ACTORS["bob"].id, ALWAYS)]
        rules = [*PERMITS, DENIAL] if denied else PERMITS
        facts = world(rules, orders=orders, blocks=blocks if blocked else ())
        for action, lane, now, who in itertools.product(
            ("read", "download"), ("ordinary", "vault"), (*MOMENTS, START + DAY - 1, START + DAY), ("vera", "bob")
        ):
            request = Request(ACTORS[who], action, replace(ITEM, lane=lane), "debt-help")
            row = f"order/{defect}/{blocked}/{denied}/{second}/{action}/{lane}/{now - START}/{who}"
            yield Row(row, request, facts, now)


ORDER_DEFECTS: dict[str, dict] = {
    "none": {},
    "no-article": {"article": ""},
    "blank-article": {"article": " \t"},
    "one-approver": {"approvers": frozenset((ident("first judge"),))},
    "no-approver": {"approvers": frozenset()},
    "other-item": {"items": frozenset((ident("another item"),))},
    "no-items": {"items": frozenset()},
    "other-action": {"actions": frozenset(("list",))},
    "other-grantee": {"grantee": ALL["nurse"]},
    "empty-grantee": {"grantee": Grantee("person")},
    "leaves-block": {"overrides_block": False},
    "noticed": {"notice_from": 0},
    "never-holds": {"period": Period(INSIDE, INSIDE)},
}
SECOND = {
    "alone": [],
    "beside": [order_for("second", "vera", overrides_block=False, notice_from=START, period=ALWAYS)],
    "bobs": [order_for("second", "bob", actions=frozenset(("download",)), overrides_block=False)],
}


def authority_table() -> Iterator[Row]:
    """Capacity x scope x lane x section x denial or block x action x case x time x who asks."""
    scopes = {"full": (True, frozenset()), "debts": (False, frozenset(("debts",))), "none": (False, frozenset())}
    for capacity, scope, special in itertools.product(("owner", "legal-representative", "mandate"), scopes, AROUND):
        full, sections = scopes[scope]
        names = ("parent", "partner", "vera-home") if special != "closed" else ("parent", "neighbour")
        holders = [Holder(ACTORS[name].id, capacity, sections, full, 1, PASSING) for name in names]
        holders.append(Holder(OWNER, capacity, sections, full, 1, PASSING))
        facts = AROUND[special](holders)
        for who, lane, section, action, case, now in itertools.product(
            ("owner", "owner-at-work", "parent", "parent-at-work", "neighbour", "vera"),
            ("ordinary", "vault"),
            ("debts", "health"),
            ("list", "read", "add"),
            ("", CASE),
            MOMENTS[1:],
        ):
            item = replace(ITEM, lane=lane, section=section, quarantined=special == "quarantined")
            row = f"authority/{capacity}/{scope}/{special}/{who}/{lane}/{section}/{action}/{bool(case)}/{now - START}"
            yield Row(row, Request(ACTORS[who], action, item, "debt-help", case), facts, now)


def _closed(holders):
    cases = {CASE: CaseState(CASE, CASES[CASE].participants, INSIDE)}
    return world(PERMITS, holders=holders, cases=cases)


def _blocked(holders):
    names = ("owner", "parent", "vera", "neighbour")
    blocks = [Block(ident(f"block {name}"), ACTORS[name].id, ALWAYS) for name in names]
    return world(PERMITS, holders=holders, blocks=[*blocks, Block(ident("again"), ACTORS["parent"].id, PASSING)])


AROUND = {
    "nothing": lambda holders: world(PERMITS, holders=holders),
    "denial": lambda holders: world([*PERMITS, replace(DENIAL, period=ALWAYS)], holders=holders),
    "blocked": _blocked,
    "quarantined": lambda holders: world(PERMITS, holders=holders),
    "closed": _closed,
}


def source_table() -> Iterator[Row]:
    """Admissions x who delivers x section x lane x action x with a permit or a denial beside x closed case x time."""
    admissions = {
        "none": [],
        "debts": [Admission(ident("admission"), TOWN, frozenset(("debts",)), PASSING)],
        "all": [Admission(ident("admission"), TOWN, frozenset(), PASSING)],
        "two": [
            Admission(ident("admission"), TOWN, frozenset(), ALWAYS),
            Admission(ident("second"), TOWN, frozenset(("debts", "health")), PASSING),
        ],
        "other": [Admission(ident("admission"), CLINIC, frozenset(), ALWAYS)],
    }
    shut = replace(DENIAL, grantee=Grantee("system"), actions=frozenset(("add", "list")), period=ALWAYS)
    for admitted, beside in itertools.product(admissions, ("nothing", "permits", "denial")):
        rules = {"nothing": [], "permits": PERMITS, "denial": [*PERMITS, shut]}[beside]
        cases = {**CASES, OTHER_CASE: CaseState(OTHER_CASE, (takes_part("bob"),), INSIDE)}
        facts = world(rules, admissions=admissions[admitted], cases=cases)
        for who, action, section, lane, exists, case, now in itertools.product(
            ("town-system", "clinic-system", "vera", "neighbour"),
            ("add", "list", "read"),
            ("debts", "health"),
            ("ordinary", "vault"),
            (True, False),
            ("", CASE, OTHER_CASE),
            MOMENTS[1:],
        ):
            item = replace(ITEM, source=TOWN, section=section, lane=lane, item=ITEM.item if exists else "")
            row = f"source/{admitted}/{beside}/{who}/{action}/{section}/{lane}/{exists}/{case[:4]}/{now - START}"
            yield Row(row, Request(ACTORS[who], action, item, "debt-help", case), facts, now)


def closing_table() -> Iterator[Row]:
    """State of the case x who asks x action x purpose x denial x mandate x the seconds around both ends."""
    for state, denied, mandate in itertools.product(("open", "closing", "long-closed"), (False, True), (False, True)):
        closed = {"open": FOREVER, "closing": INSIDE, "long-closed": START - 20 * DAY}[state]
        holder = Holder(ACTORS["neighbour"].id, "mandate", frozenset(("debts",)), False, 1, ALWAYS)
        rules = [*PERMITS, consent("adding", "deny", Grantee("role"), actions=("add",))] if denied else PERMITS
        rules = [replace(rule, period=ALWAYS) for rule in rules]
        cases = {**CASES, CASE: CaseState(CASE, CASES[CASE].participants, closed)}
        facts = world(rules, holders=[holder] if mandate else (), cases=cases)
        moments = (INSIDE - 1, INSIDE, INSIDE + 14 * DAY - 1, INSIDE + 14 * DAY)
        for who, action, purpose, now in itertools.product(ACTORS, ("list", "add"), ("debt-plan", "review"), moments):
            row = f"closing/{state}/{denied}/{mandate}/{who}/{action}/{purpose}/{now - INSIDE}"
            yield Row(row, Request(ACTORS[who], action, ITEM, purpose, CASE), facts, now)


def emergency_table() -> Iterator[Row]:
    """Opt-in x declaration x earlier declarations x approver x denial x action x section x time x who asks."""
    for opted, kind, earlier, approver in itertools.product(OPT_INS, USES, EARLIER, APPROVERS):
        period, changes = USES[kind]
        use = emergency_of("use", "vera", period, approver=APPROVERS[approver], **changes)
        for denied in (False, True):
            rules = [DENIAL] if denied else []
            facts = world(rules, opt_in=OPT_INS[opted], emergencies=[use, *EARLIER[earlier]])
            for who, action, now in itertools.product(
                ("vera", "vera-social", "bob"), ("read", "list", "add"), (INSIDE - 1, INSIDE, INSIDE + DAY - 1)
            ):
                row = f"emergency/{opted}/{kind}/{earlier}/{approver}/{denied}/{who}/{action}/{now - INSIDE}"
                yield Row(row, Request(ACTORS[who], action, ITEM), facts, now)


OPT_INS = {
    "none": None,
    "debts": OPT_IN,
    "empty": OptIn(ident("opt-in"), frozenset(), ALWAYS),
    "other": OptIn(ident("opt-in"), frozenset(("health",)), ALWAYS),
    "ended": OptIn(ident("opt-in"), frozenset(("debts",)), Period(START, INSIDE)),
}
USES: dict[str, tuple[Period, dict]] = {
    "sound": (Period(INSIDE, INSIDE + 3600), {}),
    "long": (Period(INSIDE, INSIDE + 3 * DAY), {}),
    "other-section": (Period(INSIDE, INSIDE + DAY), {"sections": frozenset(("health",))}),
    "other-reason": (Period(INSIDE, INSIDE + DAY), {"reason": "intake"}),
    "no-reason": (Period(INSIDE, INSIDE + DAY), {"reason": "unheard"}),
}


def _two(first: int) -> list:
    """Two earlier emergencies in the dossier, one of them begun at this instant."""
    hers = emergency_of("earlier", "vera", Period(START, START + DAY), reviewed=True)
    return [hers, emergency_of("earlier 2", "bob", Period(first, START + DAY))]


EARLIER = {
    "none": [],
    "hers-open": [emergency_of("earlier", "vera", Period(START - 60 * DAY, START))],
    "hers-seen": [emergency_of("earlier", "vera", Period(START, START + DAY), reviewed=True)],
    "elsewhere-open": [emergency_of("earlier", "vera-clinic", Period(START, START + DAY))],
    "his-open": [emergency_of("earlier", "bob", Period(INSIDE - DAY, INSIDE + DAY))],
    "two": _two(START),
    "two-just-within": _two(INSIDE - 30 * DAY + 1),
    "two-just-before": _two(INSIDE - 30 * DAY),
    "later": [
        emergency_of("later", "vera", Period(INSIDE + DAY, INSIDE + 2 * DAY)),
        emergency_of("later 2", "bob", Period(INSIDE + 2 * DAY, INSIDE + 3 * DAY)),
    ],
}


APPROVERS = {"none": "", "bob": ACTORS["bob"].id}
