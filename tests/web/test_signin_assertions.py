"""Client assertions: exactly one form is accepted (N67, N69, R19)."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from dossier.errors import InvalidRequestError, UnauthenticatedError
from web.signin.assertions import (
    TYPE,
    UnknownKeyError,
    check_key_set,
    claimed_client,
    verify_assertion,
)

ISSUER = "https://dossier.example"
CLIENT = "ab" * 16
NOW = 1_000_000
KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})
CURVE = ECKey.generate_key("P-256", {"kid": "k2"})
KEYS = KeySet([KEY, CURVE]).as_dict(private=False)


def claims(**changes):
    made = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "0123456789", "iat": NOW, "exp": NOW + 60}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def made(key=KEY, alg="Ed25519", *, header=None, **changes):
    head = {"alg": alg, "kid": key.kid, "typ": TYPE, **(header or {})}
    return jwt.encode(head, claims(**changes), key, algorithms=[alg])


def plain(header, body, signature=b""):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    return ".".join((part(json.dumps(header).encode()), part(json.dumps(body).encode()), part(signature)))


def assert_refused(assertion, keys=KEYS):
    with pytest.raises(UnauthenticatedError) as caught:
        verify_assertion(assertion, keys, ISSUER, NOW)
    return caught.value


@pytest.mark.parametrize("key, alg", [(KEY, "Ed25519"), (CURVE, "ES256")])
def test_both_algorithms_are_accepted(key, alg):
    """Ed25519 and ES256 with a registered key give client, one-time id and end."""
    found = verify_assertion(made(key, alg), KEYS, ISSUER, NOW)
    assert (found.client, found.jti, found.expires) == (CLIENT, "0123456789", NOW + 60)


def test_no_signature_is_no_proof():
    """An assertion with alg none, or with its signature cut off, is refused (N67)."""
    header = {"alg": "none", "kid": "k1", "typ": TYPE}
    assert_refused(plain(header, claims()))
    assert_refused(made().rpartition(".")[0] + ".")


def test_a_public_key_is_no_shared_secret():
    """HS256 computed over the public key is refused (N67)."""
    secret = OctKey.import_key(base64.urlsafe_b64decode(str(KEY.as_dict()["x"]) + "="), {"kid": "k1"})
    assert_refused(jwt.encode({"alg": "HS256", "kid": "k1", "typ": TYPE}, claims(), secret, algorithms=["HS256"]))


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_other_algorithms_are_refused(alg):
    """RSA is refused even with a key set that holds the key (N67)."""
    key = RSAKey.generate_key(2048, {"kid": "r"})
    assert_refused(made(key, alg), KeySet([key]).as_dict(private=False))


@pytest.mark.parametrize("kid", ["k3", "../k1", "k1/../../keys", "", "k 1", "k" * 129])
def test_unknown_and_wild_key_ids_are_refused(kid):
    """A key id that is unknown, a path, empty or over-long leads to no key (N67)."""
    other = OKPKey.generate_key("Ed25519", {"kid": "k1"})
    head = {"alg": "Ed25519", "kid": kid, "typ": TYPE}
    assert assert_refused(jwt.encode(head, claims(), other, algorithms=["Ed25519"])).code == "invalid-client"


def test_an_unknown_key_is_told_apart_for_the_refetch_only():
    """An unknown key id raises its own class, with the same message and code as every other refusal."""
    key = OKPKey.generate_key("Ed25519", {"kid": "new"})
    unknown, forged = assert_refused(made(key)), assert_refused(made(OKPKey.generate_key("Ed25519", {"kid": "k1"})))
    assert isinstance(unknown, UnknownKeyError)
    assert (str(unknown), unknown.code) == (str(forged), forged.code)


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "crit", "b64"])
def test_headers_that_lead_elsewhere_are_refused(name):
    """A header that names another key or an extension is not ignored but refused (N67)."""
    header = {"alg": "Ed25519", "kid": "k1", "typ": TYPE, name: ["x"] if name in {"crit", "x5c"} else "x"}
    assert_refused(plain(header, claims(), b"s" * 64))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", None])
def test_the_type_is_explicit(typ):
    """Another type, or none, is refused (R19)."""
    header = {"alg": "Ed25519", "kid": "k1"} | ({"typ": typ} if typ else {})
    assert_refused(jwt.encode(header, claims(), KEY, algorithms=["Ed25519"]))


@pytest.mark.parametrize(
    "aud", [[ISSUER], [ISSUER, "https://other"], f"{ISSUER}/oauth/token", f"{ISSUER}/", "https://other", None, 7]
)
def test_the_audience_is_our_issuer_as_one_string(aud):
    """An array, the token URL, another issuer or none is refused (R19)."""
    assert_refused(made(aud=aud))


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW + 60, "exp": NOW + 120},
        {"exp": NOW},
        {"exp": NOW + 301},
        {"iat": NOW - 600, "exp": NOW + 60},
        {"iat": None},
        {"exp": None},
        {"iat": "1"},
        {"nbf": NOW + 60},
        {"nbf": "soon"},
        {"jti": None},
        {"jti": "short"},
        {"jti": "x" * 129},
        {"jti": "with space"},
        {"sub": "cd" * 16},
        {"sub": None},
    ],
)
def test_time_id_and_subject_are_strict(changes):
    """A time in the future or past, a life over five minutes, a missing or wild id, another subject: refused (N69)."""
    assert_refused(made(**changes))


def test_one_changed_byte_is_refused():
    """Any change of header, claims or signature is refused."""
    good = made()
    for at in range(0, len(good), 7):
        changed = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        assert_refused(changed)


@given(st.text(max_size=200) | st.builds(lambda a, b, c: f"{a}.{b}.{c}", *[st.text("eyJhbGciOi0_-", max_size=40)] * 3))
def test_nothing_but_our_error_escapes(text):
    """Whatever comes in is refused with one class of error."""
    with pytest.raises(UnauthenticatedError):
        verify_assertion(text, KEYS, ISSUER, NOW)
    with pytest.raises(UnauthenticatedError):
        claimed_client(text)


@pytest.mark.parametrize(
    "keys", [{}, {"keys": []}, {"keys": [1]}, {"keys": "x"}, {"keys": [{"kty": "zz", "kid": "k1"}]}]
)
def test_a_broken_key_set_refuses_everybody(keys):
    """A key set that is none never lets anybody in."""
    assert_refused(made(), keys)


def test_a_doubled_key_id_is_refused():
    """Two keys of one name are no key."""
    other = OKPKey.generate_key("Ed25519", {"kid": "k1"})
    assert_refused(made(), {"keys": [KEY.as_dict(private=False), other.as_dict(private=False)]})


def test_registered_key_sets_hold_public_keys_only():
    """A key set with a private, secret, RSA or nameless key is not taken in."""
    check_key_set(KEYS)
    bad = [
        {"keys": [KEY.as_dict(private=True)]},
        {"keys": [OctKey.generate_key(256, {"kid": "s"}).as_dict()]},
        {"keys": [RSAKey.generate_key(2048, {"kid": "r"}).as_dict(private=False)]},
        {"keys": [{name: value for name, value in KEY.as_dict(private=False).items() if name != "kid"}]},
        {"keys": []},
        {"keys": [KEY.as_dict(private=False)] * 9},
        {},
        None,
        [],
    ]
    for keys in bad:
        with pytest.raises(InvalidRequestError):
            check_key_set(keys)
