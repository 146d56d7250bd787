"""A second judge, written from the design alone: slow, plain, one loop per rule, no index and no cache.

It exists to disagree with `consent.engine`. It shares the frozen values with the engine (`terms`, `grant`, `entries`,
`people`, `catalogue`) but none of their methods. Words and steps are those of docs/spec/decision.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from consent.facts import EmergencyUse, Facts, Holder, Order
from consent.grant import Consent
from consent.terms import FOREVER, NO_OBLIGATIONS, Actor, ItemFacts, Obligations, Period, Request
from tests.oracle.fits import (
    Rule,
    exception_fits,
    fits_but_purpose,
    grantee_fits,
    inside,
    is_citizen,
    is_professional,
    is_system,
    permit_purpose,
    permits_but_purpose,
    purpose_fits,
    rule_of,
)

DAY = 24 * 3600
UNKNOWN_LABEL_DUE = Obligations(reason_wanted=True, lease_seconds=30)
"""What a permit asks of its reader when its catalogue does not know the item's label."""


@dataclass(frozen=True)
class Verdict:
    """What the judge says; `rules` as a set, for the order of ids is checked apart."""

    permitted: bool
    reason: str
    step: int
    rules: frozenset[str] = frozenset()
    basis: str = ""
    obligations: Obligations = NO_OBLIGATIONS


def judge(request: Request, facts: Facts, now: int) -> Verdict:
    """The ten steps, one after the other."""
    for step in (_step_1, _step_2, _step_3, _step_4, _vault, _step_5, _step_6):
        verdict = step(request, facts, now)
        if verdict is not None:
            return verdict
    refusal = _step_7(request, facts, now) or _step_8(request, facts, now)
    if refusal is not None and refusal.permitted:
        return refusal
    answer = _step_9(request, facts, now)
    if answer is not None and answer.permitted:
        return answer
    return refusal or answer or _step_10(request, facts, now)


def holds_until(request: Request, facts: Facts, now: int) -> int:
    """The first instant after `now` at which this judge's answer differs; FOREVER if none does."""
    answer = judge(request, facts, now)
    for instant in sorted(instants(facts)):
        if instant > now and judge(request, facts, instant) != answer:
            return instant
    return FOREVER


def instants(facts: Facts) -> set[int]:
    """Every instant at which any fact flips."""
    dossier, foreign = facts.dossier, facts.foreign
    periods = [standing.period for standing in foreign.standings.values()]
    periods += [holder.period for holder in dossier.holders]
    periods += [consent.period for consent in (*dossier.permits, *dossier.denials)]
    periods += [block.period for block in dossier.blocks]
    periods += [admission.period for admission in dossier.admissions]
    periods += [order.period for order in dossier.orders]
    periods += [use.period for use in dossier.emergencies]
    if dossier.opt_in is not None:
        periods.append(dossier.opt_in.period)
    found = {order.notice_from for order in dossier.orders}
    found |= {use.period.start + DAY for use in dossier.emergencies}
    for case in foreign.cases.values():
        periods += [entry.period for entry in case.participants]
        found |= {case.closed, case.closed + 14 * DAY}
    for period in periods:
        found |= {period.start, period.end}
    return {instant for instant in found if instant < FOREVER}


# steps 1 to 6


def _step_1(request: Request, facts: Facts, now: int) -> Verdict | None:
    actor, item, codes = request.actor, request.item, facts.dossier.catalogues.current
    known = (
        request.action in codes.actions
        and item.section in codes.sections
        and item.lane in codes.lanes
        and item.label in codes.labels
        and item.type in codes.types
        and (request.purpose == "" or request.purpose in codes.purposes)
        and (request.reason == "" or request.reason in codes.reasons)
        and (actor.role == "" or actor.role in codes.roles)
        and (is_citizen(actor) or is_professional(actor) or is_system(actor))
        and (request.case == "" or request.case in facts.foreign.cases)
        and (actor.id, actor.organisation) in facts.foreign.standings
    )
    if not known:
        return Verdict(permitted=False, reason="indeterminate", step=1)
    standing = facts.foreign.standings[actor.id, actor.organisation]
    if not inside(standing.period, now) or (actor.role != "" and actor.role not in standing.roles):
        return Verdict(permitted=False, reason="not-attested", step=1)
    if actor.key_hash not in ("", standing.key_hash):
        return Verdict(permitted=False, reason="key-not-valid", step=1)
    return None


