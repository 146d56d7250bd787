"""What a reading was decided on, kept beside its row so that it can be decided again before each range. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from consent.engine import decide
from consent.facts import Facts
from consent.terms import Decision, Request
from crypto.canonical import decode_json, encode_json
from dossier.decisions import with_reason
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import Reader, foreign_facts, subject_of
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.reading.request import ReadingRequest


class Context(msgspec.Struct, frozen=True):
    """Codes of the request, the actor's streams and the positions [stream, rules, items] that were looked at."""

    role: str
    key_hash: str
    action: str
    purpose: str
    case: str
    reason: str
    kind: str
    positions: list[list[Any]]

    @classmethod
    def of(cls, request: ReadingRequest, actor: Actor, positions: list[list[Any]]) -> Context:
        """Take from a request what decides it."""
        case = request.case.hex() if request.case else ""
        codes = (request.role, request.key_hash, request.action, request.purpose, case, request.reason)
        return cls(*codes, actor.kind, positions)

    def encode(self) -> bytes:
        """Return the bytes of the row."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> Context:
        """Read the bytes of a row that this service wrote."""
        return msgspec.json.decode(data, type=cls)

    def evidence(self) -> bytes:
        """What was asked, in canonical JSON, as it is kept beside the event that stops the reading."""
        return encode_json({name: getattr(self, name) for name in ASKED})

    @classmethod
    def of_evidence(cls, data: bytes) -> Context:
        """Read what is kept beside an event; raise KeyError, TypeError or CryptoError."""
        asked = decode_json(data)
        return cls(**{name: asked[name] for name in ASKED}, positions=[])


ASKED = ("role", "key_hash", "action", "purpose", "case", "reason", "kind")


def decide_still(
    context: Context, actor: Actor, dossier: bytes, state: ItemState | None, reader: Reader, now: int
) -> Decision:
    """Whether what was permitted once is so still, of an item as it stands; what is gone is permitted to nobody."""
    value = reader.facts(dossier).value if reader.exists(dossier) else None
    if state is None or state.removed or not isinstance(value, DossierState):
        return Decision(permitted=False, reason="indeterminate", step=1)
    case = bytes.fromhex(context.case) if context.case else None
    subject = subject_of(actor, context.role, context.key_hash)
    asked = Request(subject, context.action, state.facts, context.purpose, context.case, context.reason)
    facts = Facts(value.rules, foreign_facts(actor, reader, case))
    return with_reason(decide(asked, facts, now), context.reason, value.rules.catalogues.current)
