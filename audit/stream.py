"""The public leaf of an event: 97 opaque bytes that tell nobody whose event it is, nor that two belong together.

    leaf   = 0x01 || tag || link || commit
    tag    = HMAC-SHA256(K, "dossier-tag/v1" 00 || u64be(seq))
    link   = HMAC-SHA256(K, "dossier-link/v1" 00 || u64be(seq) || leaf hash of the previous leaf, or 32 zero bytes)
    commit = SHA-256("event-payload/v1" 00 || u16be(n) || d_0..d_n-1)
    d_i    = SHA-256("field/v1" 00 || salt_i || u16be(length of name) || name || value)
    salt_i = HKDF-SHA256(seed, no salt, info "field" || u16be(i), 32 bytes)

K is the 32-byte key of the stream's epoch, seed is 32 random bytes per event: without them the leaf is noise.
Page: docs/spec/event.md. Vectors: tests/vectors/leaf.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.errors import LogFormatError
from audit.event import MAX_FIELDS, SCHEMAS, Event

try:
    # Python's own SHA-256, where it is built: copying its state costs a third of what copying OpenSSL's does.
    from _sha256 import sha256 as _sha256  # type: ignore[import-not-found]  # a module of the interpreter without types
except ImportError:
    _sha256 = hashlib.sha256

KEY_SIZE: Final = 32
SEED_SIZE: Final = 32
LEAF_SIZE: Final = 97
EVENT_LEAF: Final = 0x01
CONTROL_LEAF: Final = 0x02
NO_PREVIOUS: Final = bytes(32)
"""Stands in the link of a stream's first event."""

_TAG: Final = b"dossier-tag/v1\0"
_LINK: Final = b"dossier-link/v1\0"
_COMMIT: Final = b"event-payload/v1\0"
_FIELD: Final = b"field/v1\0"
# HKDF-Expand of one block is HMAC(prk, info || 0x01): all infos are known beforehand.
_INFOS: Final = tuple(b"field" + at.to_bytes(2, "big") + b"\x01" for at in range(MAX_FIELDS))
_NO_SALT: Final = bytes(32)
_INNER: Final = bytes(at ^ 0x36 for at in range(256))
_OUTER: Final = bytes(at ^ 0x5C for at in range(256))


def _keyed(key: bytes) -> tuple[Any, Any]:
    """HMAC-SHA256 (RFC 2104) of many messages under one key of at most 64 bytes: both padded key blocks, hashed once."""
    block = key.ljust(64, b"\0")
    return _sha256(block.translate(_INNER)), _sha256(block.translate(_OUTER))


def _mac(keyed: tuple[Any, Any], message: bytes) -> bytes:
    inner, outer = keyed[0].copy(), keyed[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    mac: bytes = outer.digest()
    return mac


_EXTRACT: Final = _keyed(_NO_SALT)


def _prefix(name: bytes) -> bytes:
    return len(name).to_bytes(2, "big") + name


_PREFIXES: Final = {
    schema.id: tuple(_prefix(field.name.encode()) for field in schema.fields) for schema in SCHEMAS.values()
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """The three 32-byte parts of an event's leaf."""

    tag: bytes
    link: bytes
    commit: bytes


def parse_leaf(data: bytes) -> Leaf:
    """Split the 97 bytes of an event's leaf; raise LogFormatError for another length or first byte."""
    if len(data) != LEAF_SIZE or data[0] != EVENT_LEAF:
        raise LogFormatError("not the leaf of an event")
    return Leaf(data[1:33], data[33:65], data[65:])


def event_tag(key: bytes, seq: int) -> bytes:
    """Return the 32-byte tag of event `seq` (from 1): the one value whose absence proves that there is no such event."""
    return hmac.digest(_exact(key), _TAG + seq.to_bytes(8, "big"), "sha256")


def event_link(key: bytes, seq: int, previous: bytes) -> bytes:
    """Return the 32-byte link of event `seq` to the leaf hash of the event before it."""
    if len(previous) != len(NO_PREVIOUS):
        raise LogFormatError("a leaf hash is 32 bytes")
    return hmac.digest(_exact(key), _LINK + seq.to_bytes(8, "big") + previous, "sha256")


def field_salts(seed: bytes, count: int) -> tuple[bytes, ...]:
    """Return the salts of fields 0..count-1; one extract per event, one expand per field."""
    if not 0 < count <= MAX_FIELDS:
        raise LogFormatError("an event has 1 to 24 fields")
    return _expand(_mac(_EXTRACT, _exact(seed)), count)


def _expand(pseudorandom: bytes, count: int) -> tuple[bytes, ...]:
    """As `_mac` of each info, written out: this runs for every field of every event."""
    inner, outer = _keyed(pseudorandom)
    salts = []
    for info in _INFOS[:count]:
        message, digest = inner.copy(), outer.copy()
        message.update(info)
        digest.update(message.digest())
        salts.append(digest.digest())
    return tuple(salts)


def field_digest(salt: bytes, name: bytes, value: bytes) -> bytes:
    """Return the salted digest of one field."""
    return hashlib.sha256(_FIELD + salt + _prefix(name) + value).digest()


def field_digests(seed: bytes, fields: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    """Return the digests of (name, value) pairs in order."""
    salts = field_salts(seed, len(fields))
    return tuple(field_digest(salt, name, value) for salt, (name, value) in zip(salts, fields, strict=True))


def event_digests(seed: bytes, event: Event) -> tuple[bytes, ...]:
    """Return the digests of all fields of an event: as `field_digests`, with names encoded once per schema."""
    return digest_fields(field_salts(seed, len(event.values)), event)


def digest_fields(salts: Sequence[bytes], event: Event) -> tuple[bytes, ...]:
    """Return the digests of all fields of an event under salts that are at hand."""
    rows = zip(salts, _PREFIXES[event.schema.id], event.values, strict=True)
    return tuple([_sha256(_FIELD + salt + prefix + value).digest() for salt, prefix, value in rows])


def commitment(digests: Iterable[bytes]) -> bytes:
    """Return the commitment to a list of field digests."""
    joined = b"".join(digests)
    return hashlib.sha256(_COMMIT + (len(joined) // 32).to_bytes(2, "big") + joined).digest()


def make_leaf(key: bytes, seq: int, previous: bytes, commit: bytes) -> bytes:
    """Return the 97 bytes of event `seq`, given the leaf hash of the event before it and the commitment."""
    if len(previous) != len(NO_PREVIOUS):
        raise LogFormatError("a leaf hash is 32 bytes")
    # `event_tag` and `event_link` under one preparation of the key.
    keyed, place = _keyed(_exact(key)), seq.to_bytes(8, "big")
    return b"\x01" + _mac(keyed, _TAG + place) + _mac(keyed, _LINK + place + previous) + commit


def event_leaf(key: bytes, seq: int, previous: bytes, seed: bytes, event: Event) -> bytes:
    """Return the 97 bytes of an event; `previous` is the leaf hash of event seq - 1, or NO_PREVIOUS for seq 1."""
    return make_leaf(key, seq, previous, commitment(event_digests(seed, event)))


def _exact(secret: bytes) -> bytes:
    # HMAC pads short keys with zeros: fixing the length leaves one key per digest.
    if len(secret) != KEY_SIZE:
        raise LogFormatError("a stream key or seed is 32 bytes")
    return secret
