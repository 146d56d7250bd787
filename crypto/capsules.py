"""Capsules: keys sealed to one grantee, for one signed statement.

A capsule may hold section secrets, item keys, and for a full holder the dossier's own keys. A key in it counts only if
its public half or commitment stands in a signed statement, which the opener names beforehand.
Page: docs/spec/capsules.md. Vectors: tests/vectors/capsule.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from crypto.dossierkeys import inbox_key
from crypto.encoding import HASH_SIZE, ID_SIZE, bind, parse_u64, sha256, u64, unbind
from crypto.errors import LimitError, MalformedError, PinError, TamperedError
from crypto.headers import Header, item_commitment
from crypto.keys import SEED_SIZE, SealingKey, SigningKey, key_hash
from crypto.labels import SUITE, Label
from crypto.seal import open_sealed, seal
from crypto.sections import SectionPlace, section_sealing_key

MAX_KEYS = 4_096
_FIELD_COUNT = {"section": 4, "item": 3, "dossier-key": 2, "dossier-root": 2, "stream": 2}


@dataclass(frozen=True, order=True)
class KeyId:
    """Which key: its kind and the fields that tell it from every other of its kind; not secret."""

    kind: str
    fields: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if _FIELD_COUNT.get(self.kind) != len(self.fields):
            raise MalformedError("unknown kind of key or wrong count of fields")
        if self.kind == "section":
            _place(self)
        else:
            _check_fields(self)

    @classmethod
    def section(cls, place: SectionPlace) -> Self:
        """Name the secret of a section, lane and epoch."""
        return cls("section", place.context)

    @classmethod
    def item(cls, header: Header) -> Self:
        """Name the item key of one version."""
        return cls("item", (header.core.item, u64(header.core.version), header.core_hash))

    @classmethod
    def dossier_key(cls, dossier: bytes, sequence: int) -> Self:
        """Name the seed of the dossier key of one epoch."""
        return cls("dossier-key", (dossier, u64(sequence)))

    @classmethod
    def dossier_root(cls, dossier: bytes, sequence: int) -> Self:
        """Name the dossier root of one epoch."""
        return cls("dossier-root", (dossier, u64(sequence)))

    @classmethod
    def stream(cls, stream: bytes, epoch: int) -> Self:
        """Name the key K of one epoch of a stream."""
        return cls("stream", (stream, u64(epoch)))

    def encode(self) -> bytes:
        """Return the exact bytes of this key id."""
        return bind(Label.CAPSULE_KEY, self.kind.encode(), *self.fields)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Parse what `encode` made; raise MalformedError."""
        pieces = unbind(Label.CAPSULE_KEY, data)
        if not pieces:
            raise MalformedError("key id has no kind")
        try:
            return cls(pieces[0].decode("ascii"), pieces[1:])
        except UnicodeDecodeError as error:
            raise MalformedError("unknown kind of key") from error


def commitment(key_id: KeyId, secret: bytes) -> bytes:
    """Return the 32 public bytes that a signed statement must hold for this key to count.

    A section or dossier key and a root: SHA-256 of the public key (for the root, of the inbox key); an item key: the
    header's commitment; a stream key: its SHA-256.
    """
    match key_id.kind:
        case "section":
            return key_hash(section_sealing_key(secret, _place(key_id)).public)
        case "item":
            return item_commitment(secret, key_id.fields[2])
        case "dossier-key":
            return key_hash(SigningKey.from_seed(secret).public)
        case "dossier-root":
            dossier, sequence = key_id.fields
            return key_hash(inbox_key(secret, dossier, parse_u64(sequence)).public)
        case _:
            return sha256(secret)


@dataclass(frozen=True)
class Capsule:
    """A capsule as it travels and is stored: for which statement, to whom, which keys, and the sealed keys."""

    statement_hash: bytes
    grantee: bytes
    key_ids: tuple[KeyId, ...]
    sealed: bytes

    def encode(self) -> bytes:
        """Return the exact bytes of the capsule; statements refer to them by SHA-256."""
        ids = bind(Label.CAPSULE_KEYS, *(key_id.encode() for key_id in self.key_ids))
        return bind(Label.CAPSULE, SUITE, self.statement_hash, self.grantee, ids, self.sealed)


