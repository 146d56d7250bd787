"""Whether a consent opens anything to somebody now: the engine's word on an item as the consent describes it. Pure.

Capsules are handed out, and consents shown to those whom they name, before anybody names an item. So the engine is
asked about one that lies in the scope of the consent, place by place: whoever is blocked, not attested, out of the case
or denied gets nothing here either (P2).
"""

from __future__ import annotations

from collections.abc import Iterator

from consent.engine import decide
from consent.facts import Facts
from consent.grant import Consent
from consent.terms import ItemFacts, Request
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import Reader, foreign_facts, subject_of
from dossier.parties.actor import Actor


def opens(consent: Consent, state: DossierState, actor: Actor, reader: Reader, now: int) -> bool:
    """Whether something that the consent covers is permitted by it to the actor now, in any role that is theirs."""
    # Who is named by a case opens something there at least, whether or not the consent holds in that case alone.
    context = consent.case or consent.grantee.case
    facts = Facts(state.rules, foreign_facts(actor, reader, bytes.fromhex(context) if context else None))
    requests = (
        Request(subject_of(actor, role), action, item, consent.purpose, context)
        for role in _roles(actor, facts)
        for action in sorted(consent.actions)
        for item in _described(consent, state)
    )
    decisions = (decide(request, facts, now) for request in requests)
    return any(decision.permitted and consent.id in decision.rules for decision in decisions)


def _roles(actor: Actor, facts: Facts) -> list[str]:
    organisation = actor.organisation.hex() if actor.organisation else ""
    standing = facts.foreign.standings.get((actor.id.hex(), organisation))
    if standing is None:
        return []
    return sorted(standing.roles) if actor.kind == "person" and organisation else [""]


def _described(consent: Consent, state: DossierState) -> Iterator[ItemFacts]:
    """Items that the scope covers, one for each place."""
    scope, catalogue = consent.scope, state.rules.catalogues.current
    label = min(catalogue.labels.items(), key=lambda pair: pair[1].rank)[0]
    for section in sorted(scope.sections or catalogue.sections):
        for lane in sorted(scope.lanes or catalogue.lanes):
            yield ItemFacts(
                min(scope.items, default=""),
                section,
                lane,
                label,
                min(scope.types, default="document"),
                min(scope.sources, default=""),
                data_from=scope.data_from or 1,
                data_until=scope.data_from or 1,
                cases=frozenset({scope.case} if scope.case else ()),
            )
