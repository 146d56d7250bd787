"""Known answers of the published specifications, through our own calls, and HPKE computed a second time by hand."""

from __future__ import annotations

import hashlib
import hmac

import nacl.bindings
import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto import (
    Label,
    SealingKey,
    SigningKey,
    bind,
    decode_base64,
    encode_base64,
    encode_json,
    hkdf,
    key_hash,
    seal,
    verify_ed25519,
)
from crypto.labels import SUITE


@pytest.mark.parametrize(
    "seed, public, message, signature",
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_ed25519(seed, public, message, signature):
    """RFC 8032 section 7.1, tests 1 and 2."""
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    verify_ed25519(key.public, bytes.fromhex(message), bytes.fromhex(signature))


def test_hkdf():
    """RFC 5869 appendix A.3 for the library without salt, and our derivation by plain HMAC (section 2)."""
    okm = HKDF(algorithm=SHA256(), length=42, salt=None, info=b"").derive(b"\x0b" * 22)
    assert okm.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    prk = hmac.digest(bytes(32), b"k" * 32, "sha256")
    info = bind(Label.SECTION_KEM, b"one", b"two")
    assert hkdf(b"k" * 32, Label.SECTION_KEM, b"one", b"two") == hmac.digest(prk, info + b"\x01", "sha256")


def test_xchacha20_poly1305():
    """draft-irtf-cfrg-xchacha-03 appendix A.3.1."""
    plaintext = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plaintext, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), bytes(range(0x40, 0x58)), bytes(range(0x80, 0xA0))
    )
    assert sealed.hex() == (
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
        "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
    )


@pytest.mark.parametrize(
    "data, text",
    [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foob", "Zm9vYg=="), (b"foobar", "Zm9vYmFy")],
)
def test_base64(data, text):
    """RFC 4648 section 10."""
    assert (encode_base64(data), decode_base64(text)) == (text, data)


def test_key_order():
    """RFC 8785 section 3.2.3: the order of its example, without the character that normalisation changes."""
    value = {"\u20ac": 1, "\r": 2, "1": 3, "\U0001f600": 4, "\u0080": 5, "\u00f6": 6}
    assert encode_json(value).decode() == '{"\\r":2,"1":3,"\u0080":5,"\u00f6":6,"\u20ac":1,"\U0001f600":4}'


def test_x_wing_key():
    """draft-connolly-cfrg-xwing-kem appendix: the first test vector's seed gives its public key."""
    seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
    public = SealingKey.from_seed(seed).public
    assert public.hex().startswith("e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5b19cfc3da5fa1a92")
    assert public.hex().endswith("859edb06eff389b27dce59844570216223593d4ba32d9abac8cd049040ef6534")


def labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    text = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, text + b"\x01", "sha256")[:size]


def test_hpke_by_hand():
    """Our seal is RFC 9180 base mode over X-Wing: decapsulated and scheduled by hand, it opens."""
    seed, context = b"s" * 32, (b"one", b"two")
    key = SealingKey.from_seed(seed)
    sealed = seal(Label.MESSAGE, context, key.public, b"plaintext")
    encapsulated, ciphertext = sealed[:1_120], sealed[1_120:]
    expanded = hashlib.shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(encapsulated[:1_088])
    curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    shared = curve.exchange(x25519.X25519PublicKey.from_public_bytes(encapsulated[1_088:]))
    secret = hashlib.sha3_256(lattice + shared + encapsulated[1_088:] + key.public[1_184:] + b"\\.//^\\").digest()
    suite = b"HPKE" + bytes.fromhex("647a00010003")
    info = bind(Label.MESSAGE, SUITE, *context, key_hash(key.public))
    schedule = (
        b"\x00" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    )
    prk = labeled_extract(suite, secret, b"secret", b"")
    aead = ChaCha20Poly1305(labeled_expand(suite, prk, b"key", schedule, 32))
    nonce = labeled_expand(suite, prk, b"base_nonce", schedule, 12)
    assert aead.decrypt(nonce, ciphertext, b"") == b"plaintext"
