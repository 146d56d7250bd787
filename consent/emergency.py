"""Step 9: emergency access where the owner opted in; short, reviewed, never for vault items."""

from __future__ import annotations

from consent.clock import Clock, permit
from consent.entries import EmergencyUse
from consent.facts import Facts
from consent.terms import Decision, Obligations, Request

EMERGENCY_ACTIONS = frozenset({"list", "read"})
EMERGENCY_WINDOW_SECONDS = 30 * 24 * 3600
EMERGENCIES_WITHOUT_APPROVAL = 2


def emergency(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Permit listing and reading under an emergency that the actor declared and nobody objects to."""
    opt_in, section = facts.dossier.opt_in, request.item.section
    if opt_in is None or section not in opt_in.sections or request.action not in EMERGENCY_ACTIONS:
        return None
    uses = [each for each in facts.dossier.emergencies if _emergency_fits(each, request, facts)]
    current = [each for each in uses if clock.holds(each.period)]
    if not current or not clock.holds(opt_in.period):
        return None
    objections = {each.id: _objection(each, facts) for each in current}
    allowed = [name for name, objection in objections.items() if not objection]
    if allowed:
        due = Obligations(notify=True, reason_wanted=True)
        return permit(9, "emergency", "vital-interest", clock, allowed, due)
    clock.refuse(9, next(iter(objections.values())), tuple(objections))
    return None


def _emergency_fits(use: EmergencyUse, request: Request, facts: Facts) -> bool:
    actor = request.actor
    return (
        (use.person, use.organisation, use.role) == (actor.id, actor.organisation, actor.role)
        and bool(actor.role)
        and request.item.section in use.sections
        and facts.dossier.catalogues.current.reasons.get(use.reason) == "emergency"
    )


def _objection(use: EmergencyUse, facts: Facts) -> str:
    earlier = [each for each in facts.dossier.emergencies if (each.period.start, each.id) < (use.period.start, use.id)]
    if any(each.person == use.person and not each.reviewed for each in earlier):
        return "emergency-unreviewed"
    recent = [each for each in earlier if each.period.start > use.period.start - EMERGENCY_WINDOW_SECONDS]
    if len(recent) >= EMERGENCIES_WITHOUT_APPROVAL and not use.approver:
        return "emergency-approval-needed"
    return ""
