"""Unlocking: from what a person holds to the user root, and from the root to the identity.

Each method's secret opens only that method's own key pair, and the root is sealed to that pair: so the root can be
renewed without every method at hand. The methods stand in a signed list; nothing is sealed to one outside it (R12).
After each unwrapping the public key is computed again and compared (R1).
Page: docs/spec/unlock.md. Vectors: tests/vectors/unlock.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from nacl.pwhash import argon2id

from crypto.encoding import ID_SIZE, decode_base64, decode_hex, encode_base64, encode_hex, new_id, u64
from crypto.errors import LimitError, MalformedError, TamperedError
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.labels import Label
from crypto.passphrase import parse_passphrase
from crypto.recoverycode import parse_recovery_code
from crypto.seal import KEY_SIZE, Context, hkdf, open_sealed, seal, unwrap, wrap
from crypto.statements import Statement

MEMORY_KIB = (65_536, 1_048_576)
PASSES = (3, 10)
SALT_SIZE = 16
MIN_METHODS = 2
LIST_KIND = "unlock-methods"


@dataclass(frozen=True)
class Method:
    """One way to unlock, as the signed list has it.

    `memory_kib`, `passes` and `salt` are Argon2id's for a passphrase (floor and ceiling: MEMORY_KIB, PASSES), else 0, 0
    and empty; a passkey keeps its own input for the pseudo-random function in `salt`.
    """

    method: bytes
    type: str
    public_key: bytes
    memory_kib: int = 0
    passes: int = 0
    salt: bytes = b""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Self:
        """Read an entry of a list whose statement was parsed."""
        return cls(
            decode_hex(entry["method"], ID_SIZE),
            entry["type"],
            decode_base64(entry["publicKey"]),
            entry["memoryKib"],
            entry["passes"],
            decode_base64(entry["salt"]),
        )

    def entry(self) -> dict[str, Any]:
        """Return the entry for the `methods` of the signed list."""
        return {
            "method": encode_hex(self.method),
            "type": self.type,
            "publicKey": encode_base64(self.public_key),
            "memoryKib": self.memory_kib,
            "passes": self.passes,
            "salt": encode_base64(self.salt),
        }


@dataclass(frozen=True)
class Identity:
    """The two pairs of one person in one capacity (citizen, or one organisation)."""

    signing: SigningKey
    sealing: SealingKey


def new_method(person: bytes, method_type: str, typed: str) -> tuple[Method, bytes]:
    """Make a method for a generated secret as the person types it; return it with its wrapped seed.

    Raise ChecksumError if the secret is mistyped, MalformedError for a type whose secret is not typed.
    """
    pair = SealingKey.generate()
    method = Method(new_id(), method_type, pair.public)
    if method_type == "passphrase":
        salt = secrets.token_bytes(SALT_SIZE)
        method = Method(method.method, method_type, pair.public, MEMORY_KIB[0], PASSES[0], salt)
    key = unlock_key(person, method, typed)
    return method, wrap(Label.METHOD_SEED, _method_context(person, method), key, pair.seed)


def open_method(person: bytes, method: Method, typed: str, wrapped_seed: bytes) -> SealingKey:
    """Open a method's pair with what the person typed.

    Raise ChecksumError for a mistype and LimitError for parameters out of bounds, both before deriving anything;
    TamperedError if the secret is another method's or the server changed something.
    """
    key = unlock_key(person, method, typed)
    pair = SealingKey.from_seed(unwrap(Label.METHOD_SEED, _method_context(person, method), key, wrapped_seed))
    if pair.public != method.public_key:
        raise TamperedError
    return pair


def unlock_key(person: bytes, method: Method, typed: str) -> bytes:
    """Derive the 32-byte unlock key of a method from the typed secret."""
    if method.type not in _SECRETS:
        raise MalformedError("secret of this method is not typed")
    label, read = _SECRETS[method.type]
    return hkdf(read(method, typed), label, person, method.method)


def list_methods(statement: Statement, person: bytes) -> tuple[Method, ...]:
    """Return the methods of a list that the caller has verified.

    Raise MalformedError if it is another's, has fewer than two methods or names one twice.
    """
    if statement.kind != LIST_KIND or statement.payload["person"] != encode_hex(person):
        raise MalformedError("not the unlock methods of this person")
    methods = tuple(Method.parse(entry) for entry in statement.payload["methods"])
    if len({method.method for method in methods}) != len(methods) or len(methods) < MIN_METHODS:
        raise MalformedError("fewer than two methods, or one named twice")
    return methods


def seal_root(statement: Statement, person: bytes, root: bytes) -> dict[bytes, bytes]:
    """Seal the user root to each method of a verified list, and to nothing else; return it by method id."""
    return {
        method.method: seal(Label.ROOT, (person, method.method, statement.hash), method.public_key, root)
        for method in list_methods(statement, person)
    }


def open_root(statement: Statement, person: bytes, method: Method, pair: SealingKey, sealed: bytes) -> bytes:
    """Open the user root with a method's pair; raise TamperedError.

    The list can be verified only with the identity that the root opens: do so before using anything else of it.
    """
    return open_sealed(Label.ROOT, (person, method.method, statement.hash), pair, sealed)


def wrap_identity(root: bytes, identity: Identity, person: bytes, organisation: bytes, sequence: int) -> bytes:
    """Wrap the identity of one capacity under the root; `organisation` is empty for a citizen.

    `sequence` is the place in the key chain of the statement that names the two public keys; both are bound.
    """
    context = _identity_context(person, organisation, sequence, identity.signing.public, identity.sealing.public)
    return wrap(Label.IDENTITY, context, root, identity.signing.seed + identity.sealing.seed)


def unwrap_identity(root: bytes, wrapped: bytes, chain_head: Statement) -> Identity:
    """Unwrap an identity and compare both public keys with the `key-chain` statement that names them.

    Raise TamperedError, or MalformedError for a statement of another kind. The caller checks the chain itself
    (crypto.chains).
    """
    if chain_head.kind != "key-chain":
        raise MalformedError("not a statement of a key chain")
    entry = chain_head.payload
    signing, sealing = decode_base64(entry["signingKey"]), decode_base64(entry["sealingKey"])
    person, organisation = bytes.fromhex(entry["person"]), bytes.fromhex(entry["organisation"])
    context = _identity_context(person, organisation, entry["sequence"], signing, sealing)
    seeds = unwrap(Label.IDENTITY, context, root, wrapped)
    identity = Identity(SigningKey.from_seed(seeds[:KEY_SIZE]), SealingKey.from_seed(seeds[KEY_SIZE:]))
    found = identity.signing.public + identity.sealing.public
    if not hmac.compare_digest(found, signing + sealing):
        raise TamperedError
    return identity


def stretch(method: Method, secret: bytes) -> bytes:
    """Run Argon2id with a method's parameters; raise LimitError before deriving if they are out of bounds (R10)."""
    if not (MEMORY_KIB[0] <= method.memory_kib <= MEMORY_KIB[1] and PASSES[0] <= method.passes <= PASSES[1]):
        raise LimitError("key derivation parameters out of bounds")
    if len(method.salt) != SALT_SIZE:
        raise LimitError("key derivation salt is not 16 bytes")
    return argon2id.kdf(KEY_SIZE, secret, method.salt, opslimit=method.passes, memlimit=method.memory_kib * 1024)


def _method_context(person: bytes, method: Method) -> Context:
    """Bind every parameter: a server that lowers one gives a method that does not open."""
    numbers = (u64(method.memory_kib), u64(method.passes), method.salt)
    return (person, method.method, method.type.encode(), *numbers, key_hash(method.public_key))


def _identity_context(person: bytes, organisation: bytes, sequence: int, signing: bytes, sealing: bytes) -> Context:
    return (person, organisation, u64(sequence), key_hash(signing), key_hash(sealing))


def _from_passphrase(method: Method, typed: str) -> bytes:
    return stretch(method, parse_passphrase(typed))


def _from_recovery_code(method: Method, typed: str) -> bytes:
    if (method.memory_kib, method.passes, method.salt) != (0, 0, b""):
        raise LimitError("key derivation parameters where none belong")
    return parse_recovery_code(typed)


_SECRETS: dict[str, tuple[Label, Callable[[Method, str], bytes]]] = {
    "passphrase": (Label.UNLOCK_PASSPHRASE, _from_passphrase),
    "recovery-code": (Label.UNLOCK_RECOVERY, _from_recovery_code),
}
"""Methods whose secret is typed. The third type, passkey-prf, takes its secret from the browser's authenticator."""
