"""Examples for bodies and answers: one plausible value for each member name, put together along the schemas.

They show shapes. Ids and signatures in them are invented; a sealed item worked out byte by byte stands in
docs/integrate.md.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

MOMENT = 1_800_000_000
"""15 January 2027, as UTC seconds."""

IDS = frozenset(
    {
        "actor", "addedBy", "case", "consent", "coordinator", "dossier", "event", "grantee", "id", "item", "organisation",
        "person", "reading", "request", "source", "stream", "subject", "system", "upload", "administrator", "ending",
        "address",
    }
)  # fmt: skip
HASHES = frozenset({"hash", "head"})
SEALED = frozenset(
    {
        "answer", "answerWords", "attestation", "capsule", "content", "header", "key", "leaf", "placedKey", "placement",
        "rotation", "sealedKey", "sealedMetadata", "sealedRoot", "sectionKey", "statement", "streamKey", "words",
        "wrapped", "wrappedSeed",
    }
)  # fmt: skip
TEXTS: Mapping[str, str] = {
    "access_token": "invented-access-token",
    "action": "read-content",
    "assurance": "substantial",
    "basis": "consent",
    "client_assertion": "invented.client.assertion",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "closingReason": "done",
    "code": "no-consent",
    "csrfHeader": "x-csrf-token",
    "csrfToken": "invented-token-of-this-session",
    "error": "invalid_grant",
    "grant_type": "client_credentials",
    "identifier": "bsn:999990019",
    "identifierType": "bsn",
    "issuer": "https://sign-in.example",
    "keySetUrl": "",
    "kind": "agency",
    "label": "normal",
    "lane": "ordinary",
    "name": "Noor Hoekstra",
    "nature": "private",
    "next": "",
    "note": "dossier.example/promise\n1\nInvented root\n\n- dossier.example/promise Invented signature\n",
    "organisationName": "Kredietbank",
    "purpose": "debt-help",
    "refresh_token": "invented-refresh-token",
    "relation": "participant",
    "remains": "what was read cannot be taken back",
    "role": "debt-counsellor",
    "section": "debts",
    "state": "active",
    "status": "ready",
    "token_type": "Bearer",
    "type": "decision",
}
NUMBERS: Mapping[str, int] = {
    "epoch": 0, "expires_in": 900, "fromSeq": 1, "index": 0, "erasedBy": 0, "length": 65_554, "next": 0, "offset": 0,
    "seq": 7, "sequence": 2, "threshold": 2, "version": 1, "added": 2, "count": 1,
}  # fmt: skip
LISTS: Mapping[str, str] = {"roles": "role", "people": "person", "cases": "case", "ended": "person"}
MEMBERS: Mapping[str, Any] = {
    "openings": [{"salt": "c2FsdA==", "name": "schema", "value": "decision/v1"}],
    "checks": {"database": True, "log": True},
    "parts": [0],
}
"""Whole values where the schema says too little."""

SEPARATE: Mapping[str, Mapping[str, Any]] = {
    "OpeningField": {"salt": "c2FsdA==", "name": "schema", "value": "decision/v1"},
    "PartBody": {"content": "Y2lwaGVydGV4dA=="},
    "PreviewBody": {"ending": "5b0a1d6a4c0f4f2f9d0c7b8a69584736", "people": []},
    "SystemBody": {
        "statement": "eyJwYXlsb2FkIjoiLi4uIn0=",
        "name": "Koppelvlak schulden",
        "keySet": {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "s-1", "use": "sig", "x": "invented"}]},
    },
}
"""Bodies whose members exclude each other."""


def example(schema: Mapping[str, Any], components: Mapping[str, Any], name: str = "") -> Any:
    """An example of a schema; `name` is the member it stands under. Raise KeyError for a name without a value."""
    if "$ref" in schema:
        word = schema["$ref"].rpartition("/")[2]
        return SEPARATE[word] if word in SEPARATE else example(components[word], components, name)
    if "oneOf" in schema:
        return example(schema["oneOf"][0], components, name)
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(schema, components, name)


def _of_type(schema: Mapping[str, Any], components: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, components, name)
    if kind == "array":
        if name in MEMBERS and "$ref" not in schema["items"]:
            return MEMBERS[name]
        return [example(schema["items"], components, LISTS.get(name, name))]
    if kind == "boolean":
        return True
    if kind == "integer":
        return NUMBERS.get(name, MOMENT)
    return _text(name)


def _object(schema: Mapping[str, Any], components: Mapping[str, Any], name: str) -> Any:
    if "properties" in schema:
        return {key: example(value, components, key) for key, value in schema["properties"].items()}
    if name in MEMBERS:
        return MEMBERS[name]
    inner = schema.get("additionalProperties")
    return {_hex("key", 16): example(inner, components, name)} if isinstance(inner, dict) and inner else {}


def _text(name: str) -> str:
    if name in IDS:
        return _hex(name, 16)
    if name in HASHES:
        return _hex(name, 32)
    if name in TEXTS:
        return TEXTS[name]
    # Statements, sealed and signed bytes, and lists of them: invented bytes, base64 as on the wire.
    return base64.b64encode(hashlib.shake_256(name.encode()).digest(24)).decode() if _is_bytes(name) else ""


def _is_bytes(name: str) -> bool:
    return name in SEALED or name.endswith("s") or name == "path"


def _hex(name: str, size: int) -> str:
    return hashlib.shake_256(b"example " + name.encode()).hexdigest(size)
