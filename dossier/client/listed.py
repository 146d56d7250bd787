"""Consents and capsules as the service lists them: read, and NOT verified; whoever uses them does that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent.grant import Consent, parse_consent
from crypto.capsules import Capsule, parse_capsule
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from dossier.client.session import Session


@dataclass(frozen=True)
class Shown:
    """A consent of a list whose statement was read: its terms, its state, and the statement."""

    consent: Consent
    statement: Statement
    state: str
    ended_at: int
    last_used: int


def consents(session: Session, dossier: bytes) -> list[Shown]:
    """List the consents of a dossier that one may know of, as the service shows them: signatures are NOT verified."""
    listed = session.get(f"/v1/dossiers/{dossier.hex()}/consents")["consents"]
    return [read_shown(each) for each in listed]


def read_shown(each: Mapping[str, Any]) -> Shown:
    """Read one entry of a list, NOT verified; raise CryptoError or ConsentError for what is no consent."""
    statement = parse_statement(decode_base64(each["statement"]))
    consent = parse_consent(statement.payload, each["seq"])
    return Shown(consent, statement, each["state"], each["endedAt"], each["lastUsed"])


def read_capsules(texts: Iterable[str]) -> list[Capsule]:
    """The capsules among these; what is malformed is left out."""
    found = []
    for text in texts:
        try:
            found.append(parse_capsule(decode_base64(text)))
        except CryptoError:  # a bad capsule never hides a good one
            continue
    return found
