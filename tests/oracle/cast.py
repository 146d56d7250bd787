"""Who and what the tables speak of: people, organisations, items, two catalogues, and short ways to make rules."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

from consent.catalogue import Catalogue, Catalogues, shipped_catalogues
from consent.facts import CaseState, DossierFacts, Facts, ForeignFacts, OptIn, Participant, Standing
from consent.grant import Consent, GrantException
from consent.terms import ALWAYS, EVERYTHING, FOREVER, Actor, Grantee, ItemFacts, Period, Scope
from tests.values import replace

DAY = 24 * 3600
START = 1_800_000_000
END = START + 10 * DAY
INSIDE = START + 4 * DAY
PERIOD = Period(START, END)
SEQ = 100
"""The position at which the tables' consents took effect."""


def ident(name: str) -> str:
    """A 32-digit id that is the same in every run."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def key_of(actor: Actor) -> str:
    """The hash of the key with which the actor stands."""
    return hashlib.sha256(f"{actor.id} {actor.organisation}".encode()).hexdigest()


OWNER, VERA, NEIGHBOUR = ident("owner"), ident("vera"), ident("neighbour")
TOWN, CLINIC, BANK = ident("town"), ident("clinic"), ident("bank")
CASE, OTHER_CASE, LOST_CASE = ident("case"), ident("other case"), ident("case that is not among the facts")
OWN_PSEUDONYM, OTHER_PSEUDONYM = "pseudonym of the owner", "pseudonym of somebody in the item"

CITIZENS = {name: Actor("person", ident(name)) for name in ("owner", "neighbour", "parent", "partner", "stranger")}
PROFESSIONALS = {
    "vera": Actor("person", VERA, TOWN, "debt-counsellor"),
    "vera-social": Actor("person", VERA, TOWN, "social-worker"),
    "vera-clinic": Actor("person", VERA, CLINIC, "debt-counsellor"),
    "bob": Actor("person", ident("bob"), TOWN, "debt-counsellor"),
    "late": Actor("person", ident("late"), TOWN, "social-worker"),
    "nurse": Actor("person", ident("nurse"), CLINIC, "district-nurse"),
    "owner-at-work": Actor("person", OWNER, TOWN, "social-worker"),
    "relative": Actor("person", ident("relative"), TOWN, "debt-counsellor"),
    "parent-at-work": Actor("person", ident("parent"), TOWN, "social-worker"),
}
CITIZENS["vera-home"] = Actor("person", VERA)
SYSTEMS = {
    "town-system": Actor("system", ident("town system"), TOWN),
    "clinic-system": Actor("system", ident("clinic system"), CLINIC),
    "bank-system": Actor("system", ident("bank system"), BANK),
}
ACTORS = {**CITIZENS, **PROFESSIONALS, **SYSTEMS}


def _conflicts(name: str) -> frozenset[str]:
    return frozenset({"relative": {OWN_PSEUDONYM}, "late": {OTHER_PSEUDONYM}}.get(name, ()))


def standings() -> dict[tuple[str, str], Standing]:
    """How everybody stands; by (id, organisation), with all roles there."""
    found: dict[tuple[str, str], Standing] = {}
    for name, actor in ACTORS.items():
        place = (actor.id, actor.organisation)
        roles = found[place].roles if place in found else frozenset()
        roles |= {actor.role} - {""}
        found[place] = Standing(key_of(actor), Period(0, START + 400 * DAY), roles, _conflicts(name))
    return found


def takes_part(name: str, period: Period = ALWAYS) -> Participant:
    """An actor as participant of a case."""
    actor = ACTORS[name]
    kind = "professional" if actor.organisation else "network"
    return Participant(actor.id, actor.organisation, actor.role, kind, period)


MEMBERS = (
    takes_part("vera"),
    takes_part("neighbour"),
    takes_part("late", Period(START + 2 * DAY)),
    takes_part("nurse", Period(0, START + 6 * DAY)),
)
CASES = {
    CASE: CaseState(CASE, MEMBERS, FOREVER),
    OTHER_CASE: CaseState(OTHER_CASE, (takes_part("bob"), takes_part("stranger")), FOREVER),
}

ITEM = ItemFacts(
    item=ident("item"),
    section="debts",
    lane="ordinary",
    label="personal",
    type="debt-record",
    source=BANK,
    data_from=START - 100 * DAY,
    data_until=START - 50 * DAY,
    delivered=10,
    cases=frozenset((CASE,)),
)


@functools.cache
def catalogues() -> Catalogues:
    """The shipped catalogue as the current one, and an older one with fewer codes, another tree and other ranks."""
    current = shipped_catalogues().current
    return Catalogues({current.hash: current, OLD: _older(current)}, current)


OLD = "0" * 64
"""The hash of the older catalogue."""
UNKNOWN = "f" * 64
"""The hash of no catalogue."""


def _older(current: Catalogue) -> Catalogue:
    purposes = {code: parent for code, parent in current.purposes.items() if code not in {"debt-plan", "meeting"}}
    purposes["debt-help"] = ""
    labels = {code: label for code, label in current.labels.items() if code != "special"}
    labels["open"] = replace(labels["open"], rank=5)
    labels["sensitive"] = replace(labels["sensitive"], high=True)
    return replace(current, hash=OLD, version="old", purposes=purposes, labels=labels)


def current_hash() -> str:
    """The hash of the current catalogue."""
    return catalogues().current.hash


TO_VERA = Grantee("person", person=VERA, organisation=TOWN, role="debt-counsellor")


def consent(
    name: str,
    effect: str = "permit",
    grantee: Grantee = TO_VERA,
    scope: Scope = EVERYTHING,
    actions: Iterable[str] = ("list", "read"),
    purpose: str = "debt-help",
    period: Period = PERIOD,
    exceptions: tuple[GrantException, ...] = (),
    catalogue: str = "",
    *,
    case: str = "",
    later_items: bool = True,
    basis: str = "consent",
    issued: int = START - DAY,
    seq: int = SEQ,
) -> Consent:
    """A permit or denial; what is left out is what the tables do not vary."""
    return Consent(
        id=ident(name),
        effect=effect,
        grantee=grantee,
        scope=scope,
        actions=frozenset(actions),
        purpose=purpose,
        basis=basis,
        period=period,
        ends_on_case_closed=False,
        unused_months=0,
        later_items=later_items,
        exceptions=exceptions,
        case=case,
        catalogue=catalogue or current_hash(),
        text_hash="",
        text_language="nl",
        text_version="1",
        replaces="",
        signer=OWNER,
        capacity="owner",
        issued=issued,
        seq=seq,
    )


def world(
    consents: Iterable[Consent] = (),
    *,
    holders: Iterable = (),
    blocks: Iterable = (),
    admissions: Iterable = (),
    orders: Iterable = (),
    opt_in: OptIn | None = None,
    emergencies: Iterable = (),
    cases: dict[str, CaseState] | None = None,
    people: dict[tuple[str, str], Standing] | None = None,
) -> Facts:
    """The facts of one dossier whose rules these are, in the order in which `DossierFacts` wants them."""
    rules = sorted(consents, key=lambda each: each.id)
    dossier = DossierFacts(
        seq=1000,
        owner=OWNER,
        holders=tuple(sorted(holders, key=lambda each: (each.person, each.capacity))),
        permits=tuple(each for each in rules if each.effect == "permit"),
        denials=tuple(each for each in rules if each.effect == "deny"),
        blocks=tuple(sorted(blocks, key=lambda each: each.id)),
        admissions=tuple(sorted(admissions, key=lambda each: each.id)),
        orders=tuple(sorted(orders, key=lambda each: each.id)),
        opt_in=opt_in,
        emergencies=tuple(sorted(emergencies, key=lambda each: each.id)),
        catalogues=catalogues(),
    )
    pseudonyms = frozenset((OWN_PSEUDONYM,))
    return Facts(dossier, ForeignFacts(people or standings(), CASES if cases is None else cases, pseudonyms))
