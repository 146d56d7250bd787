"""Consents of a dossier, each held against the keys of those who could sign it, before anybody acts on the list.

What does not verify stands in the list as such: never as a consent, and never left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent.errors import ConsentError
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from dossier.client.authority import Authority, pinned_authority
from dossier.client.errors import RefusedError
from dossier.client.listed import Shown, read_shown
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from dossier.client.session import Session
from dossier.client.shared import check_given
from dossier.client.signers import Signers, check_dossier

UNVOUCHED = "nothing here tells who could sign it: it ended, and no consent of this dossier stands"


@dataclass(frozen=True)
class RejectedConsent:
    """What the service lists as a consent and is none, or cannot be checked; `reason` says why."""

    consent: str
    state: str
    reason: str


def list_own(owner: Owner, dossier: bytes) -> list[Shown | RejectedConsent]:
    """The consents of a dossier that one holds, oldest first. Raise PinError if its chains or lists do not hold."""
    held = owner.hold(dossier)
    authority = pinned_authority(held.statements, held.chain, owner.signers, owner.seen)
    return [_checked(each, held.statements, authority) for each in _listed(owner.session, dossier)]


def list_named(session: Session, dossier: bytes, pins: Pins) -> list[Shown | RejectedConsent]:
    """The consents of a dossier that name the one who is signed in. Raise PinError if its chains or lists do not hold."""
    listed = _listed(session, dossier)
    vouching = {each["consent"]: _vouching(session, each) for each in listed if each["state"] == "active"}
    authority = None
    for statements in (each for each in vouching.values() if each):
        signers, chain = Signers(session, pins), check_dossier(statements, dossier, pins)
        authority = pinned_authority(statements, chain, signers, pins)
    return [_checked(each, vouching.get(each["consent"], []), authority) for each in listed]


def _listed(session: Session, dossier: bytes) -> list[Mapping[str, Any]]:
    listed: list[Mapping[str, Any]] = session.get(f"/v1/dossiers/{dossier.hex()}/consents")["consents"]
    return listed


def _vouching(session: Session, listed: Mapping[str, Any]) -> list[Statement]:
    """The statements that a consent is held against; none where the service shows none any more."""
    try:
        found = session.get(f"/v1/consents/{listed['consent']}/capsules")
    except RefusedError:
        return []
    return [parse_statement(decode_base64(text)) for text in found["statements"]]


def _checked(
    listed: Mapping[str, Any], statements: Iterable[Statement], authority: Authority | None
) -> Shown | RejectedConsent:
    where = (str(listed.get("consent", "")), str(listed.get("state", "")))
    try:
        shown = read_shown(listed)
        if authority is None:
            return RejectedConsent(*where, UNVOUCHED)
        check_given(shown, statements, authority)
    except (CryptoError, ConsentError) as error:
        return RejectedConsent(*where, str(error))
    if shown.consent.id != where[0]:
        return RejectedConsent(*where, "the statement is of another consent")
    return shown
