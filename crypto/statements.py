"""Signed statements: DSSE envelopes with Ed25519 over canonical JSON of a known kind.

Only the hash of the signed bytes is ever referred to, never the envelope; a statement is kept as it was signed.
Specification: github.com/secure-systems-lab/dsse (protocol 1.0), docs/spec/statements.md.
Vectors: tests/vectors/statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from crypto.canonical import decode_json, encode_json
from crypto.encoding import decode_base64, encode_base64, encode_hex, sha256
from crypto.errors import LimitError, MalformedError, SignatureError
from crypto.keys import SIGNATURE_SIZE, SigningKey, key_hash, verify_ed25519
from crypto.kinds import check_payload, names_key

MAX_ENVELOPE = 98_304
MAX_SIGNATURES = 16
_PREFIX, _SUFFIX = "application/vnd.eigendossier.", ".v1+json"
# Canonical JSON leaves an envelope one shape, so a pattern is the whole parser: no white space, no escape, no other key.
_ENVELOPE = re.compile(
    rb'\{"payload":"([A-Za-z0-9+/=]*)"'
    rb',"payloadType":"application/vnd\.eigendossier\.([a-z0-9-]+)\.v1\+json"'
    rb',"signatures":\[((?:\{"sig":"[A-Za-z0-9+/=]{88}"\},){0,15}\{"sig":"[A-Za-z0-9+/=]{88}"\})\]\}'
)


class Statement(msgspec.Struct, frozen=True, dict=True):
    """A well-formed statement. Being one says nothing about who signed it: see `verify`."""

    kind: str
    payload: Mapping[str, Any]
    payload_bytes: bytes
    signatures: tuple[bytes, ...]
    envelope: bytes

    @cached_property
    def signed_bytes(self) -> bytes:
        """The DSSE pre-authentication encoding: what the signatures cover."""
        return _signed_bytes(self.kind, self.payload_bytes)

    @cached_property
    def hash(self) -> bytes:
        """The statement hash: SHA-256 of `signed_bytes`, the same whoever signed."""
        return sha256(self.signed_bytes)


def sign(kind: str, payload: Mapping[str, Any], key: SigningKey) -> Statement:
    """Sign a payload of a known kind; its `keyHash`, if the kind has one, is filled in when it is missing.

    Raise MalformedError for a payload that is not of its kind, SignatureError if it names another key.
    """
    fields = dict(payload)
    if names_key(kind):
        fields.setdefault("keyHash", encode_hex(key_hash(key.public)))
    check_payload(kind, fields)
    data = encode_json(fields)
    statement = _assemble(kind, decode_json(data), data, (key.sign(_signed_bytes(kind, data)),))
    if names_key(kind):
        _check_key_hash(statement, key.public)
    return statement


def cosign(statement: Statement, key: SigningKey) -> Statement:
    """Return the statement with one more signature over the same bytes; its hash stays the same.

    Raise LimitError for a seventeenth signature.
    """
    signatures = (*statement.signatures, key.sign(statement.signed_bytes))
    return _assemble(statement.kind, statement.payload, statement.payload_bytes, signatures)


def parse_statement(envelope: bytes) -> Statement:
    """Parse an envelope strictly; the result is NOT verified. Raise MalformedError or LimitError."""
    if len(envelope) > MAX_ENVELOPE:
        raise LimitError("envelope is too large")
    found = _ENVELOPE.fullmatch(envelope)
    if found is None:
        raise MalformedError("not a statement envelope")
    encoded, kind, signatures = (group.decode() for group in found.groups())
    data = decode_base64(encoded)
    payload = decode_json(data)
    check_payload(kind, payload)
    return Statement(kind, payload, data, _signatures(signatures), envelope)


def verify(statement: Statement, public_key: bytes) -> None:
    """Raise SignatureError unless the statement is signed once, by this key, which its payload names."""
    if len(statement.signatures) != 1:
        raise SignatureError("statement must have one signature")
    _check_key_hash(statement, public_key)
    verify_ed25519(public_key, statement.signed_bytes, statement.signatures[0])


def verify_threshold(statement: Statement, keys: Iterable[bytes], threshold: int) -> tuple[bytes, ...]:
    """Return the keys that signed, in order of the signatures.

    Raise SignatureError unless every signature is by another key of `keys`, at least `threshold` of them (and at least
    one), and a key that the payload names is among the signers.
    """
    remaining, signers = set(keys), []
    for signature in statement.signatures:
        signer = _signer(statement, signature, remaining)
        remaining.discard(signer)
        signers.append(signer)
    if len(signers) < max(threshold, 1):
        raise SignatureError("too few signatures")
    if "keyHash" in statement.payload and _named(statement) not in map(key_hash, signers):
        raise SignatureError("statement is not signed by the key it names")
    return tuple(signers)


def statement_hash(kind: str, payload: Mapping[str, Any]) -> bytes:
    """Return the hash of the statement with this payload, whoever signed it; raise MalformedError if it is none."""
    fields = dict(payload)
    check_payload(kind, fields)
    return sha256(_signed_bytes(kind, encode_json(fields)))


def _signed_bytes(kind: str, payload: bytes) -> bytes:
    kind_bytes = f"{_PREFIX}{kind}{_SUFFIX}".encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind_bytes), kind_bytes, len(payload), payload)


def _assemble(kind: str, payload: Mapping[str, Any], data: bytes, signatures: tuple[bytes, ...]) -> Statement:
    if len(signatures) > MAX_SIGNATURES:
        raise LimitError("statement has too many signatures")
    envelope = {
        "payload": encode_base64(data),
        "payloadType": f"{_PREFIX}{kind}{_SUFFIX}",
        "signatures": [{"sig": encode_base64(signature)} for signature in signatures],
    }
    return Statement(kind, payload, data, signatures, encode_json(envelope, limit=MAX_ENVELOPE))


def _signatures(found: str) -> tuple[bytes, ...]:
    """Decode the signatures of an envelope that matched; the pattern admits only base64 of 64 to 66 bytes."""
    signatures = tuple(decode_base64(text) for text in found.split('"')[3::4])
    if any(len(signature) != SIGNATURE_SIZE for signature in signatures):
        raise MalformedError("a signature is 64 bytes")
    return signatures


def _named(statement: Statement) -> bytes:
    return bytes.fromhex(statement.payload["keyHash"])


def _check_key_hash(statement: Statement, public_key: bytes) -> None:
    if statement.payload.get("keyHash") != encode_hex(key_hash(public_key)):
        raise SignatureError("statement names another key")


def _signer(statement: Statement, signature: bytes, keys: set[bytes]) -> bytes:
    for key in keys:
        try:
            verify_ed25519(key, statement.signed_bytes, signature)
        except SignatureError:
            continue
        return key
    raise SignatureError("a signature is by none of the keys, or repeats one")
