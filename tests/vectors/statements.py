"""Vectors of signed statements."""

from __future__ import annotations

import json
from typing import Any

from crypto.canonical import encode_json
from crypto.keys import SigningKey
from crypto.statements import Statement, cosign, sign
from tests.vectors.frozen import b64, fixed, flip, vector

KEY = SigningKey.from_seed(fixed("statement key"))
OTHER = SigningKey.from_seed(fixed("statement other key"))
READING: dict[str, Any] = {
    "item": fixed("item", 16).hex(),
    "version": 1,
    "action": "read",
    "purpose": "debt-help",
    "case": "",
    "reason": "intake",
    "nonce": fixed("nonce", 16).hex(),
    "signer": fixed("person", 16).hex(),
    "issuedAt": 1_800_000_000,
    "organisation": fixed("organisation", 16).hex(),
    "role": "debt-counsellor",
}


def make() -> None:
    """Make the vectors of this module."""
    sound = sign("reading-request", READING, KEY)
    _signed(sound)
    _payloads(sound)
    _envelopes(sound)
    _thresholds()


def _one(name: str, expect: str, comment: str, envelope: bytes, key: bytes = KEY.public, **fields: Any) -> None:
    vector("statement", name, expect, comment, envelope=b64(envelope), key=b64(key), **fields)


def _signed(sound: Statement) -> None:
    payload = dict(sound.payload)
    _one(
        "valid", "success", "a reading request", sound.envelope, kind=sound.kind, payload=payload, hash=sound.hash.hex()
    )
    _one("other-key", "signature", "verified with another key", sound.envelope, OTHER.public)
    flipped = _outer(sound, signatures=[{"sig": b64(flip(sound.signatures[0]))}])
    _one("flipped-signature", "signature", "one bit of the signature", flipped)
    moved = _outer(sound, payloadType="application/vnd.eigendossier.removal.v1+json")
    _one("other-kind", "malformed", "the payload under another kind", moved)
    stolen = sign("reading-request", READING, OTHER)
    resigned = _outer(stolen, signatures=[{"sig": b64(KEY.sign(stolen.signed_bytes))}])
    _one("re-signed", "signature", "signed by this key, but the payload names another", resigned)
    doubled = _outer(sound, signatures=[{"sig": b64(sound.signatures[0])}] * 2)
    _one("doubled-signature", "signature", "one signature twice where one is wanted", doubled)


def _payloads(sound: Statement) -> None:
    """Payloads with one fault, signed all the same."""
    good = dict(sound.payload)
    changes: dict[str, dict[str, Any]] = {
        "unknown-field": good | {"extra": 1},
        "missing-field": {name: value for name, value in good.items() if name != "role"},
        "null-field": good | {"role": ""} | {"case": None},
        "short-id": good | {"item": good["item"][:-2]},
        "upper-case-id": good | {"item": good["item"].upper()},
        "text-for-count": good | {"version": "1"},
        "flag-for-count": good | {"version": True},
        "negative-count": good | {"version": -1},
        "unknown-choice": good | {"action": "print"},
        "code-with-space": good | {"purpose": "debt help"},
        "code-with-end-hyphen": good | {"purpose": "debt-"},
        "code-too-long": good | {"purpose": "x" * 65},
        "empty-where-needed": good | {"item": ""},
        "list-for-text": good | {"purpose": ["debt-help"]},
    }
    for name, payload in changes.items():
        _one(name, "malformed", name.replace("-", " "), _seal_anyway("reading-request", payload))
    spaced = json.dumps(good, sort_keys=True).encode()
    _one("payload-not-canonical", "malformed", "white space in the payload", _raw("reading-request", spaced))
    _one("payload-not-json", "malformed", "a payload that is no JSON", _raw("reading-request", b"\xff"))
    _one("payload-not-object", "malformed", "a payload that is a list", _raw("reading-request", b"[]"))
    _one("unknown-kind", "malformed", "a kind that is not known", _raw("reading-wish", sound.payload_bytes))


def _seal_anyway(kind: str, payload: dict[str, Any]) -> bytes:
    return _raw(kind, json.dumps(payload, sort_keys=True, separators=(",", ":")).encode())


