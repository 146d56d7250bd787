"""What a reading was decided on, kept beside its row so that it can be decided again before each range. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

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
