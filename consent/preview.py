"""What would change if a consent were given or withdrawn: decisions before beside decisions after.

Nothing is stored: the consent under preview is put into, or taken out of, a copy of the facts, and the one engine
answers both times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from consent.facts import DossierFacts, Facts
from consent.grant import Consent
from consent.search import decide_items
from consent.terms import Actor, Decision, ItemFacts


@dataclass(frozen=True, slots=True)
class Change:
    """One actor's answer on one item and action that would turn."""

    actor: Actor
    item: str
    action: str
    before: Decision
    after: Decision


def with_consent(facts: Facts, consent: Consent) -> Facts:
    """The facts as if this consent had been given; the one it replaces is gone."""
    kept = _without(facts.dossier, {consent.id, consent.replaces})
    if consent.effect == "permit":
        return msgspec.structs.replace(facts, dossier=replace(kept, permits=_inserted(kept.permits, consent)))
    return msgspec.structs.replace(facts, dossier=replace(kept, denials=_inserted(kept.denials, consent)))


def without_consent(facts: Facts, consent_id: str) -> Facts:
    """The facts as if this consent had been withdrawn."""
    return msgspec.structs.replace(facts, dossier=_without(facts.dossier, {consent_id}))


def changes(
    before: Facts,
    after: Facts,
    actors: Iterable[Actor],
    items: Iterable[ItemFacts],
    consent: Consent,
    now: int,
) -> list[Change]:
    """Every answer that turns, asked for the consent's own actions, purpose and case."""
    looked_at = tuple(items)
    return [
        change
        for actor in actors
        for action in sorted(consent.actions)
        for change in _turns(before, after, actor, action, looked_at, consent, now)
    ]


def _turns(
    before: Facts, after: Facts, actor: Actor, action: str, items: Iterable[ItemFacts], consent: Consent, now: int
) -> list[Change]:
    asked = {"purpose": consent.purpose, "case": consent.case}
    pairs = zip(
        decide_items(actor, action, items, before, now, **asked),
        decide_items(actor, action, items, after, now, **asked),
        strict=True,
    )
    return [
        Change(actor, item.item, action, first, second)
        for (item, first), (_, second) in pairs
        if first.permitted != second.permitted
    ]


def _inserted(consents: tuple[Consent, ...], consent: Consent) -> tuple[Consent, ...]:
    return tuple(sorted((*consents, consent), key=lambda each: each.id))


def _without(dossier: DossierFacts, ids: set[str]) -> DossierFacts:
    return replace(
        dossier,
        permits=tuple(each for each in dossier.permits if each.id not in ids),
        denials=tuple(each for each in dossier.denials if each.id not in ids),
    )
