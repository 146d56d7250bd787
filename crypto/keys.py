"""Key pairs: Ed25519 to sign statements, X-Wing (ML-KEM-768 with X25519) to seal to.

A pair is its 32-byte seed. Secret halves never print, compare in constant time, and are neither hashed nor pickled.
Page: docs/spec/keys.md.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn, Self

import nacl.bindings
import nacl.exceptions
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from crypto.encoding import sha256
from crypto.errors import MalformedError, SignatureError

SEED_SIZE = 32
SIGNING_KEY_SIZE = 32
SIGNATURE_SIZE = 64
SEALING_KEY_SIZE = 1_216
_MLKEM_SIZE = 1_184


def key_hash(public_key: bytes) -> bytes:
    """Name a public key: SHA-256 of its bytes."""
    return sha256(public_key)


class _Secret:
    """A pair that is its seed: it never prints and never leaves the process by accident."""

    __slots__ = ("_seed",)
    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise MalformedError("a seed is 32 bytes")
        self._seed = bytes(seed)

    @classmethod
    def generate(cls) -> Self:
        """Make a new random pair."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Rebuild the pair of a 32-byte seed."""
        return cls(seed)

    @property
    def seed(self) -> bytes:
        """The 32 bytes to wrap; they never stand anywhere in the clear."""
        return self._seed

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and hmac.compare_digest(self._seed, other._seed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret key is not pickled")


class SigningKey(_Secret):
    """An Ed25519 pair (RFC 8032)."""

    __slots__ = ("_expanded", "public")

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self.public, self._expanded = nacl.bindings.crypto_sign_seed_keypair(self._seed)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message; callers sign statements and notes, never bare bytes of others."""
        return nacl.bindings.crypto_sign(message, self._expanded)[:SIGNATURE_SIZE]


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Verify a signature as libsodium does, in Python and in the browser alike; raise SignatureError.

    libsodium also refuses S at or above the group order, small-order keys and points, and non-canonical keys.
    """
    if len(public) != SIGNING_KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        raise SignatureError("signature or key of the wrong length")
    try:
        nacl.bindings.crypto_sign_open(signature + message, public)
    except nacl.exceptions.BadSignatureError as error:
        raise SignatureError("signature does not verify") from error


class SealingKey(_Secret):
    """An X-Wing pair (draft-connolly-cfrg-xwing-kem): SHAKE256 of the seed gives both halves."""

    __slots__ = ("hpke", "public")

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        expanded = hashlib.shake_256(self._seed).digest(96)
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self.hpke = MLKEM768X25519PrivateKey(lattice, curve)
        self.public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def parse_sealing_key(public: bytes) -> MLKEM768X25519PublicKey:
    """Parse a 1,216-byte public key for sealing; raise MalformedError, also for a coefficient out of range."""
    if len(public) != SEALING_KEY_SIZE:
        raise MalformedError("a sealing key is 1,216 bytes")
    try:
        lattice = mlkem.MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_SIZE])
    except ValueError as error:
        raise MalformedError("not a sealing key") from error
    return MLKEM768X25519PublicKey(lattice, x25519.X25519PublicKey.from_public_bytes(public[_MLKEM_SIZE:]))
