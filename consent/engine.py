"""The only judge: `decide(request, facts, now)` runs ten steps in order and gives a `Decision`, never an exception.

The order, and why it is that order, stands in docs/spec/decision.md. A step gives a decision, or None to let the next
one speak. Whatever a step looks at whose truth depends on time goes through `Clock`, so that `holds_until` is the
first instant at which any of it flips.
"""

from __future__ import annotations

from collections.abc import Callable

from consent.capacity import holders, is_owner
from consent.catalogue import Catalogue
from consent.clock import Clock, deny, permit
from consent.emergency import emergency
from consent.facts import Facts
from consent.granted import consents, denied, permitted
from consent.orders import ordered, orders
from consent.terms import VAULT, Actor, Decision, Request

ENGINE_VERSION = "1"
"""Changes whenever some request could get another answer; recorded with each decision."""


def decide(request: Request, facts: Facts, now: int) -> Decision:
    """Judge one request by the facts at the instant `now` (UTC seconds).

    An unknown code, a missing fact and any error within give a deny with reason `indeterminate`.
    """
    clock = Clock(now)
    try:
        for step in STEPS:
            decision = step(request, facts, clock)
            if decision is not None:
                return decision
        return _refused(request, facts, clock)
    except Exception:  # noqa: BLE001 - whatever went wrong, the answer is no, and it is recorded as such
        return Decision(permitted=False, reason="indeterminate", step=1, holds_until=clock.holds_until)


# Step 1: actor, capacity and device valid now, all codes known.


def _known(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    known = _codes_are_known(request, facts.dossier.catalogues.current) and _actor_is_whole(request.actor)
    if not known or (request.case and request.case not in facts.foreign.cases):
        return deny(1, "indeterminate", clock)
    return None


def _codes_are_known(request: Request, catalogue: Catalogue) -> bool:
    item = request.item
    return (
        request.action in catalogue.actions
        and item.section in catalogue.sections
        and item.lane in catalogue.lanes
        and item.label in catalogue.labels
        and item.type in catalogue.types
        and (not request.purpose or request.purpose in catalogue.purposes)
        and (not request.reason or request.reason in catalogue.reasons)
        and (not request.actor.role or request.actor.role in catalogue.roles)
    )


def _actor_is_whole(actor: Actor) -> bool:
    if actor.kind == "person":
        return bool(actor.id) and bool(actor.organisation) == bool(actor.role)
    return actor.kind == "system" and bool(actor.id and actor.organisation) and not actor.role


def _standing(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    actor = request.actor
    standing = facts.foreign.standings.get((actor.id, actor.organisation))
    if standing is None:
        return deny(1, "indeterminate", clock)
    if not clock.holds(standing.period) or (actor.role and actor.role not in standing.roles):
        return deny(1, "not-attested", clock)
    if actor.key_hash and actor.key_hash != standing.key_hash:
        return deny(1, "key-not-valid", clock)
    return None


# Step 2: final denials. Nothing below can lift them.


def _quarantined(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    if not request.item.quarantined:
        return None
    if request.action == "list" and is_owner(request.actor, facts):
        return None
    return deny(2, "quarantined", clock)


def _conflict(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    actor = request.actor
    if not actor.role:
        return None
    conflicts = facts.foreign.standings[actor.id, actor.organisation].conflicts
    own = actor.id == facts.dossier.owner
    if own or not conflicts.isdisjoint(facts.foreign.pseudonyms) or not conflicts.isdisjoint(request.item.subjects):
        return deny(2, "own-or-relative", clock)
    return None


def _blocked(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    actor = request.actor
    if actor.kind != "person" or is_owner(actor, facts):
        return None
    rules = [each.id for each in facts.dossier.blocks if each.person == actor.id and clock.holds(each.period)]
    if not rules or any(holders(actor, facts, clock, "owner", "legal-representative")):
        return None
    if any(order.overrides_block for order in orders(request, facts, clock)):
        return None
    return deny(2, "blocked", clock, rules)


# Steps 4 and 5: the owner and who legally speaks for them. The vault is between: nobody passes but the owner.


def _own(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    if is_owner(request.actor, facts):
        return permit(4, "own-dossier", "own-dossier", clock)
    for each in holders(request.actor, facts, clock, "owner"):
        if each.full if request.item.lane == VAULT else each.covers(request.item.section):
            return permit(4, "own-dossier", "own-dossier", clock, [request.actor.id])
    return None


def _vault(request: Request, _facts: Facts, clock: Clock) -> Decision | None:
    return deny(10, "vault", clock) if request.item.lane == VAULT else None


def _representative(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    for each in holders(request.actor, facts, clock, "legal-representative"):
        if each.covers(request.item.section):
            return permit(5, "representation", "representation", clock, [request.actor.id])
    return None


# Step 6: the source's own system.


def _source(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    actor, item = request.actor, request.item
    if actor.kind != "system" or item.source != actor.organisation:
        return None
    if request.action == "list" and item.item:
        return permit(6, "own-delivery", "source-delivery", clock)
    if request.action != "add":
        return None
    admissions = (each for each in facts.dossier.admissions if each.organisation == actor.organisation)
    covering = (each for each in admissions if not each.sections or item.section in each.sections)
    rules = [each.id for each in covering if clock.holds(each.period)]
    return permit(6, "source-delivery", "source-delivery", clock, rules) if rules else None


# Step 10: no.


def _refused(request: Request, facts: Facts, clock: Clock) -> Decision:
    if clock.refusal is not None:
        step, reason, rules = clock.refusal
        return deny(step, reason, clock, rules)
    near = consents(facts.dossier.index.candidates(request).near, request, facts, clock)
    if near:
        return deny(10, "purpose-mismatch", clock, (each.consent.id for each in near))
    return deny(10, "no-consent", clock)


STEPS: tuple[Callable[[Request, Facts, Clock], Decision | None], ...] = (
    _known,
    _standing,
    _quarantined,
    _conflict,
    _blocked,
    ordered,
    _own,
    _vault,
    _representative,
    _source,
    denied,
    permitted,
    emergency,
)
