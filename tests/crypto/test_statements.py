from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import (
    CryptoError,
    LimitError,
    MalformedError,
    SignatureError,
    SigningKey,
    cosign,
    encode_base64,
    key_hash,
    parse_statement,
    sha256,
    sign,
    verify,
    verify_threshold,
)
from crypto.statements import statement_hash

KEYS = [SigningKey.from_seed(bytes([n]) * 32) for n in range(4)]
REMOVAL = {
    "removal": "1" * 32,
    "dossier": "2" * 32,
    "item": "3" * 32,
    "reason": "wrong-person",
    "signer": "4" * 32,
    "issuedAt": 1,
    "capacity": "owner",
}
TRANSFER: dict[str, Any] = {
    "case": "1" * 32,
    "from": "2" * 32,
    "to": {"person": "3" * 32, "organisation": "", "role": ""},
    "actors": [],
    "sequence": 1,
    "previous": "4" * 64,
    "ended": [],
    "issuedAt": 1,
}


def test_round_trip():
    """A signed statement parses to itself, verifies, and names its key."""
    statement = sign("removal", REMOVAL, KEYS[0])
    assert parse_statement(statement.envelope) == statement
    verify(statement, KEYS[0].public)
    assert statement.payload["keyHash"] == key_hash(KEYS[0].public).hex()


def test_hash():
    """The statement hash is SHA-256 of the pre-authentication encoding, and does not depend on who signed."""
    statement = sign("coordinator-transfer", TRANSFER, KEYS[0])
    media = b"application/vnd.eigendossier.coordinator-transfer.v1+json"
    pae = b"DSSEv1 57 %s %d %s" % (media, len(statement.payload_bytes), statement.payload_bytes)
    assert statement.hash == sha256(pae) == cosign(statement, KEYS[1]).hash


def test_named_key():
    """A payload that names another key is not signed, and never verifies (R17)."""
    with pytest.raises(SignatureError):
        sign("removal", REMOVAL | {"keyHash": "0" * 64}, KEYS[0])
    with pytest.raises(SignatureError):
        verify(sign("removal", REMOVAL, KEYS[0]), KEYS[1].public)


@pytest.mark.parametrize("change", [{"extra": 1}, {"reason": None}, {"issuedAt": -1}])
def test_bad_payload(change):
    """A payload that is not of its kind is not signed."""
    with pytest.raises(MalformedError):
        sign("removal", REMOVAL | change, KEYS[0])


def test_unknown_kind():
    """A statement of an unknown kind is not signed."""
    with pytest.raises(MalformedError):
        sign("wish", REMOVAL, KEYS[0])


@given(st.binary(max_size=80))
def test_random_bytes(data):
    """Random bytes are no statement, and give nothing but our error."""
    with pytest.raises(CryptoError):
        parse_statement(data)


@given(st.data())
def test_changed_envelope(data):
    """An envelope with one changed byte does not parse or does not verify."""
    envelope = bytearray(sign("removal", REMOVAL, KEYS[0]).envelope)
    envelope[data.draw(st.integers(0, len(envelope) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CryptoError):
        verify(parse_statement(bytes(envelope)), KEYS[0].public)


def test_threshold():
    """Distinct listed keys count, each once, in order of the signatures."""
    statement = cosign(sign("coordinator-transfer", TRANSFER, KEYS[0]), KEYS[1])
    publics = [key.public for key in KEYS[:3]]
    assert verify_threshold(statement, publics, 2) == (KEYS[0].public, KEYS[1].public)
    assert parse_statement(statement.envelope) == statement
    with pytest.raises(SignatureError):
        verify_threshold(statement, publics, 3)
    with pytest.raises(SignatureError):
        verify_threshold(cosign(statement, KEYS[3]), publics, 2)
    with pytest.raises(SignatureError):
        verify_threshold(cosign(statement, KEYS[0]), publics, 2)


def test_sixteen_signatures():
    """A statement has at most sixteen signatures."""
    statement = sign("coordinator-transfer", TRANSFER, KEYS[0])
    for _ in range(15):
        statement = cosign(statement, KEYS[1])
    assert parse_statement(statement.envelope) == statement
    with pytest.raises(LimitError):
        cosign(statement, KEYS[1])


@pytest.mark.parametrize("size", [63, 65, 66])
def test_signature_size(size):
    """A signature of another size than 64 bytes is refused, even if it is spelled as long."""
    statement = sign("removal", REMOVAL, KEYS[0])
    own, other = (encode_base64(data).encode() for data in (statement.signatures[0], bytes(size)))
    with pytest.raises(MalformedError):
        parse_statement(statement.envelope.replace(own, other))


def test_threshold_names_key():
    """Where the payload names a key, that key is among the signers."""
    statement = cosign(sign("removal", REMOVAL, KEYS[0]), KEYS[1])
    assert verify_threshold(statement, [KEYS[0].public, KEYS[1].public], 2)
    moved = parse_statement(statement.envelope)
    only_other = type(moved)(moved.kind, moved.payload, moved.payload_bytes, moved.signatures[1:], moved.envelope)
    with pytest.raises(SignatureError):
        verify_threshold(only_other, [KEYS[0].public, KEYS[1].public], 1)


def test_one_signature_only():
    """A statement with two signatures does not verify as one with a single signer."""
    with pytest.raises(SignatureError):
        verify(cosign(sign("removal", REMOVAL, KEYS[0]), KEYS[1]), KEYS[0].public)


def test_payload_is_detached():
    """Changing the dictionary that was signed changes nothing in the statement."""
    payload = copy.deepcopy(TRANSFER)
    statement = sign("coordinator-transfer", payload, KEYS[0])
    payload["to"]["role"] = "changed"
    assert statement.payload["to"]["role"] == ""


def test_hash_of_a_payload():
    """The hash of a statement can be told from its payload, if it is one of its kind."""
    statement = sign("removal", REMOVAL, KEYS[0])
    assert statement_hash("removal", statement.payload) == statement.hash
    with pytest.raises(MalformedError):
        statement_hash("removal", REMOVAL)
