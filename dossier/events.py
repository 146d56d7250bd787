"""Events of the application: who did it, in the fields that every schema shares. Pure."""

from __future__ import annotations

from typing import Any

from audit.event import Event, make_event
from crypto.statements import Statement
from dossier.parties.actor import Actor

Values = dict[str, str | int | list[Any]]


def actor_fields(actor: Actor, request: bytes, now: int) -> Values:
    """The fields that every event has: actor, organisation, role, request id and time (UTC seconds)."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    return {
        "actor": actor.id.hex(),
        "organisation": organisation,
        "role": actor.role if organisation and actor.kind == "person" else "",
        "request": request.hex(),
        "time": now,
    }


def statement_event(statement: Statement, actor: Actor, request: bytes, now: int, subjects: list[str]) -> Event:
    """The event that a signed statement was accepted; `subjects` are the hex ids that it is about."""
    values = actor_fields(actor, request, now)
    payload = statement.payload
    values |= {
        "kind": statement.kind,
        "capacity": payload.get("capacity", ""),
        "subjects": list(subjects),
        "case": payload.get("case", ""),
        "statement": statement.hash.hex(),
        "keyHash": payload.get("keyHash", ""),
    }
    return make_event("statement/v1", values)
