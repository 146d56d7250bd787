"""In which capacity a person stands before this dossier: owner, holder of authority, taking part in a case.

INVARIANT whole-actor: step 1 let through only citizens (a person without organisation and role), professionals (with
both) and systems (with an organisation and no role). So no organisation means citizen, and a role professional.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consent.clock import Clock
from consent.entries import Holder
from consent.terms import Actor, Grantee, Request

if TYPE_CHECKING:
    from consent.facts import Facts


def is_owner(actor: Actor, facts: Facts) -> bool:
    """Whether this is the owner, as a citizen."""
    return not actor.organisation and actor.id == facts.dossier.owner


def holders(actor: Actor, facts: Facts, clock: Clock, *capacities: str) -> list[Holder]:
    """The entries under which this citizen holds authority now, in one of these capacities."""
    if actor.organisation:
        return []
    entries = (each for each in facts.dossier.holders if each.person == actor.id and each.capacity in capacities)
    return [each for each in entries if clock.holds(each.period)]


def takes_part(grantee: Grantee, request: Request, facts: Facts, clock: Clock, issued: int, *, strict: bool) -> bool:
    """Whether the actor takes part now in the case that a team or network grantee names; true for other kinds."""
    if grantee.kind not in {"team", "network"}:
        return True
    state = facts.foreign.cases.get(grantee.case)
    if state is None:
        return not strict
    entries = [each for each in state.participations(request.actor) if grantee.kind in {"team", each.kind}]
    if grantee.kind == "team" and not grantee.later_members:
        entries = [each for each in entries if each.period.start <= issued]
    return any(clock.holds(each.period) for each in entries)