def parse_capsule(data: bytes) -> Capsule:
    """Parse the bytes of a capsule; raise MalformedError, or LimitError for more keys than one may hold."""
    pieces = unbind(Label.CAPSULE, data)
    if pieces[:1] != (SUITE,):
        raise MalformedError("unknown suite")
    if len(pieces) != len((SUITE, "statement", "grantee", "ids", "sealed")):
        raise MalformedError("wrong count of capsule fields")
    key_ids = tuple(KeyId.parse(piece) for piece in unbind(Label.CAPSULE_KEYS, pieces[3]))
    _check_shape(pieces[1], pieces[2], key_ids)
    return Capsule(pieces[1], pieces[2], key_ids, pieces[4])


def seal_capsule(statement_hash: bytes, grantee: bytes, public_key: bytes, keys: Mapping[KeyId, bytes]) -> Capsule:
    """Seal keys of 32 bytes to a grantee (16-byte id) under the statement that grants them.

    `public_key` must come from a chain that `crypto.chains` has checked, never from a bare response (R2).
    """
    key_ids = tuple(sorted(keys))
    _check_shape(statement_hash, grantee, key_ids)
    if any(len(secret) != SEED_SIZE for secret in keys.values()):
        raise MalformedError("a key in a capsule is 32 bytes")
    plaintext = b"".join(keys[key_id] for key_id in key_ids)
    return Capsule(
        statement_hash,
        grantee,
        key_ids,
        seal(Label.CAPSULE, _context(statement_hash, grantee, key_ids), public_key, plaintext),
    )


def open_capsule(capsule: Capsule, key: SealingKey, expected: Mapping[KeyId, bytes]) -> dict[KeyId, bytes]:
    """Open a capsule and return its keys.

    `expected` holds the commitment of each key, taken from signed statements that the caller has verified. Raise
    TamperedError if it does not open, PinError if it holds a key that is not expected or not the one committed to.
    """
    keys = _open(capsule, key)
    for key_id, secret in keys.items():
        if not hmac.compare_digest(expected.get(key_id, b""), commitment(key_id, secret)):
            raise PinError("a key in the capsule stands in no signed statement")
    return keys


def pick_key(capsule: Capsule, key: SealingKey, wanted: KeyId, committed: bytes) -> bytes:
    """Open a capsule and return one key of it; the others, whose statements the caller does not hold, are left.

    Raise TamperedError if it does not open, PinError if the key is not there or not the one committed to.
    """
    secret = _open(capsule, key).get(wanted, b"")
    if not secret or not hmac.compare_digest(committed, commitment(wanted, secret)):
        raise PinError("the capsule does not hold the key that was committed to")
    return secret


def _open(capsule: Capsule, key: SealingKey) -> dict[KeyId, bytes]:
    context = _context(capsule.statement_hash, capsule.grantee, capsule.key_ids)
    plaintext = open_sealed(Label.CAPSULE, context, key, capsule.sealed)
    if len(plaintext) != SEED_SIZE * len(capsule.key_ids):
        raise TamperedError
    return {key_id: plaintext[SEED_SIZE * at : SEED_SIZE * (at + 1)] for at, key_id in enumerate(capsule.key_ids)}


def _context(statement_hash: bytes, grantee: bytes, key_ids: tuple[KeyId, ...]) -> tuple[bytes, ...]:
    ids = sha256(bind(Label.CAPSULE_KEYS, *(key_id.encode() for key_id in key_ids)))
    return (statement_hash, grantee, ids)


def _check_shape(statement_hash: bytes, grantee: bytes, key_ids: tuple[KeyId, ...]) -> None:
    if len(statement_hash) != HASH_SIZE or len(grantee) != ID_SIZE:
        raise MalformedError("capsule names no statement or grantee")
    if len(key_ids) > MAX_KEYS:
        raise LimitError("capsule holds too many keys")
    if not key_ids or list(key_ids) != sorted(set(key_ids)):
        raise MalformedError("keys of a capsule are not in order")


def _place(key_id: KeyId) -> SectionPlace:
    dossier, section, lane, epoch = key_id.fields
    try:
        return SectionPlace(dossier, section.decode("ascii"), lane.decode("ascii"), parse_u64(epoch))
    except UnicodeDecodeError as error:
        raise MalformedError("not a section place") from error


def _check_fields(key_id: KeyId) -> None:
    parse_u64(key_id.fields[1])
    if len(key_id.fields[0]) != ID_SIZE or any(len(field) != HASH_SIZE for field in key_id.fields[2:]):
        raise MalformedError("wrong size of a key id field")
