"""Decisions about what is no item: who may see a case and ask in it, and who may look at the log of others.

A case stands in no dossier and the log in all of them, so the ten steps of `consent.engine` have nothing to look at
there. These are steps in the same manner, with the same clock and the same kind of answer: the first that speaks
decides, and an error is a refusal. Page: docs/spec/cases.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from consent.clock import Clock, deny, permit
from consent.entries import Block
from consent.people import CaseState, ForeignFacts
from consent.terms import Actor, Decision, Period

SEE, ASK = "see", "ask"
"""What one may do: see a case or a dossier in it, ask a dossier in it for access."""

AUDITOR = "auditor"
"""The role that a supervisor attests to whoever looks at the log of others."""

Step = Callable[[Any, Any, Clock], Decision | None]


class CaseRequest(msgspec.Struct, frozen=True):
    """One question of a person in one capacity. `dossier` is one that accepted the case, empty for the case itself."""

    actor: Actor
    action: str
    dossier: str = ""


class CaseFacts(msgspec.Struct, frozen=True):
    """All that a decision about a case may look at.

    `accepted` maps dossiers to the instant until which they take part. `held` are those among them that the engine lets
    the actor see as owner or holder. `blocks` are those of the dossier that is asked about. `invited` says whether an
    invitation to the case waits under an identifier of the actor.
    """

    case: CaseState
    foreign: ForeignFacts
    accepted: Mapping[str, int] = msgspec.field(default_factory=dict)
    held: frozenset[str] = frozenset()
    blocks: tuple[Block, ...] = ()
    invited: bool = False


def decide_case(request: CaseRequest, facts: CaseFacts, now: int) -> Decision:
    """Judge one question about a case at the instant `now` (UTC seconds); unknowns and errors are `indeterminate`."""
    return _first(CASE_STEPS, request, facts, Clock(now))


def decide_audit(actor: Actor, foreign: ForeignFacts, now: int) -> Decision:
    """Judge whether somebody may look at events of others: attested as an auditor, to the keys that stand at `now`."""
    return _first(AUDIT_STEPS, actor, foreign, Clock(now))


def _first(steps: Sequence[Step], request: object, facts: object, clock: Clock) -> Decision:
    try:
        answers = (step(request, facts, clock) for step in steps)
        return next(each for each in answers if each is not None)
    except Exception:  # noqa: BLE001 - whatever went wrong, the answer is no, and it is recorded as such
        return Decision(permitted=False, reason="indeterminate", step=1, holds_until=clock.holds_until)


# Cases. The last step of each kind always answers.


def _known(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    actor = request.actor
    whole = actor.kind == "person" and bool(actor.id) and bool(actor.organisation) == bool(actor.role)
    placed = request.dossier in facts.accepted if request.dossier else request.action == SEE
    if not (whole and placed and request.action in (SEE, ASK)):
        return deny(1, "indeterminate", clock)
    return None


def _standing(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    return _not_attested(request.actor, facts.foreign, clock)


def _blocked(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    """A block of the dossier is final; whoever the engine lets see it as a holder is not blocked."""
    if request.dossier in facts.held:
        return None
    rules = [each.id for each in facts.blocks if each.person == request.actor.id and clock.holds(each.period)]
    return deny(2, "blocked", clock, rules) if rules else None


def _over(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    """Nobody asks in a closed case, and a dossier is seen in it only as long as it takes part."""
    if request.action == ASK and not clock.holds(Period(end=facts.case.closed)):
        return deny(8, "case-closed", clock)
    if request.dossier and not clock.holds(Period(end=facts.accepted[request.dossier])):
        return deny(8, "not-in-case", clock)
    return None


def _takes_part(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    if any(clock.holds(each.period) for each in facts.case.participations(request.actor)):
        return permit(8, "takes-part", "", clock)
    return None


def _holds(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    """Whoever holds a dossier that accepted sees the case, and of its dossiers their own."""
    held = request.dossier in facts.held if request.dossier else bool(facts.held)
    return permit(8, "own-dossier", "own-dossier", clock) if held and request.action == SEE else None


def _invited(request: CaseRequest, facts: CaseFacts, clock: Clock) -> Decision | None:
    """Whom a case is about sees who opened it, and what for, before they accept."""
    if facts.invited and not request.dossier and not request.actor.organisation:
        return permit(8, "invited", "", clock)
    return None


def _outside(_request: CaseRequest, _facts: CaseFacts, clock: Clock) -> Decision:
    return deny(10, "not-in-case", clock)


# The log.


def _is_attested(actor: Actor, foreign: ForeignFacts, clock: Clock) -> Decision | None:
    if actor.kind != "person" or actor.role != AUDITOR:
        return deny(1, "not-attested", clock)
    return _not_attested(actor, foreign, clock)


def _audits(_actor: Actor, _foreign: ForeignFacts, clock: Clock) -> Decision:
    return permit(8, "auditor-attested", "", clock)


def _not_attested(actor: Actor, foreign: ForeignFacts, clock: Clock) -> Decision | None:
    standing = foreign.standings.get((actor.id, actor.organisation))
    if standing is None or not clock.holds(standing.period) or (actor.role and actor.role not in standing.roles):
        return deny(1, "not-attested", clock)
    return None


CASE_STEPS: tuple[Step, ...] = (_known, _standing, _blocked, _over, _takes_part, _holds, _invited, _outside)
AUDIT_STEPS: tuple[Step, ...] = (_is_attested, _audits)
