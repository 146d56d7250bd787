"""Random worlds: everything that the tables vary one at a time, thrown together. The chooser decides what comes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from consent.facts import Admission, Block, CaseState, Facts, Holder, OptIn, Participant
from consent.grant import Consent, GrantException
from consent.terms import FOREVER, Grantee, ItemFacts, Period, Request, Scope
from tests.oracle.cast import (
    ACTORS,
    BANK,
    CASE,
    CLINIC,
    DAY,
    ITEM,
    LOST_CASE,
    OLD,
    OTHER_CASE,
    OTHER_PSEUDONYM,
    SEQ,
    START,
    TOWN,
    UNKNOWN,
    consent,
    current_hash,
    ident,
    standings,
    takes_part,
    world,
)
from tests.oracle.product import Row, emergency_of, order_for
from tests.values import replace

PURPOSES = ("debt-help", "debt-help", "debt-plan", "debt-intake", "support", "meeting", "")
ACTIONS = ("list", "read", "read", "add", "download")
NAMED = ("vera", "vera", "vera", "bob", "nurse", "late", "neighbour", "town-system")
LABELS = ("open", "personal", "sensitive", "special")
SECTIONS = ("debts", "debts", "health")
WORLDS = 1200


def random_table() -> Iterator[Row]:
    """As many seeded worlds as WORLDS says, with a few questions each."""
    for seed in range(WORLDS):
        choose = Random(seed)
        facts = random_facts(choose)
        for number in range(6):
            yield _row(f"random/{seed}/{number}", choose, facts)


def random_row(choose: Random) -> Row:
    """One question in one world."""
    return _row("random", choose, random_facts(choose))


def _row(name: str, choose: Random, facts: Facts) -> Row:
    request, now = random_request(choose), moment(choose)
    if facts.dossier.permits and choose.randint(0, 2):
        request, now = _aimed(choose, request, facts, now)
    return Row(name, request, facts, now)


def _aimed(choose: Random, request: Request, facts: Facts, now: int) -> tuple[Request, int]:
    """The question turned towards one of the permits: its grantee if the cast has it, its purpose, its time."""
    permit = choose.choice(facts.dossier.permits)
    grantee, inside = permit.grantee, permit.period
    who = [
        actor
        for actor in ACTORS.values()
        if actor.id in (grantee.person, grantee.system)
        or (grantee.kind == "role" and (actor.organisation, actor.role) == (grantee.organisation, grantee.role))
    ]
    actor = choose.choice(who) if who else request.actor
    end = min(inside.end, inside.start + 5 * DAY) - 1
    return replace(request, actor=actor, purpose=permit.purpose), choose.choice((inside.start, end, end + 1, now))


def moment(choose: Random) -> int:
    """An instant on a coarse grid, so that many things flip at once, and now and then the second before it."""
    return START + choose.randint(-3, 25) * DAY - choose.choice((0, 0, 1))


def random_request(choose: Random) -> Request:
    """A question of somebody, mostly of those whom rules name, mostly with codes that exist."""
    action = choose.choice(ACTIONS)
    item = _item(choose)
    if action == "add":
        item = replace(item, item="", delivered=0)
    names = sorted(ACTORS) if choose.randint(0, 3) == 0 else NAMED
    purpose = choose.choice((*PURPOSES, "debt-help")) if choose.randint(0, 19) else "unheard"
    return Request(ACTORS[choose.choice(names)], action, item, purpose, choose.choice(("", "", "", CASE, OTHER_CASE)))


def _item(choose: Random) -> ItemFacts:
    begin = choose.choice((0, START - 90 * DAY, START - 80 * DAY))
    return ItemFacts(
        item=choose.choice((ITEM.item, ident("another item"))),
        section=choose.choice(SECTIONS),
        lane=choose.choice(("ordinary",) * 10 + ("confidential", "vault")),
        label=choose.choice(LABELS),
        type=choose.choice(("debt-record", "letter")),
        source=choose.choice((BANK, TOWN)),
        data_from=begin,
        data_until=choose.choice((begin, begin + 5 * DAY, 0)),
        delivered=choose.choice((1, SEQ - 1, SEQ, SEQ + 1)),
        cases=frozenset(choose.sample((CASE, OTHER_CASE), choose.randint(0, 2))),
        quarantined=choose.randint(0, 19) == 0,
        subjects=frozenset((OTHER_PSEUDONYM,)) if choose.randint(0, 9) == 0 else frozenset(),
    )


def random_facts(choose: Random) -> Facts:
    """A dossier with some of everything."""
    return world(
        [_consent(choose, number) for number in range(choose.choice((0, 3, 6, 9, 20)))],
        holders=[_holder(choose) for _ in range(choose.randint(0, 3))],
        blocks=[
            Block(ident(f"block {n}"), _person(choose), _period(choose)) for n in range(choose.choice((0, 0, 1, 2)))
        ],
        admissions=[_admission(choose, number) for number in range(choose.randint(0, 2))],
        orders=[_order(choose, number) for number in range(choose.choice((0, 0, 1, 2)))],
        opt_in=choose.choice((None, OptIn(ident("opt-in"), _some(choose, ("debts", "health")), _period(choose)))),
        emergencies=[_emergency(choose, number) for number in range(choose.choice((0, 1, 2, 4, 8)))],
        cases={CASE: _case(choose, CASE), OTHER_CASE: _case(choose, OTHER_CASE)},
        people=_people(choose),
    )


def _some(choose: Random, values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(choose.sample(values, choose.randint(0, len(values))))


def _period(choose: Random) -> Period:
    start = choose.randint(-4, choose.choice((-2, 12))) * DAY
    return Period(START + start, choose.choice((FOREVER, START + start + choose.randint(0, 15) * DAY)))


def _person(choose: Random) -> str:
    return ACTORS[choose.choice(("vera", "neighbour", "parent", "bob", "owner"))].id


def _people(choose: Random):
    people = standings()
    for place in choose.sample(sorted(people), choose.choice((0, 1, 3))):
        people[place] = replace(people[place], period=_period(choose))
    return people


def _grantee(choose: Random) -> Grantee:
    """Somebody of the cast, named in one of the ways, at times with a field left out."""
    actor = ACTORS[choose.choice(NAMED)]
    case = choose.choice((CASE, CASE, OTHER_CASE, LOST_CASE, ""))
    if actor.kind == "system":
        return Grantee("system", system=choose.choice((actor.id, "")), organisation=choose.choice((TOWN, "")))
    if choose.randint(0, 3) == 0:
        return Grantee("team", case=case, later_members=choose.choice((False, True)))
    if not actor.organisation:
        return Grantee("network", person=choose.choice((actor.id, actor.id, "")), case=case)
    if choose.choice((False, True)):
        organisation = choose.choice((actor.organisation, actor.organisation, ""))
        return Grantee("role", organisation=organisation, role=choose.choice((actor.role, actor.role, "")))
    return Grantee(
        "person",
        actor.id,
        choose.choice((actor.organisation, actor.organisation, "")),
        choose.choice((actor.role, actor.role, actor.role, "")),
    )


def _scope(choose: Random) -> Scope:
    ways: tuple[dict, ...] = (
        {},
        {},
        {"sections": frozenset(("debts",))},
        {"items": frozenset((ITEM.item,))},
        {"lanes": frozenset(("ordinary",))},
        {"types": frozenset(("debt-record",)), "sources": frozenset((BANK,))},
        {"case": CASE},
        {"label_ceiling": choose.choice(LABELS)},
        {"data_from": choose.choice((0, START - 90 * DAY)), "data_until": choose.choice((0, START - 85 * DAY))},
    )
    return Scope(**{**choose.choice(ways), **choose.choice(ways[:4])})


def _consent(choose: Random, number: int) -> Consent:
    effect = choose.choice(("permit",) * 6 + ("deny",))
    exceptions = tuple(_exception(choose) for _ in range(choose.randint(0, 2))) if effect == "deny" else ()
    return consent(
        f"consent {number}",
        effect,
        _grantee(choose),
        _scope(choose),
        _some(choose, ("add", "download", "list")) | {"read"},
        choose.choice(PURPOSES),
        _period(choose),
        exceptions,
        choose.choice((current_hash(), current_hash(), current_hash(), OLD, UNKNOWN)),
        case=choose.choice(("", "", "", CASE)),
        later_items=choose.choice((True, True, False)),
        basis=choose.choice(("consent", "legal-task")),
        issued=START + choose.randint(-5, 8) * DAY,
        seq=choose.choice((SEQ, SEQ + 1)),
    )


def _exception(choose: Random) -> GrantException:
    actions = _some(choose, ("add", "list", "read"))
    return GrantException(_grantee(choose), _scope(choose), actions, choose.choice(PURPOSES))


def _holder(choose: Random) -> Holder:
    capacity = choose.choice(("owner", "legal-representative", "mandate"))
    full = choose.choice((False, False, True))
    return Holder(_person(choose), capacity, _some(choose, ("debts", "health")), full, 1, _period(choose))


def _admission(choose: Random, number: int) -> Admission:
    sections = _some(choose, ("debts", "health"))
    return Admission(ident(f"admission {number}"), choose.choice((TOWN, BANK, CLINIC)), sections, _period(choose))


def _order(choose: Random, number: int):
    return order_for(
        f"order {number}",
        "vera",
        grantee=_grantee(choose),
        overrides_block=choose.choice((False, True)),
        period=_period(choose),
        notice_from=START + choose.randint(-3, 15) * DAY,
        issued=START + choose.randint(-5, 8) * DAY,
    )


def _emergency(choose: Random, number: int):
    who = choose.choice(("vera", "vera", "bob", "vera-social"))
    start = START + choose.randint(-32, 20) * DAY + number * 3600
    approver = choose.choice(("", ident("second person")))
    reviewed = choose.choice((True, True, False))
    sections = frozenset(("debts",))
    period = Period(start, start + choose.randint(0, 3) * DAY)
    return emergency_of(f"use {number}", who, period, sections=sections, approver=approver, reviewed=reviewed)


def _case(choose: Random, case: str) -> CaseState:
    closed = choose.choice((FOREVER, FOREVER, START + choose.randint(-10, 10) * DAY))
    names = ("vera", "bob", "nurse", "late", "neighbour", "vera", "parent")
    entries = (takes_part(choose.choice(names), _period(choose)) for _ in range(choose.randint(0, 6)))
    members: tuple[Participant, ...] = tuple(entries)
    return CaseState(case, members, closed)
