from __future__ import annotations

from unittest.mock import Mock

import pytest

from crypto import (
    ChecksumError,
    Identity,
    LimitError,
    MalformedError,
    Method,
    SealingKey,
    SigningKey,
    TamperedError,
    encode_base64,
    list_methods,
    new_method,
    new_passphrase,
    new_recovery_code,
    open_method,
    open_root,
    seal_root,
    sign,
    unwrap_identity,
    wrap_identity,
)
from tests.values import replace

PERSON, ROOT = b"p" * 16, b"r" * 32
IDENTITY = Identity(SigningKey.from_seed(b"i" * 32), SealingKey.from_seed(b"e" * 32))
PHRASE, CODE = new_passphrase(), new_recovery_code()


@pytest.fixture(scope="module")
def by_phrase():
    return new_method(PERSON, "passphrase", PHRASE)


@pytest.fixture(scope="module")
def by_code():
    return new_method(PERSON, "recovery-code", CODE)


def signed_list(*methods, **changes):
    payload = {
        "person": PERSON.hex(),
        "counter": 1,
        "previous": "",
        "methods": [method.entry() for method in methods],
        "signer": PERSON.hex(),
        "issuedAt": 1,
    }
    return sign("unlock-methods", payload | changes, IDENTITY.signing)


def chain_head():
    payload = {
        "person": PERSON.hex(),
        "organisation": "",
        "sequence": 0,
        "previous": "",
        "signingKey": encode_base64(IDENTITY.signing.public),
        "sealingKey": encode_base64(IDENTITY.sealing.public),
        "streamKeyHash": "0" * 64,
        "signer": PERSON.hex(),
        "issuedAt": 1,
    }
    return sign("key-chain", payload, IDENTITY.signing)


def test_whole_way(by_phrase, by_code):
    """Either of two methods opens the root, and the root the identity, which signed the list of methods."""
    listed = signed_list(by_phrase[0], by_code[0])
    sealed = seal_root(listed, PERSON, ROOT)
    assert set(sealed) == {by_phrase[0].method, by_code[0].method}
    for (method, seed), typed in ((by_phrase, f"  {PHRASE.upper()} "), (by_code, CODE.lower())):
        pair = open_method(PERSON, method, typed, seed)
        assert open_root(listed, PERSON, method, pair, sealed[method.method]) == ROOT
    wrapped = wrap_identity(ROOT, IDENTITY, PERSON, b"", 0)
    assert unwrap_identity(ROOT, wrapped, chain_head()) == IDENTITY


def test_entry_round_trip(by_phrase):
    """A method reads back from its entry in the signed list."""
    listed = signed_list(by_phrase[0], replace(by_phrase[0], method=b"2" * 16))
    assert list_methods(listed, PERSON)[0] == by_phrase[0]
    assert Method.parse(by_phrase[0].entry()) == by_phrase[0]


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 65_535},
        {"memory_kib": 4 * 2**20},
        {"passes": 2},
        {"passes": 11},
        {"salt": b""},
        {"salt": bytes(17)},
    ],
)
def test_parameters_out_of_bounds(change, by_phrase, monkeypatch):
    """Parameters below the floor or above the ceiling stop the client before it derives anything (N11, N37)."""
    monkeypatch.setattr("crypto.unlock.argon2id.kdf", Mock(side_effect=AssertionError("derived")))
    with pytest.raises(LimitError):
        open_method(PERSON, replace(by_phrase[0], **change), PHRASE, by_phrase[1])


def test_mistyped(by_phrase, by_code, monkeypatch):
    """A mistype is caught before anything is derived (N12, N13)."""
    monkeypatch.setattr("crypto.unlock.argon2id.kdf", Mock(side_effect=AssertionError("derived")))
    with pytest.raises(ChecksumError):
        open_method(PERSON, by_phrase[0], PHRASE[:-1], by_phrase[1])
    with pytest.raises(ChecksumError):
        open_method(PERSON, by_code[0], CODE[:-1], by_code[1])


def test_other_secret(by_code):
    """A sound secret of somebody else does not open."""
    with pytest.raises(TamperedError):
        open_method(PERSON, by_code[0], new_recovery_code(), by_code[1])


def test_passkey_is_not_typed(by_code):
    """A passkey's secret comes from an authenticator, never from the keyboard; an unknown type has none."""
    for method_type in ("passkey-prf", "password"):
        with pytest.raises(MalformedError):
            new_method(PERSON, method_type, CODE)
        with pytest.raises(MalformedError):
            open_method(PERSON, replace(by_code[0], type=method_type), CODE, by_code[1])


def test_list_refused(by_code):
    """A list of fewer than two methods, of another person, or with one named twice, seals nothing (R12, N35)."""
    method = by_code[0]
    other = replace(method, method=b"2" * 16)
    for listed in (
        signed_list(method),
        signed_list(method, method),
        signed_list(method, other, person="0" * 32),
        chain_head(),
    ):
        with pytest.raises(MalformedError):
            seal_root(listed, PERSON, ROOT)


def test_replaced_method_pair(by_code, monkeypatch):
    """A seed that does not give the public key of the list is not taken (R1)."""
    monkeypatch.setattr("crypto.unlock.unwrap", Mock(return_value=bytes(32)))
    with pytest.raises(TamperedError):
        open_method(PERSON, by_code[0], CODE, by_code[1])


def test_replaced_identity(monkeypatch):
    """Seeds that do not give the public keys of the chain are not taken (R1, N36)."""
    wrapped = wrap_identity(ROOT, IDENTITY, PERSON, b"", 0)
    monkeypatch.setattr("crypto.unlock.unwrap", Mock(return_value=IDENTITY.signing.seed + bytes(32)))
    with pytest.raises(TamperedError):
        unwrap_identity(ROOT, wrapped, chain_head())


def test_identity_of_another_statement():
    """A statement of another kind names no identity."""
    with pytest.raises(MalformedError):
        unwrap_identity(ROOT, b"", signed_list())
