"""The same consents as Cedar policies, for comparison (T6, T7): cedarpy with policies and entities parsed beforehand.

cedarpy comes with the development lock only; without it the comparison is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from consent.catalogue import Catalogue
from consent.facts import FactRecord
from consent.terms import Actor, ItemFacts

HERE = find_spec("cedarpy") is not None
"""Whether cedarpy is installed."""


class Cedar:
    """Consents as policies: parsed once, as are the purposes with what they lie under."""

    def __init__(self, consents: Iterable[FactRecord], catalogue: Catalogue) -> None:
        self._cedar: Any = import_module("cedarpy")
        self._policies = self._cedar.PolicySet.from_str("\n".join(_policy(each.payload) for each in consents))
        purposes = [
            {"uid": _uid("Purpose", code), "attrs": {}, "parents": [_uid("Purpose", above)] if above else []}
            for code, above in catalogue.purposes.items()
        ]
        self._purposes = self._cedar.Entities.from_json_str(json.dumps(purposes))

    def permits(self, actor: Actor, action: str, item: ItemFacts, purpose: str, now: int) -> bool:
        """One decision; the request itself, actor and item, is what is new in it."""
        answer = self._cedar.is_authorized(_request(actor, action, item, purpose, now), self._policies, self._purposes)
        return bool(answer.allowed)

    def permitted(
        self, actor: Actor, action: str, items: Sequence[ItemFacts], purpose: str, now: int
    ) -> list[ItemFacts]:
        """The items of a list that the actor may see, in cedarpy's form for many requests at once."""
        requests = [_request(actor, action, item, purpose, now) for item in items]
        answers = self._cedar.is_authorized_batch(requests, self._policies, self._purposes)
        return [item for item, answer in zip(items, answers, strict=True) if answer.allowed]


def _request(actor: Actor, action: str, item: ItemFacts, purpose: str, now: int) -> dict[str, Any]:
    return {
        "principal": f'Person::"{actor.id}"',
        "action": f'Action::"{action}"',
        "resource": f'Item::"{item.item}"',
        "context": {
            "organisation": actor.organisation,
            "role": actor.role,
            "section": item.section,
            "lane": item.lane,
            "purpose": {"__entity": _uid("Purpose", purpose)},
            "now": now,
        },
    }


def _policy(consent: Any) -> str:
    grantee, scope = consent["grantee"], consent["scope"]
    conditions = [
        f'context.organisation == "{grantee["organisation"]}"',
        f'context.role == "{grantee["role"]}"',
        f"{json.dumps(scope['sections'])}.contains(context.section)",
        f"{json.dumps(scope['lanes'])}.contains(context.lane)",
        f"context.now >= {consent['from']} && context.now < {consent['until']}",
        f'context.purpose in Purpose::"{consent["purpose"]}"',
    ]
    actions = ", ".join(f'Action::"{action}"' for action in consent["actions"])
    effect = "permit" if consent["effect"] == "permit" else "forbid"
    head = f'{effect}(principal == Person::"{grantee["person"]}", action in [{actions}], resource)'
    return f"{head} when {{ {' && '.join(conditions)} }};"


def _uid(kind: str, code: str) -> dict[str, str]:
    return {"type": kind, "id": code}
