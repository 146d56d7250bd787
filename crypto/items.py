"""Sealing an item version to a section key, and opening it with the item key.

Every version has a new random item key; metadata key, content keys and commitment derive from it and the core hash.
Large parts stream: `PartSealer` and `PartOpener` hold one chunk. Page: docs/spec/items.md.
Vectors: tests/vectors/item-key, tests/vectors/metadata, tests/vectors/item-header.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crypto.canonical import decode_json, encode_json
from crypto.core import Core, core_hash
from crypto.encoding import bind, encode_base64, encode_hex, sha256, u64
from crypto.errors import MalformedError, TamperedError
from crypto.headers import (
    KIND,
    Header,
    PartInfo,
    check_hash,
    check_item_key,
    content_key,
    item_commitment,
    metadata_key,
)
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.kinds import compile_schema
from crypto.labels import SUITE, Label
from crypto.seal import KEY_SIZE, open_sealed, seal, unwrap, wrap
from crypto.statements import Statement, sign
from crypto.stream import StreamOpener, StreamSealer, chunk_count

METADATA_BLOCK = 256
_check_metadata = compile_schema({"title": "text", "parts": [{"name": "text", "mediaType": "text"}], "view": "text"})


@dataclass(frozen=True)
class SealedItem:
    """One version as it travels and is stored: the header, the sealed item key, the metadata, a stream per part."""

    header: Statement
    sealed_key: bytes
    sealed_metadata: bytes
    parts: list[bytes]


class Digest(Protocol):
    """A running SHA-256, as `hashlib` has it; a caller's own may work in another thread."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The hash of all bytes so far."""


class PartSealer:
    """Seals one part chunk by chunk; `info` says what the header must state once `finish` was called."""

    def __init__(self, stream: StreamSealer, digest: Digest) -> None:
        self._stream = stream
        self._digest = digest
        self._length = 0
        self.info: PartInfo | None = None

    def update(self, data: bytes) -> bytes:
        """Take plaintext of any length; return the stream bytes that are ready."""
        self._length += len(data)
        return self._count(self._stream.update(data))

    def finish(self) -> bytes:
        """Return the last bytes of the stream."""
        last = self._count(self._stream.finish())
        self.info = PartInfo(self._length, chunk_count(self._length), self._digest.digest())
        return last

    def _count(self, sealed: bytes) -> bytes:
        self._digest.update(sealed)
        return sealed


class PartOpener:
    """Opens one part chunk by chunk; complete only once `finish` returned. Raises TamperedError."""

    def __init__(self, header: Header, item_key: bytes, index: int, digest: Digest | None = None) -> None:
        if not 0 <= index < len(header.parts):
            raise MalformedError("no such part")
        check_item_key(header, item_key)
        self._info = header.parts[index]
        self._stream = StreamOpener(content_key(item_key, header.core_hash, index), content_ad(header.core_hash, index))
        self._digest = digest or hashlib.sha256()
        self._length = 0

    def update(self, sealed: bytes) -> bytes:
        """Take stream bytes of any length; return the plaintext that is verified."""
        self._digest.update(sealed)
        return self._count(self._stream.update(sealed))

    def finish(self) -> bytes:
        """Return the last plaintext, if length and stream are the ones that the header names."""
        last = self._count(self._stream.finish())
        if self._length != self._info.length or self._digest.digest() != self._info.hash:
            raise TamperedError
        return last

    def _count(self, plaintext: bytes) -> bytes:
        self._length += len(plaintext)
        if self._length > self._info.length:
            raise TamperedError
        return plaintext


