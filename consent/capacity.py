"""In which capacity a person stands before this dossier: owner or holder of authority.

INVARIANT whole-actor: step 1 let through only citizens (a person without organisation and role), professionals (with
both) and systems (with an organisation and no role). So no organisation means citizen, and a role professional.
"""

from __future__ import annotations

from consent.clock import Clock
from consent.facts import Facts, Holder
from consent.terms import Actor


def is_owner(actor: Actor, facts: Facts) -> bool:
    """Whether this is the owner, as a citizen."""
    return not actor.organisation and actor.id == facts.dossier.owner


def holders(actor: Actor, facts: Facts, clock: Clock, *capacities: str) -> list[Holder]:
    """The entries under which this citizen holds authority now, in one of these capacities."""
    if actor.organisation:
        return []
    entries = (each for each in facts.dossier.holders if each.person == actor.id and each.capacity in capacities)
    return [each for each in entries if clock.holds(each.period)]
