"""The event of an access request: asked, answered or left unanswered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.event import Event, make_event
from dossier.events import Values


def request_event(values: Values, kind: str, payload: Mapping[str, Any], **fields: str) -> Event:
    """Make the event; `values` say who acts, `payload` is that of the request, `fields` are of this moment."""
    values |= {
        "type": kind,
        "accessRequest": payload["request"],
        "subjects": [payload["signer"]],
        "actions": list(payload["actions"]),
        "purpose": payload["purpose"],
        "basis": payload["basis"],
        "case": payload["case"],
        "reason": payload["reason"],
        "until": payload["until"],
    }
    return make_event("request/v1", values | fields)