class ItemSealer:
    """Seals one version: give each part to a `part(index)`, then `finish` signs the header."""

    def __init__(self, core: Core, section_public: bytes, metadata: Mapping[str, Any]) -> None:
        if core.section_key_hash != key_hash(section_public):
            raise MalformedError("core names another section key")
        encoded = core.encode()
        self._core, self._encoded, self._hash = core, encoded, core_hash(encoded)
        # A new key per version: nothing sealed is ever sealed again under the same key (R4).
        self._item_key = secrets.token_bytes(KEY_SIZE)
        self._parts: dict[int, PartSealer] = {}
        self.sealed_key = seal(Label.ITEM_KEY, (self._hash,), section_public, self._item_key)
        self.sealed_metadata = seal_metadata(core, self._hash, self._item_key, metadata)

    def part(self, index: int, digest: Digest | None = None) -> PartSealer:
        """Start part `index`, each once; `digest` is a new SHA-256, one of hashlib if there is none."""
        if index in self._parts or not 0 <= index < self._core.part_count:
            raise MalformedError("no such part, or started twice")
        stream = StreamSealer(content_key(self._item_key, self._hash, index), content_ad(self._hash, index))
        self._parts[index] = PartSealer(stream, digest or hashlib.sha256())
        return self._parts[index]

    def finish(self, signer: SigningKey) -> Statement:
        """Sign the header, once every part is finished."""
        infos = [self._parts[index].info for index in sorted(self._parts)]
        parts = [info for info in infos if info is not None]
        if len(parts) != self._core.part_count:
            raise MalformedError("a part is missing or not finished")
        payload = {
            "core": encode_base64(self._encoded),
            "commitment": encode_hex(item_commitment(self._item_key, self._hash)),
            "sealedKeyHash": encode_hex(sha256(self.sealed_key)),
            "metadataHash": encode_hex(sha256(self.sealed_metadata)),
            "parts": [{"length": p.length, "chunks": p.chunks, "hash": encode_hex(p.hash)} for p in parts],
            "signer": encode_hex(self._core.author),
            "keyHash": encode_hex(self._core.author_key_id),
        }
        return sign(KIND, payload, signer)


def seal_item(
    core: Core, section_public: bytes, metadata: Mapping[str, Any], parts: Iterable[bytes], signer: SigningKey
) -> SealedItem:
    """Seal a whole version in memory.

    Raise MalformedError if core, key, metadata and parts disagree, SignatureError if `signer` is not the author's key.
    """
    sealer = ItemSealer(core, section_public, metadata)
    sealed = []
    for index, content in enumerate(parts):
        part = sealer.part(index)
        sealed.append(part.update(content) + part.finish())
    return SealedItem(sealer.finish(signer), sealer.sealed_key, sealer.sealed_metadata, sealed)


def open_item_key(header: Header, key: SealingKey, sealed_key: bytes) -> bytes:
    """Open the item key with the section's pair and check it against the commitment; raise TamperedError."""
    check_hash(sealed_key, header.sealed_key_hash)
    item_key = open_sealed(Label.ITEM_KEY, (header.core_hash,), key, sealed_key)
    check_item_key(header, item_key)
    return item_key


def open_part(header: Header, item_key: bytes, index: int, sealed: bytes) -> bytes:
    """Open a whole part in memory; raise TamperedError."""
    opener = PartOpener(header, item_key, index)
    return opener.update(sealed) + opener.finish()


def seal_metadata(core: Core, core_digest: bytes, item_key: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Wrap the metadata: title, name and media type of each part, and a view; its length shows only in steps of 256."""
    value = dict(metadata)
    _check_metadata(value)
    if len(value["parts"]) != core.part_count:
        raise MalformedError("metadata lists another count of parts")
    key = metadata_key(item_key, core_digest)
    return wrap(Label.ITEM_METADATA, (core_digest,), key, pad(encode_json(value)))


def open_metadata(header: Header, item_key: bytes, sealed_metadata: bytes) -> dict[str, Any]:
    """Open the metadata; raise TamperedError, or MalformedError if its author sealed something else than metadata."""
    check_hash(sealed_metadata, header.metadata_hash)
    check_item_key(header, item_key)
    key = metadata_key(item_key, header.core_hash)
    value: dict[str, Any] = decode_json(unpad(unwrap(Label.ITEM_METADATA, (header.core_hash,), key, sealed_metadata)))
    _check_metadata(value)
    if len(value["parts"]) != header.core.part_count:
        raise MalformedError("metadata lists another count of parts")
    return value


def content_ad(core_digest: bytes, index: int) -> bytes:
    """Return what every chunk of a part is bound to: the version's core and the part's place in it."""
    return bind(Label.ITEM_CONTENT, SUITE, core_digest, u64(index))


def pad(data: bytes) -> bytes:
    """Pad to the next multiple of 256 bytes: 0x80, then as few zeros as needed (ISO/IEC 7816-4)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % METADATA_BLOCK)


def unpad(padded: bytes) -> bytes:
    """Undo `pad`; raise MalformedError unless padding again gives the same bytes."""
    data = padded.rstrip(b"\x00")[:-1]
    if pad(data) != padded:
        raise MalformedError("wrong padding")
    return data
