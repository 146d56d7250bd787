"""Sealing to a public key, wrapping under a symmetric key, and deriving keys: the three uses of a binding.

Each takes a label and the fields of its context; what was made for one place opens in no other.
Page: docs/spec/keys.md. Vectors: tests/vectors/seal, tests/vectors/wrap.
"""

from __future__ import annotations

import secrets

import nacl.bindings
import nacl.exceptions
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.encoding import bind
from crypto.errors import MalformedError, TamperedError
from crypto.keys import SealingKey, key_hash, parse_sealing_key
from crypto.labels import SUITE, Label

KEY_SIZE = 32
NONCE_SIZE = 24
TAG_SIZE = 16
SEAL_OVERHEAD = 1_120 + TAG_SIZE
"""Bytes that a seal adds: the X-Wing encapsulation and the tag."""

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

Context = tuple[bytes, ...]


def seal(label: Label, context: Context, public_key: bytes, plaintext: bytes) -> bytes:
    """Seal to an X-Wing public key: HPKE base mode (RFC 9180), encapsulation then ciphertext, empty AAD.

    Raise MalformedError for a public key that cannot be sealed to.
    """
    recipient = parse_sealing_key(public_key)
    try:
        return _HPKE.encrypt(plaintext, recipient, info=_info(label, context, public_key))
    except ValueError as error:
        raise MalformedError("a sealing key of small order") from error


def open_sealed(label: Label, context: Context, key: SealingKey, sealed: bytes) -> bytes:
    """Open what was sealed to `key` for exactly this label and context; raise TamperedError."""
    try:
        return _HPKE.decrypt(sealed, key.hpke, info=_info(label, context, key.public))
    except (InvalidTag, ValueError) as error:
        raise TamperedError from error


def wrap(label: Label, context: Context, key: bytes, plaintext: bytes) -> bytes:
    """Encrypt under a 32-byte key: XChaCha20-Poly1305, the 24-byte nonce in front.

    The nonce is random; 192 bits never repeat by chance, however many wraps one key makes.
    """
    return _wrap_with(secrets.token_bytes(NONCE_SIZE), label, context, key, plaintext)


def unwrap(label: Label, context: Context, key: bytes, wrapped: bytes) -> bytes:
    """Open what `wrap` made under this key for exactly this label and context; raise TamperedError."""
    if len(wrapped) < NONCE_SIZE + TAG_SIZE:
        raise TamperedError
    nonce, sealed = wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:]
    try:
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, bind(label, SUITE, *context), nonce, _key(key)
        )
    except nacl.exceptions.CryptoError as error:
        raise TamperedError from error


def hkdf(ikm: bytes, label: Label, *context: bytes, size: int = KEY_SIZE) -> bytes:
    """Derive `size` bytes from uniformly random key material: HKDF-SHA256 (RFC 5869), no salt, info = the binding."""
    return HKDF(algorithm=SHA256(), length=size, salt=None, info=bind(label, *context)).derive(ikm)


def _info(label: Label, context: Context, public_key: bytes) -> bytes:
    """Bind the recipient too: nobody can pass a sealed object on as if it had been sealed to another."""
    return bind(label, SUITE, *context, key_hash(public_key))


def _wrap_with(nonce: bytes, label: Label, context: Context, key: bytes, plaintext: bytes) -> bytes:
    """Wrap with a chosen nonce: for `wrap` and for the maker of vectors alone."""
    ad = bind(label, SUITE, *context)
    return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, ad, nonce, _key(key))


def _key(key: bytes) -> bytes:
    if len(key) != KEY_SIZE:
        raise MalformedError("a symmetric key is 32 bytes")
    return key