def _step_2(request: Request, facts: Facts, now: int) -> Verdict | None:
    actor, item, dossier = request.actor, request.item, facts.dossier
    is_owner = is_citizen(actor) and actor.id == dossier.owner
    if item.quarantined and not (is_owner and request.action == "list"):
        return Verdict(permitted=False, reason="quarantined", step=2)
    if is_professional(actor):
        conflicts = facts.foreign.standings[actor.id, actor.organisation].conflicts
        if actor.id == dossier.owner or conflicts & facts.foreign.pseudonyms or conflicts & item.subjects:
            return Verdict(permitted=False, reason="own-or-relative", step=2)
    if actor.kind != "person" or is_owner or _may_pass_blocks(request, facts, now):
        return None
    blocks = {block.id for block in dossier.blocks if block.person == actor.id and inside(block.period, now)}
    return Verdict(permitted=False, reason="blocked", step=2, rules=frozenset(blocks)) if blocks else None


def _may_pass_blocks(request: Request, facts: Facts, now: int) -> bool:
    """Whether the actor represents the owner, or an order that goes before blocks fits."""
    for holder in _authority(request.actor, facts, now):
        if holder.capacity in ("owner", "legal-representative"):
            return True
    return any(order.overrides_block and _order_fits(order, request, facts, now) for order in facts.dossier.orders)


def _authority(actor: Actor, facts: Facts, now: int) -> Iterator[Holder]:
    """What this actor now holds; only a citizen holds anything."""
    for holder in facts.dossier.holders:
        if is_citizen(actor) and holder.person == actor.id and inside(holder.period, now):
            yield holder


def _covers(holder: Holder, item: ItemFacts) -> bool:
    return holder.full or item.section in holder.sections


def _order_fits(order: Order, request: Request, facts: Facts, now: int) -> bool:
    return (
        request.item.lane != "vault"
        and order.article.strip() != ""
        and len(order.approvers - {""}) >= 2
        and request.item.item in order.items
        and request.action in order.actions
        and grantee_fits(order.grantee, Rule("strict", None, order.issued), request.actor, facts, now)
        and inside(order.period, now)
    )


def _step_3(request: Request, facts: Facts, now: int) -> Verdict | None:
    fitting = [order for order in facts.dossier.orders if _order_fits(order, request, facts, now)]
    if not fitting:
        return None
    notice = min(order.notice_from for order in fitting)
    duty = Obligations(notify=True, notice_from=notice if notice > now else 0)
    return Verdict(True, "order", 3, frozenset(order.id for order in fitting), "legal-task", duty)


def _step_4(request: Request, facts: Facts, now: int) -> Verdict | None:
    actor, item = request.actor, request.item
    if is_citizen(actor) and actor.id == facts.dossier.owner:
        return Verdict(True, "own-dossier", 4, frozenset(), "own-dossier")
    for holder in _authority(actor, facts, now):
        if holder.capacity == "owner" and _covers(holder, item) and (holder.full or item.lane != "vault"):
            return Verdict(True, "own-dossier", 4, frozenset((actor.id,)), "own-dossier")
    return None


def _vault(request: Request, _facts: Facts, _now: int) -> Verdict | None:
    return Verdict(permitted=False, reason="vault", step=10) if request.item.lane == "vault" else None


def _step_5(request: Request, facts: Facts, now: int) -> Verdict | None:
    for holder in _authority(request.actor, facts, now):
        if holder.capacity == "legal-representative" and _covers(holder, request.item):
            return Verdict(True, "representation", 5, frozenset((holder.person,)), "representation")
    return None


def _step_6(request: Request, facts: Facts, now: int) -> Verdict | None:
    actor, item = request.actor, request.item
    if not is_system(actor) or actor.organisation != item.source:
        return None
    if request.action == "list" and item.item != "":
        return Verdict(True, "own-delivery", 6, basis="source-delivery")
    rules = set()
    for admission in facts.dossier.admissions:
        covered = not admission.sections or item.section in admission.sections
        if admission.organisation == actor.organisation and covered and inside(admission.period, now):
            rules.add(admission.id)
    if request.action == "add" and rules:
        return Verdict(True, "source-delivery", 6, frozenset(rules), "source-delivery")
    return None


# steps 7 to 10


