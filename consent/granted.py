"""Steps 7 and 8: the owner's denials, then the owner's consents and the mandates of the owner's choice."""

from __future__ import annotations

from consent.capacity import holders
from consent.clock import Clock, permit
from consent.facts import Facts
from consent.index import Candidate
from consent.people import CaseState
from consent.terms import (
    CLOSED_CASE_ADD_SECONDS,
    NO_OBLIGATIONS,
    Decision,
    Obligations,
    Period,
    Request,
)


def denied(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Never decides: a denial that applies is kept as the refusal, for step 9 may still permit."""
    candidates = facts.dossier.index.candidates(request).denials
    found = applying(candidates, request, facts, clock)
    if found:
        clock.refuse(7, "denied", tuple(each.consent.id for each in found))
    return None


def permitted(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Permit by all consents and mandates that apply together, unless the owner's denial or a closed case stands."""
    if clock.refusal is not None:
        return None
    if request.case and not _case_is_open(request, facts.foreign.cases[request.case], clock):
        clock.refuse(8, "case-closed", ())
        return None
    mandates = [each for each in holders(request.actor, facts, clock, "mandate") if each.covers(request.item.section)]
    found = consents(facts.dossier.index.candidates(request).permits, request, facts, clock)
    if not found and not mandates:
        return None
    reason, basis = ("consent", found[0].consent.basis) if found else ("mandate", "mandate")
    rules = [each.consent.id for each in found]
    if mandates:
        rules = sorted({*rules, *(each.person for each in mandates)})
    return permit(8, reason, basis, clock, rules, _united(found))


def _case_is_open(request: Request, state: CaseState, clock: Clock) -> bool:
    if clock.holds(Period(end=state.closed)):
        return True
    return request.action == "add" and clock.holds(Period(state.closed, state.closed + CLOSED_CASE_ADD_SECONDS))


def consents(candidates: tuple[Candidate, ...], request: Request, facts: Facts, clock: Clock) -> list[Candidate]:
    """Those of the candidates that apply now, in id order; in a case's context only for who takes part in it."""
    if not candidates or (request.case and not _is_participant(request, facts, clock)):
        return []
    return applying(candidates, request, facts, clock)


def _is_participant(request: Request, facts: Facts, clock: Clock) -> bool:
    entries = facts.foreign.cases[request.case].participations(request.actor)
    return any(clock.holds(each.period) for each in entries)


def applying(candidates: tuple[Candidate, ...], request: Request, facts: Facts, clock: Clock) -> list[Candidate]:
    """The candidates that answer yes to all their open questions."""
    found = []
    for candidate in candidates:
        for question in candidate.questions:
            if not question(candidate.consent, request, facts, clock):
                break
        else:
            found.append(candidate)
    return found


def _united(found: list[Candidate]) -> Obligations:
    if not found:
        return NO_OBLIGATIONS
    due = found[0].due
    for each in found[1:]:
        if each.due is not due:
            due = Obligations(
                reason_wanted=due.reason_wanted or each.due.reason_wanted,
                lease_seconds=min(due.lease_seconds, each.due.lease_seconds),
            )
    return due
