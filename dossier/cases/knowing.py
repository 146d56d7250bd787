"""Whether somebody may see a case, which of its dossiers, and whether they may ask in it: the engine's word. Pure.

Everything here gathers what `consent.looks` decides by; nothing is decided by anything else (P2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.entry import View
from consent.facts import CaseState, DossierFacts
from consent.looks import ASK, SEE, CaseFacts, CaseRequest, decide_case
from consent.terms import Actor as Subject
from consent.terms import Decision
from dossier.cases.authority import find_case
from dossier.cases.file import Acceptance, CaseFile
from dossier.dossiers.authority import is_seen
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, subject_of
from dossier.parties.actor import Actor

NO_CASE = Decision(permitted=False, reason="not-in-case", step=10)
"""The decision on a case that is not there: to its sender the same as on one that they have no part in."""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody sees of a case: the decision, the role in which it was made, and the dossiers (hex) in it."""

    decision: Decision
    role: str = ""
    dossiers: tuple[str, ...] = ()


def near_dossiers(file: CaseFile, actor: Actor, owned: Iterable[bytes], now: int) -> tuple[bytes, ...]:
    """The dossiers of a case whose facts may count for this actor: all to who takes part, else those near to them.

    This chooses what is loaded, and decides nothing: a stranger's look costs what one at no case does.
    """
    organisation, own = actor.organisation.hex() if actor.organisation else "", {each.hex() for each in owned}
    takes_part = file.knows(actor.id.hex(), organisation, now)
    near = (each for each in file.acceptances if takes_part or each.dossier in own or each.signer == actor.id.hex())
    return tuple(bytes.fromhex(each.dossier) for each in near)


def decide_look(actor: Actor, case: bytes, near: Iterable[bytes], view: View, *, invited: bool) -> Look:
    """Decide in every role in which the actor stands; `near` are dossiers of the case that the view has facts of."""
    file = find_case(view, case)
    if file is None:
        return Look(NO_CASE)
    rules = {each: state.rules for each in near if (state := _dossier(view, each)) is not None}
    facts = _facts(actor, file, rules, view, invited=invited)
    looks = [_look(subject, facts, rules, view.now) for subject in _subjects(actor, facts)]
    return next((each for each in looks if each.decision.permitted), looks[-1])


def decide_ask(actor: Actor, role: str, case: bytes, dossier: bytes, view: View) -> Decision:
    """Decide whether somebody may ask a dossier for access in a case."""
    file, state = find_case(view, case), _dossier(view, dossier)
    if file is None or state is None:
        return NO_CASE
    facts = _facts(actor, file, {dossier: state.rules}, view)
    asked = CaseRequest(subject_of(actor, role), ASK, dossier.hex())
    return decide_case(asked, _about(facts, state.rules), view.now)


def _look(subject: Subject, facts: CaseFacts, rules: dict[bytes, DossierFacts], now: int) -> Look:
    decision = decide_case(CaseRequest(subject, SEE), facts, now)
    if not decision.permitted:
        return Look(decision, subject.role)
    asked = ((each.hex(), _about(facts, rules[each])) for each in rules if each.hex() in facts.accepted)
    seen = (each for each, about in asked if decide_case(CaseRequest(subject, SEE, each), about, now).permitted)
    return Look(decision, subject.role, tuple(seen))


def _facts(
    actor: Actor, file: CaseFile, rules: dict[bytes, DossierFacts], view: View, *, invited: bool = False
) -> CaseFacts:
    case: CaseState = view.facts(bytes.fromhex(file.id)).value
    return CaseFacts(
        case=case,
        foreign=foreign_facts(actor, view),
        accepted={each.dossier: each.until for each in file.acceptances},
        held=frozenset(
            each.dossier
            for each in file.acceptances
            if (dossier := bytes.fromhex(each.dossier)) in rules
            and _is_near(each, rules[dossier], actor, view.now)
            and is_seen(view, dossier, actor)
        ),
        invited=invited,
    )


def _is_near(acceptance: Acceptance, rules: DossierFacts, actor: Actor, now: int) -> bool:
    """An owner's dossier, or one for which the actor accepted, as long as that stands."""
    person = actor.id.hex()
    return rules.owner == person or (acceptance.signer == person and now < acceptance.until)


def _about(facts: CaseFacts, rules: DossierFacts) -> CaseFacts:
    return CaseFacts(facts.case, facts.foreign, facts.accepted, facts.held, rules.blocks, facts.invited)


def _subjects(actor: Actor, facts: CaseFacts) -> list[Subject]:
    """The actor in each role that is attested, or in the one they name if none is: that is refused, and says why."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    standing = facts.foreign.standings.get((actor.id.hex(), organisation))
    roles = sorted(standing.roles) if standing and organisation else []
    return [subject_of(actor, role) for role in roles or [actor.role]]


def _dossier(view: View, dossier: bytes) -> DossierState | None:
    value = view.facts(dossier).value if view.exists(dossier) else None
    return value if isinstance(value, DossierState) else None
