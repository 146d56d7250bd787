"""The event of a reading: who asked for what, what was decided on which facts, and which signed request it was. Pure."""

from __future__ import annotations

from typing import Any

from audit.event import Event, make_event
from consent.terms import Decision
from dossier.decisions import decision_fields
from dossier.events import Values, actor_fields
from dossier.parties.actor import Actor
from dossier.reading.request import ReadingRequest

CONSENT_STEPS = (7, 8)
"""The steps of the engine whose rules are consents, denials and mandates of the owner's choice."""


def decision_event(
    actor: Actor, request: ReadingRequest, decision: Decision, positions: list[Any], catalogue: str, now: int
) -> Event:
    """The event of one reading, permitted or not; `positions` as in dossier.decisions."""
    values: Values = actor_fields(actor, request.nonce, now) | decision_fields(decision)
    values |= {
        "type": "reading",
        "role": request.role,
        "subjects": [request.item.hex()],
        "action": request.action,
        "purpose": request.purpose,
        "case": request.case.hex() if request.case else "",
        "reason": request.reason,
        "consents": list(decision.rules) if decision.step in CONSENT_STEPS else [],
        "positions": positions,
        "catalogue": catalogue,
        "statement": request.statement.hash.hex(),
    }
    return make_event("decision/v1", values)
