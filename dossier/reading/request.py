"""The signed request for a reading: who asks, what for, parsed once and bound to the call that carries it."""

from __future__ import annotations

import msgspec

from consent.terms import ItemFacts, Request
from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from dossier.dossiers.statements import read_bytes
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.facts.foreign import subject_of
from dossier.parties.actor import Actor

KIND = "reading-request"
FRESH_SECONDS = 300
"""How old a reading request may be (design 7)."""

MAX_VERSION = 2**31 - 1
"""The highest version that the store can hold: asking beyond it must not depend on whether there is such an item."""


class ReadingRequest(msgspec.Struct, frozen=True):
    """A well-formed request of this actor for this item; its signature is not verified yet."""

    statement: Statement
    item: bytes
    version: int
    action: str
    purpose: str
    case: bytes | None
    reason: str
    role: str
    nonce: bytes
    key_hash: str
    issued: int

    def asked(self, actor: Actor, item: ItemFacts, action: str = "") -> Request:
        """The question for the engine about the item as it stands; another action than the request's if given."""
        subject = subject_of(actor, self.role, self.key_hash)
        case = self.case.hex() if self.case else ""
        return Request(subject, action or self.action, item, self.purpose, case, self.reason)


def read_request(text: str, item: bytes, nonce: bytes, actor: Actor) -> ReadingRequest:
    """Parse base64 of the envelope; raise InvalidRequestError, or ForbiddenError if it is another's request.

    `item` comes from the path and `nonce` from the idempotency key: a request is good for one call only.
    """
    try:
        statement = parse_statement(read_bytes(text))
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed statement", code="invalid-statement") from error
    if statement.kind != KIND:
        raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
    payload = statement.payload
    if (payload["item"], payload["nonce"]) != (item.hex(), nonce.hex()):
        raise InvalidRequestError("the request was signed for another call", code="wrong-request")
    if not 0 <= payload["version"] <= MAX_VERSION:
        raise InvalidRequestError("no item has such a version", code="invalid-version")
    organisation = actor.organisation.hex() if actor.organisation else ""
    if (payload["signer"], payload["organisation"]) != (actor.id.hex(), organisation):
        raise ForbiddenError("the request is signed by another than its sender", code="wrong-signer")
    return ReadingRequest(
        statement=statement,
        item=item,
        version=payload["version"],
        action=payload["action"],
        purpose=payload["purpose"],
        case=bytes.fromhex(payload["case"]) if payload["case"] else None,
        reason=payload["reason"],
        role=payload["role"],
        nonce=nonce,
        key_hash=payload["keyHash"],
        issued=payload["issuedAt"],
    )


def read_id(text: str) -> bytes:
    """Decode an id of a path or header; a UUID's hyphens may stand. Raise InvalidRequestError."""
    try:
        return decode_hex(text.replace("-", ""), 16)
    except CryptoError as error:
        raise InvalidRequestError("not an id", code="invalid-id") from error
