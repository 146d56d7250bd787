"""Whether an actor takes part in the case that a grantee names."""

from __future__ import annotations

from consent.clock import Clock
from consent.people import ForeignFacts
from consent.terms import Grantee, Request


def takes_part(
    grantee: Grantee, request: Request, foreign: ForeignFacts, clock: Clock, issued: int, *, strict: bool
) -> bool:
    """Whether the actor takes part now in the case that a team or network grantee names; true for other kinds."""
    if grantee.kind not in {"team", "network"}:
        return True
    state = foreign.cases.get(grantee.case)
    if state is None:
        return not strict
    entries = [each for each in state.participations(request.actor) if grantee.kind in {"team", each.kind}]
    if grantee.kind == "team" and not grantee.later_members:
        entries = [each for each in entries if each.period.start <= issued]
    return any(clock.holds(each.period) for each in entries)
