"""Signed statements, written from docs/spec/statements.md alone.

The page keeps the fields of its kinds in a file of the code, which this reader has not seen: the kinds below are those
whose fields pages and vectors show, with choices and optional fields as the project answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.independent.encodings import CODE, LARGEST, Fault, decode_json, need, sha256, unbase64, verify_ed25519

TYPE = re.compile(r"application/vnd\.eigendossier\.([a-z0-9-]+)\.v1\+json")
ENVELOPE = {"payload": "bytes", "payloadType": "text", "signatures": [{"sig": "bytes"}]}
ACTIONS = "any:read|download"
KINDS: dict[str, dict[str, Any]] = {
    "item-header": {
        "core": "bytes", "commitment": "hash", "sealedKeyHash": "hash", "metadataHash": "hash",
        "parts": [{"length": "count", "chunks": "count", "hash": "hash"}], "signer": "id", "keyHash": "hash",
    },
    "reading-request": {
        "action": ACTIONS, "case": "id?", "issuedAt": "time", "item": "id", "keyHash": "hash", "nonce": "id",
        "organisation": "id?", "purpose": "code?", "reason": "code?", "role": "code?", "signer": "id", "version": "count",
    },
    "coordinator-transfer": {
        "actors": ["id"], "case": "id", "from": "id", "issuedAt": "time",
        "sequence": "count", "previous": "hash", "ended": ["id"],
        "to": {"organisation": "id?", "person": "id", "role": "code?"},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A parsed envelope: kind, payload, what was signed, and the signatures."""

    kind: str
    value: dict[str, Any]
    signed: bytes
    signatures: list[bytes]

    @property
    def hash(self) -> bytes:
        return sha256(self.signed)


def hexadecimal(value: str, digits: int) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{digits}}}", value) is not None


def is_base64(value: str, size: int | None) -> bool:
    return size in (None, len(unbase64(value)))


TEXTS = {
    "id": lambda value: hexadecimal(value, 32),
    "hash": lambda value: hexadecimal(value, 64),
    "code": lambda value: CODE.fullmatch(value) is not None,
    "text": lambda value: len(value.encode()) <= 2_000,
    "key": lambda value: is_base64(value, 32),
    "sealing-key": lambda value: is_base64(value, 1_216),
    "bytes": lambda value: is_base64(value, None),
}


def fits(value: Any, kind: Any) -> bool:
    """Say whether a value is of a type of the page's table."""
    if isinstance(kind, dict):
        return isinstance(value, dict) and value.keys() == kind.keys() and all(fits(value[k], kind[k]) for k in kind)
    if isinstance(kind, list):
        return isinstance(value, list) and all(fits(v, kind[0]) for v in value) and once(value)
    return fits_scalar(value, kind)


def fits_scalar(value: Any, kind: str) -> bool:
    if kind in ("time", "count"):
        return type(value) is int and 0 <= value <= LARGEST
    if kind == "flag":
        return isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if kind.startswith("any:"):
        return value in kind[4:].split("|")
    return (kind.endswith("?") and not value) or TEXTS[kind.rstrip("?")](value)


def once(values: list[Any]) -> bool:
    scalars = [value for value in values if not isinstance(value, list | dict)]
    return len(set(scalars)) == len(scalars)


def parse(data: bytes) -> Statement:
    """Parse an envelope and its payload; nothing is verified yet."""
    envelope = decode_json(data, 98_304)
    need(fits(envelope, ENVELOPE), "malformed", "envelope")
    signatures = [unbase64(line["sig"]) for line in envelope["signatures"]]
    need(1 <= len(signatures) <= 16 and {len(s) for s in signatures} == {64}, "malformed", "signatures")
    named = TYPE.fullmatch(envelope["payloadType"])
    if named is None or named[1] not in KINDS:
        raise Fault("malformed", "no known kind")
    payload = unbase64(envelope["payload"])
    value = decode_json(payload)
    need(fits(value, KINDS[named[1]]), "malformed", "payload")
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    return Statement(named[1], value, signed, signatures)


def verify(statement: Statement, key: bytes) -> None:
    """Verify a statement of one signer."""
    need(statement.value.get("keyHash") == sha256(key).hex(), "signature", "the payload names another key, or none")
    need(len(statement.signatures) == 1, "signature", "one signature is wanted")
    verify_ed25519(key, statement.signed, statement.signatures[0])


def verify_several(statement: Statement, keys: list[bytes], threshold: int) -> None:
    """Verify a statement of several signers: each signature by another listed key."""
    signers = [signer_of(statement, signature, keys) for signature in statement.signatures]
    need(len(set(signers)) == len(signers) >= max(threshold, 1), "signature", "too few signers, or one twice")
    own = statement.value.get("keyHash")
    need(own is None or own in {sha256(key).hex() for key in signers}, "signature", "the key it names did not sign")


def signer_of(statement: Statement, signature: bytes, keys: list[bytes]) -> bytes:
    for key in keys:
        try:
            verify_ed25519(key, statement.signed, signature)
        except Fault:
            continue
        return key
    raise Fault("signature", "a signature by no listed key")