def _raw(kind: str, data: bytes) -> bytes:
    media = f"application/vnd.eigendossier.{kind}.v1+json".encode()
    signature = KEY.sign(b"DSSEv1 %d %s %d %s" % (len(media), media, len(data), data))
    envelope = {"payload": b64(data), "payloadType": media.decode(), "signatures": [{"sig": b64(signature)}]}
    return encode_json(envelope, limit=200_000)


def _envelopes(sound: Statement) -> None:
    signature = {"sig": b64(sound.signatures[0])}
    for name, comment, envelope in (
        ("envelope-not-canonical", "white space in the envelope", json.dumps(json.loads(sound.envelope)).encode()),
        ("envelope-unknown-field", "another field beside the three", _outer(sound, extra=1)),
        ("envelope-key-id", "a key id beside the signature", _outer(sound, signatures=[signature | {"keyid": "x"}])),
        ("envelope-no-signature", "no signature", _outer(sound, signatures=[])),
        ("envelope-seventeen-signatures", "seventeen signatures", _outer(sound, signatures=[signature] * 17)),
        (
            "envelope-short-signature",
            "a signature of 63 bytes",
            _outer(sound, signatures=[{"sig": b64(sound.signatures[0][:63])}]),
        ),
        (
            "envelope-signature-padding",
            "a signature without padding",
            _outer(sound, signatures=[{"sig": signature["sig"].rstrip("=")}]),
        ),
        ("envelope-other-type", "another vendor's type", _outer(sound, payloadType="application/json")),
        (
            "envelope-other-version",
            "version 2 of the type",
            _outer(sound, payloadType="application/vnd.eigendossier.reading-request.v2+json"),
        ),
        ("envelope-list", "a list", b"[]"),
        ("envelope-payload-list", "a payload that is no text", _outer(sound, payload=[])),
        ("envelope-trailing", "a line feed after the envelope", sound.envelope + b"\n"),
    ):
        _one(name, "malformed", comment, envelope)
    _one("envelope-over-size", "limit", "more than 98,304 bytes", _outer(sound, payload="A" * 98_304))


def _outer(sound: Statement, **changes: Any) -> bytes:
    outer = json.loads(sound.envelope) | changes
    return encode_json(outer, limit=200_000)


def _thresholds() -> None:
    signers = [SigningKey.from_seed(fixed(f"approver {n}")) for n in range(3)]
    order = {
        "case": fixed("case", 16).hex(),
        "from": fixed("person", 16).hex(),
        "to": {"person": fixed("other person", 16).hex(), "organisation": "", "role": ""},
        "actors": [],
        "sequence": 1,
        "previous": fixed("opening").hex(),
        "ended": [],
        "issuedAt": 1_800_000_000,
    }
    one = sign("coordinator-transfer", order, signers[0])
    two = cosign(one, signers[1])
    twice = cosign(one, signers[0])
    stranger = cosign(two, OTHER)
    allowed = [b64(signer.public) for signer in signers]

    def case(
        name: str, expect: str, comment: str, statement: Statement, threshold: int, keys: list[str] = allowed
    ) -> None:
        fields = {
            "envelope": b64(statement.envelope),
            "keys": keys,
            "threshold": threshold,
            "hash": statement.hash.hex(),
        }
        vector("threshold", name, expect, comment, **fields)

    case("two-of-three", "success", "two of three", two, 2)
    case("one-of-three", "success", "the same hash with one signature", one, 1)
    case("too-few", "signature", "one where two are wanted", one, 2)
    case("same-key-twice", "signature", "two signatures by one key", twice, 2)
    case("stranger", "signature", "a third signature by a key outside the list", stranger, 2)
    case("key-listed-twice", "signature", "a key listed twice counts once", twice, 2, [allowed[0], allowed[0]])
    case("threshold-zero", "signature", "threshold 0 still wants a signature by a listed key", one, 0, [allowed[1]])
    _single_key_statement(one)


def _single_key_statement(one: Statement) -> None:
    comment = "a kind that names no key of its own does not verify with one"
    _one("no-key-named", "signature", comment, one.envelope, SigningKey.from_seed(fixed("approver 0")).public)
