"""Client assertions and the keys that sign them, held against a library that verifies them."""

from __future__ import annotations

import base64

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from dossier.client.assertion import SignInKey, client_assertion, new_sign_in_key
from dossier.client.errors import KeyStoreError


def damaged(**changes):
    """A good private JWK with these members changed; None leaves one out."""
    values = {**new_sign_in_key("k1").as_dict(private=True), **changes}
    return {name: value for name, value in values.items() if value is not None}


def test_an_assertion_verifies_and_says_who_to_whom_and_until_when():
    """A library that is not ours verifies the assertion with the published half of the key, and reads its claims."""
    key = new_sign_in_key("k1")
    text = client_assertion("ab" * 16, "https://dossier.example", key, 1_000)
    found = jwt.decode(text, OKPKey.import_key(key.as_dict(private=False)), algorithms=["Ed25519"])
    assert found.header == {"alg": "Ed25519", "kid": "k1", "typ": "client-authentication+jwt"}
    assert found.claims.pop("jti")
    assert found.claims == {
        "iss": "ab" * 16,
        "sub": "ab" * 16,
        "aud": "https://dossier.example",
        "iat": 1_000,
        "exp": 1_060,
    }


def test_no_two_assertions_are_alike():
    """Each has an id of its own, so that the service takes each once."""
    key = new_sign_in_key("k1")
    assert client_assertion("a", "b", key, 1) != client_assertion("a", "b", key, 1)


def test_keys_go_to_and_from_a_library_unchanged():
    """A JWK that another library made is read, and what we write it reads; the public half holds no secret."""
    theirs = OKPKey.generate_key("Ed25519", {"kid": "k1"}).as_dict(private=True)
    assert SignInKey.from_jwk(theirs).as_dict(private=True) == theirs
    ours = new_sign_in_key("k2").as_dict(private=True)
    assert OKPKey.import_key(ours).as_dict(private=True) == ours
    assert "d" not in SignInKey.from_jwk(ours).as_dict(private=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "EC"},
        {"crv": "X25519"},
        {"kid": None},
        {"kid": 7},
        {"d": None},
        {"d": "AAAA"},
        {"d": 7},
        {"d": "a+b/" * 10 + "aaa"},
        {"x": None},
        {"x": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")},
        {"x": "====" * 8},
    ],
)
def test_a_damaged_key_is_refused(changes):
    """What is no whole Ed25519 pair with a key id is said to be none."""
    with pytest.raises(KeyStoreError):
        SignInKey.from_jwk(damaged(**changes))


def test_a_key_does_not_print_its_secret():
    """Neither representation nor text shows the private half."""
    key = new_sign_in_key("k1")
    assert key.as_dict(private=True)["d"] not in repr(key)
    assert key.signing.seed.hex() not in repr(key)
