"""When a rule fits a request, in plain words of code: the lower half of the second judge (`judge.py`).

Written from docs/spec/decision.md, "When a consent applies"; it shares frozen values with the engine, no methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from consent.catalogue import Catalogue
from consent.facts import CaseState, Facts, Participant
from consent.grant import Consent, GrantException
from consent.terms import FOREVER, Actor, Grantee, ItemFacts, Period, Request, Scope


@dataclass(frozen=True)
class Rule:
    """What matching a grantee, purpose or scope needs to know of the rule around it.

    `mode`: "strict" (permit, order), "loose" (denial) or "exception". `catalogue` is None if it is not known.
    """

    mode: str
    catalogue: Catalogue | None
    issued: int


def inside(period: Period, now: int) -> bool:
    return period.start <= now < period.end


def is_citizen(actor: Actor) -> bool:
    return actor.kind == "person" and actor.organisation == "" and actor.role == ""


def is_professional(actor: Actor) -> bool:
    return actor.kind == "person" and actor.organisation != "" and actor.role != ""


def is_system(actor: Actor) -> bool:
    return actor.kind == "system" and actor.organisation != "" and actor.role == ""


def rule_of(consent: Consent, mode: str, facts: Facts) -> Rule:
    return Rule(mode, facts.dossier.catalogues.versions.get(consent.catalogue), consent.issued)


def permits_but_purpose(request: Request, facts: Facts, now: int) -> Iterator[Consent]:
    """The permits that apply if their purpose is left aside."""
    if request.case and not _takes_part(request.actor, facts.foreign.cases[request.case], now):
        return
    for permit in facts.dossier.permits:
        rule = rule_of(permit, "strict", facts)
        if rule.catalogue is None or not fits_but_purpose(permit, rule, request, facts, now):
            continue
        label = rule.catalogue.labels.get(request.item.label)
        early = Rule("strict", rule.catalogue, permit.issued)
        known_team = Grantee("team", case=permit.grantee.case)
        came_later = permit.grantee.kind == "team" and not grantee_fits(known_team, early, request.actor, facts, now)
        if came_later and (label is None or label.high):
            continue
        yield permit


def permit_purpose(permit: Consent, request: Request, facts: Facts) -> bool:
    return purpose_fits(permit.purpose, rule_of(permit, "strict", facts), request)


def fits_but_purpose(consent: Consent, rule: Rule, request: Request, facts: Facts, now: int) -> bool:
    item = request.item
    in_time = consent.later_items or item.delivered < consent.seq or item.item in consent.scope.items
    return (
        request.action in consent.actions
        and consent.case in ("", request.case)
        and (in_time or request.action == "add")
        and inside(consent.period, now)
        and _scope_fits(consent.scope, rule, item)
        and grantee_fits(consent.grantee, rule, request.actor, facts, now)
    )


def exception_fits(exception: GrantException, rule: Rule, request: Request, facts: Facts, now: int) -> bool:
    return (
        request.action in exception.actions
        and purpose_fits(exception.purpose, rule, request)
        and _scope_fits(exception.scope, rule, request.item)
        and grantee_fits(exception.grantee, rule, request.actor, facts, now)
    )


def purpose_fits(wanted: str, rule: Rule, request: Request) -> bool:
    asked, tree = request.purpose, rule.catalogue.purposes if rule.catalogue else {}
    if wanted == "":
        return rule.mode != "strict"
    if asked not in tree or wanted not in tree:
        return rule.mode == "loose"
    while asked:
        if asked == wanted:
            return True
        asked = tree[asked]
    return False


def _scope_fits(scope: Scope, rule: Rule, item: ItemFacts) -> bool:
    return (
        (not scope.items or item.item in scope.items)
        and (not scope.sections or item.section in scope.sections)
        and (not scope.lanes or item.lane in scope.lanes)
        and (not scope.types or item.type in scope.types)
        and (not scope.sources or item.source in scope.sources)
        and (scope.case == "" or scope.case in item.cases)
        and _label_fits(scope.label_ceiling, rule, item)
        and _data_fits(scope, rule, item)
    )


def _label_fits(ceiling: str, rule: Rule, item: ItemFacts) -> bool:
    if ceiling == "":
        return True
    labels = rule.catalogue.labels if rule.catalogue else {}
    if ceiling not in labels or item.label not in labels:
        return rule.mode == "loose"
    return labels[item.label].rank <= labels[ceiling].rank


def _data_fits(scope: Scope, rule: Rule, item: ItemFacts) -> bool:
    if scope.data_from == 0 and scope.data_until == 0:
        return True
    if item.data_from == 0 or item.data_until == 0:
        return rule.mode == "loose"
    # the item's period includes its last instant, the scope's does not
    until = scope.data_until or FOREVER
    if rule.mode == "loose":
        return item.data_from < until and scope.data_from <= item.data_until
    return scope.data_from <= item.data_from and item.data_until < until


def grantee_fits(grantee: Grantee, rule: Rule, actor: Actor, facts: Facts, now: int) -> bool:
    if grantee.kind == "person":
        pairs = ((grantee.person, actor.id), (grantee.organisation, actor.organisation), (grantee.role, actor.role))
        return actor.kind == "person" and all(_field_fits(named, has, rule) for named, has in pairs)
    if grantee.kind == "role":
        place = _field_fits(grantee.organisation, actor.organisation, rule)
        return is_professional(actor) and place and _field_fits(grantee.role, actor.role, rule)
    if grantee.kind == "system":
        anywhere = grantee.organisation in ("", actor.organisation)
        return is_system(actor) and _field_fits(grantee.system, actor.id, rule) and anywhere
    if grantee.kind == "network":
        named = _field_fits(grantee.person, actor.id, rule)
        return is_citizen(actor) and named and _member(grantee, rule, actor, facts, now)
    return grantee.kind == "team" and actor.kind == "person" and _member(grantee, rule, actor, facts, now)


def _field_fits(named: str, has: str, rule: Rule) -> bool:
    return named == has if named else rule.mode != "strict"


def _member(grantee: Grantee, rule: Rule, actor: Actor, facts: Facts, now: int) -> bool:
    """Whether the actor takes part in the grantee's case as a team or network grantee wants it."""
    if grantee.case == "":
        return rule.mode != "strict"
    case = facts.foreign.cases.get(grantee.case)
    if case is None:
        return rule.mode == "loose"
    for entry in case.participants:
        if not _is_entry_of(entry, actor) or not inside(entry.period, now):
            continue
        if grantee.kind == "network" and entry.kind == "network":
            return True
        if grantee.kind == "team" and (grantee.later_members or entry.period.start <= rule.issued):
            return True
    return False


def _is_entry_of(entry: Participant, actor: Actor) -> bool:
    return (entry.person, entry.organisation, entry.role) == (actor.id, actor.organisation, actor.role)


def _takes_part(actor: Actor, case: CaseState, now: int) -> bool:
    for entry in case.participants:
        if not inside(entry.period, now):
            continue
        if actor.kind == "person" and _is_entry_of(entry, actor):
            return True
        if actor.kind == "system" and entry.kind == "professional" and entry.organisation == actor.organisation:
            return True
    return False