def _step_7(request: Request, facts: Facts, now: int) -> Verdict | None:
    rules = set()
    for denial in facts.dossier.denials:
        rule = rule_of(denial, "loose", facts)
        if not fits_but_purpose(denial, rule, request, facts, now) or not purpose_fits(denial.purpose, rule, request):
            continue
        inner = Rule("exception", rule.catalogue, denial.issued)
        if not any(exception_fits(each, inner, request, facts, now) for each in denial.exceptions):
            rules.add(denial.id)
    return Verdict(permitted=False, reason="denied", step=7, rules=frozenset(rules)) if rules else None


def _step_8(request: Request, facts: Facts, now: int) -> Verdict | None:
    actor, item = request.actor, request.item
    if request.case:
        closed = facts.foreign.cases[request.case].closed
        if now >= closed and not (request.action == "add" and now < closed + 14 * DAY):
            return Verdict(permitted=False, reason="case-closed", step=8)
    permits = [each for each in permits_but_purpose(request, facts, now) if permit_purpose(each, request, facts)]
    rules = {permit.id for permit in permits}
    for holder in _authority(actor, facts, now):
        if holder.capacity == "mandate" and _covers(holder, item):
            rules.add(holder.person)
    if not rules:
        return None
    if not permits:
        return Verdict(True, "mandate", 8, frozenset(rules), "mandate")
    first = min(permits, key=lambda permit: permit.id)
    return Verdict(True, "consent", 8, frozenset(rules), first.basis, _duties(permits, item, facts))


def _duties(permits: list[Consent], item: ItemFacts, facts: Facts) -> Obligations:
    dues = []
    for permit in permits:
        label = facts.dossier.catalogues.versions[permit.catalogue].labels.get(item.label)
        dues.append(label.due if label else UNKNOWN_LABEL_DUE)
    wanted = any(due.reason_wanted for due in dues)
    return Obligations(reason_wanted=wanted, lease_seconds=min([60, *(due.lease_seconds for due in dues)]))


def _step_9(request: Request, facts: Facts, now: int) -> Verdict | None:
    good, unreviewed, unapproved = set(), set(), set()
    for use in _declared(request, facts, now):
        if _has_unreviewed_before(use, facts):
            unreviewed.add(use.id)
        elif _is_third(use, facts) and use.approver in ("", use.person):
            unapproved.add(use.id)
        else:
            good.add(use.id)
    if good:
        duty = Obligations(notify=True, reason_wanted=True)
        return Verdict(True, "emergency", 9, frozenset(good), "vital-interest", duty)
    if unreviewed:
        return Verdict(permitted=False, reason="emergency-unreviewed", step=9, rules=frozenset(unreviewed))
    if unapproved:
        return Verdict(permitted=False, reason="emergency-approval-needed", step=9, rules=frozenset(unapproved))
    return None


def _declared(request: Request, facts: Facts, now: int) -> Iterator[EmergencyUse]:
    """The declarations of this actor that hold for this request, where the owner opted in."""
    actor, section, opt_in = request.actor, request.item.section, facts.dossier.opt_in
    if not is_professional(actor) or request.action not in ("list", "read"):
        return
    if opt_in is None or section not in opt_in.sections or not inside(opt_in.period, now):
        return
    for use in facts.dossier.emergencies:
        if (use.person, use.organisation, use.role) != (actor.id, actor.organisation, actor.role):
            continue
        day = Period(use.period.start, min(use.period.end, use.period.start + DAY))
        is_emergency = facts.dossier.catalogues.current.reasons.get(use.reason) == "emergency"
        if section in use.sections and inside(day, now) and is_emergency:
            yield use


def _has_unreviewed_before(use: EmergencyUse, facts: Facts) -> bool:
    for other in facts.dossier.emergencies:
        earlier = other.id != use.id and other.period.start < use.period.start
        if earlier and other.person == use.person and not other.reviewed:
            return True
    return False


def _is_third(use: EmergencyUse, facts: Facts) -> bool:
    number = 0
    for other in facts.dossier.emergencies:
        if use.period.start - 30 * DAY < other.period.start <= use.period.start:
            number += 1
    return number >= 3


def _step_10(request: Request, facts: Facts, now: int) -> Verdict:
    rules = {permit.id for permit in permits_but_purpose(request, facts, now)}
    if rules:
        return Verdict(permitted=False, reason="purpose-mismatch", step=10, rules=frozenset(rules))
    return Verdict(permitted=False, reason="no-consent", step=10)
