"""The signed header of an item version: parsing it, and checking that it is what the reader expects.

Page: docs/spec/items.md. Vectors: tests/vectors/item-header.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from crypto.core import Core, core_hash, parse_core
from crypto.encoding import HASH_SIZE, decode_base64, decode_hex, encode_hex, sha256, u64
from crypto.errors import MalformedError, PinError, TamperedError
from crypto.labels import Label
from crypto.seal import hkdf
from crypto.statements import Statement, verify
from crypto.stream import chunk_count

KIND = "item-header"


@dataclass(frozen=True)
class PartInfo:
    """What the header says of a part: plaintext length, count of chunks, SHA-256 of the stream."""

    length: int
    chunks: int
    hash: bytes


@dataclass(frozen=True)
class Header:
    """A header whose fields agree with each other; `hash` is its statement hash."""

    statement: Statement
    core: Core
    core_hash: bytes
    commitment: bytes
    sealed_key_hash: bytes
    metadata_hash: bytes
    parts: tuple[PartInfo, ...]

    @property
    def hash(self) -> bytes:
        """The statement hash, by which versions, wraps and events refer to this header."""
        return self.statement.hash


def parse_header(statement: Statement) -> Header:
    """Read a header out of its statement, NOT verified; raise MalformedError if its fields contradict each other."""
    if statement.kind != KIND:
        raise MalformedError("not an item header")
    payload = statement.payload
    core_bytes = decode_base64(payload["core"])
    core, parts = parse_core(core_bytes), tuple(_part(part) for part in payload["parts"])
    if payload["signer"] != encode_hex(core.author) or payload["keyHash"] != encode_hex(core.author_key_id):
        raise MalformedError("header is signed by another than its author")
    if len(parts) != core.part_count:
        raise MalformedError("header lists another count of parts")
    commitment, sealed_key, metadata = (
        decode_hex(payload[name], HASH_SIZE) for name in ("commitment", "sealedKeyHash", "metadataHash")
    )
    return Header(statement, core, core_hash(core_bytes), commitment, sealed_key, metadata, parts)


def check_header(
    statement: Statement,
    public_key: bytes,
    *,
    dossier: bytes,
    section_key_hash: bytes | None = None,
) -> Header:
    """Verify a header against the author's key and the place it is read in; return it.

    Raise SignatureError for the signature, MalformedError for its fields, PinError if it names another dossier or was
    sealed to another section key than the one given.
    """
    verify(statement, public_key)
    header = parse_header(statement)
    if header.core.dossier != dossier:
        raise PinError("header belongs to another dossier")
    if section_key_hash is not None and header.core.section_key_hash != section_key_hash:
        raise PinError("header names another section key")
    return header


def item_commitment(item_key: bytes, core: bytes) -> bytes:
    """Derive the commitment to an item key under a core hash: one key per header, whatever the cipher allows (R16)."""
    return hkdf(item_key, Label.ITEM_COMMITMENT, core)


def check_item_key(header: Header, item_key: bytes) -> None:
    """Raise TamperedError unless this is the item key that the header commits to."""
    if not hmac.compare_digest(item_commitment(item_key, header.core_hash), header.commitment):
        raise TamperedError


def check_hash(data: bytes, wanted: bytes) -> None:
    """Raise TamperedError unless the SHA-256 of `data` is the one that the header names."""
    if sha256(data) != wanted:
        raise TamperedError


def content_key(item_key: bytes, core: bytes, index: int) -> bytes:
    """Derive the key of one part; each part of each version has its own, used for one stream."""
    return hkdf(item_key, Label.ITEM_CONTENT_KEY, core, u64(index))


def metadata_key(item_key: bytes, core: bytes) -> bytes:
    """Derive the key of the metadata of one version."""
    return hkdf(item_key, Label.ITEM_METADATA_KEY, core)


def _part(part: dict[str, Any]) -> PartInfo:
    if part["chunks"] != chunk_count(part["length"]):
        raise MalformedError("header part has a wrong count of chunks")
    return PartInfo(part["length"], part["chunks"], decode_hex(part["hash"], HASH_SIZE))
