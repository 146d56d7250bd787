"""Steps 7 and 8: the owner's denials, then the owner's consents and the mandates of the owner's choice."""

from __future__ import annotations

from consent.capacity import holders, takes_part
from consent.clock import Clock, deny, permit
from consent.facts import Facts
from consent.grant import Consent, GrantException
from consent.matching import exception_fits, is_early_enough, item_fits
from consent.people import CaseState
from consent.terms import CLOSED_CASE_ADD_SECONDS, LEASE_SECONDS, Decision, Grantee, Obligations, Period, Request


def denied(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Never decides: a denial that applies is kept as the refusal, for step 9 may still permit."""
    denials = facts.dossier.index.candidates(request).denials
    rules = [each.id for each in denials if _denial_applies(each, request, facts, clock)]
    if rules:
        clock.refusal = deny(7, "denied", clock, rules)
    return None


def _denial_applies(denial: Consent, request: Request, facts: Facts, clock: Clock) -> bool:
    return (
        (not denial.case or denial.case == request.case)
        and is_early_enough(denial, request)
        and item_fits(denial.scope, request.item, strict=False)
        and clock.holds(denial.period)
        and takes_part(denial.grantee, request, facts, clock, denial.issued, strict=False)
        and not any(_is_excepted(each, denial, request, facts, clock) for each in denial.exceptions)
    )


def _is_excepted(exception: GrantException, denial: Consent, request: Request, facts: Facts, clock: Clock) -> bool:
    catalogue = facts.dossier.catalogues.versions.get(denial.catalogue)
    if not exception_fits(exception, request, catalogue):
        return False
    grantee = exception.grantee
    bound = grantee.kind in {"team", "network"} and grantee.case
    return not bound or takes_part(grantee, request, facts, clock, denial.issued, strict=True)


def permitted(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Permit by all consents and mandates that apply together, unless the owner's denial or a closed case stands."""
    if clock.refusal is not None:
        return None
    if request.case and not _case_is_open(request, facts.foreign.cases[request.case], clock):
        clock.refusal = deny(8, "case-closed", clock)
        return None
    mandates = [each for each in holders(request.actor, facts, clock, "mandate") if each.covers(request.item.section)]
    found = consents(facts.dossier.index.candidates(request).permits, request, facts, clock)
    if not found and not mandates:
        return None
    reason, basis = ("consent", found[0].basis) if found else ("mandate", "mandate")
    rules = [*(each.id for each in found), *(each.person for each in mandates)]
    return permit(8, reason, basis, clock, rules, _united(found, request, facts))


def _case_is_open(request: Request, state: CaseState, clock: Clock) -> bool:
    if clock.holds(Period(0, state.closed)):
        return True
    return request.action == "add" and clock.holds(Period(state.closed, state.closed + CLOSED_CASE_ADD_SECONDS))


def consents(candidates: tuple[Consent, ...], request: Request, facts: Facts, clock: Clock) -> list[Consent]:
    """Those of the candidates that apply now, in id order."""
    fitting = [each for each in candidates if _consent_fits(each, request)]
    if not fitting or (request.case and not _is_participant(request, facts, clock)):
        return []
    return [each for each in fitting if _consent_holds(each, request, facts, clock)]


def _consent_fits(consent: Consent, request: Request) -> bool:
    return (
        (not consent.case or consent.case == request.case)
        and is_early_enough(consent, request)
        and item_fits(consent.scope, request.item, strict=True)
    )


def _is_participant(request: Request, facts: Facts, clock: Clock) -> bool:
    entries = facts.foreign.cases[request.case].participations(request.actor)
    return any(clock.holds(each.period) for each in entries)


def _consent_holds(consent: Consent, request: Request, facts: Facts, clock: Clock) -> bool:
    if not clock.holds(consent.period):
        return False
    issued = consent.issued
    if not takes_part(consent.grantee, request, facts, clock, issued, strict=True):
        return False
    if consent.grantee.kind != "team" or not _is_high(consent, request, facts):
        return True
    # a high label is never for members who came later, whatever the consent says
    known = Grantee("team", case=consent.grantee.case)
    return takes_part(known, request, facts, clock, issued, strict=True)


def _is_high(consent: Consent, request: Request, facts: Facts) -> bool:
    catalogue = facts.dossier.catalogues.versions.get(consent.catalogue)
    label = catalogue.labels.get(request.item.label) if catalogue else None
    return label is None or label.high


def _united(consents: list[Consent], request: Request, facts: Facts) -> Obligations:
    versions = facts.dossier.catalogues.versions
    labels = [versions[each.catalogue].labels.get(request.item.label) for each in consents]
    asked = [each for each in labels if each is not None]
    return Obligations(
        reason_wanted=any(each.reason_wanted for each in asked),
        lease_seconds=min([LEASE_SECONDS, *(each.lease_seconds for each in asked)]),
    )
