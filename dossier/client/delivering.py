"""Sealing a record for delivery: to a section key that was just verified, from a file of any size, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto.chains import DossierChain, SectionKey, verify_dossier_chain
from crypto.core import Core
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id
from crypto.errors import PinError
from crypto.items import ItemSealer
from crypto.keys import SigningKey, key_hash
from crypto.register import check_address
from crypto.statements import Statement, parse_statement
from crypto.stream import CHUNK_SIZE, sealed_size
from dossier.client.hashing import SideHash

INLINE_LIMIT = sealed_size(65_536)
"""Ciphertext bytes up to which a part travels in the request itself."""

_PIECE = CHUNK_SIZE
"""What is read at once: a chunk, so that nothing is cut or joined on the way, and stays in the processor's cache."""


@dataclass(frozen=True)
class Sender:
    """Who seals: a system or a person, with the key that signs its headers."""

    id: bytes
    kind: str
    signing: SigningKey = field(repr=False)


@dataclass(frozen=True)
class VerifiedAddress:
    """A dossier's address whose every signature was checked: the chain to pin, and current section keys."""

    dossier: bytes
    chain: DossierChain
    sections: tuple[SectionKey, ...]

    def section(self, name: str, lane: str) -> SectionKey:
        """The key of one section and lane; raise PinError if the address has none."""
        for key in self.sections:
            if (key.place.section, key.place.lane) == (name, lane):
                return key
        raise PinError("the dossier has no such section")


@dataclass(frozen=True)
class Record:
    """What is to be sealed: codes and dates in the clear, title and part names for the sealed metadata."""

    section: str
    lane: str
    type: str
    label: str
    title: str
    data_from: int = 0
    data_until: int = 0
    view: str = ""


@dataclass(frozen=True)
class Content:
    """One part to be sealed: its name, media type, and where its bytes come from."""

    name: str
    media_type: str
    source: Path | bytes


@dataclass(frozen=True)
class Previous:
    """The version that a correction follows: the item, its newest version and that header's hash."""

    item: bytes
    version: int
    header: bytes


@dataclass(frozen=True)
class SealedRecord:
    """One version ready to be sent. Each part is a file of ciphertext beside the others in a folder of the caller's."""

    item: bytes
    version: int
    header: Statement
    sealed_key: bytes
    sealed_metadata: bytes
    parts: tuple[Path, ...]

    def body(self, uploads: Sequence[str]) -> dict[str, Any]:
        """The request's body; `uploads` names, per part, the upload that brought it, "" for one that fits inside."""
        return {
            "header": encode_base64(self.header.envelope),
            "sealedKey": encode_base64(self.sealed_key),
            "sealedMetadata": encode_base64(self.sealed_metadata),
            "parts": [
                {"upload": upload} if upload else {"content": encode_base64(part.read_bytes())}
                for part, upload in zip(self.parts, uploads, strict=True)
            ],
        }


def open_address(
    answer: dict[str, Any], directory_key: bytes, organisation: bytes, now: int, *, pinned: bytes | None = None
) -> VerifiedAddress:
    """Verify what the service answered to the question for an address; `pinned` is the chain head seen before.

    Raise PinError, SignatureError or MalformedError: then nothing may be sealed (R2).
    """
    address = parse_statement(decode_base64(answer["address"]))
    statements = [parse_statement(decode_base64(text)) for text in answer["statements"]]
    dossier = bytes.fromhex(str(address.payload.get("dossier", "")))
    keys = [one for one in statements if one.kind == "dossier-key"]
    chain = verify_dossier_chain(keys, dossier, pinned=pinned)
    sections = [one for one in statements if one.kind == "section-key"]
    found = check_address(address, directory_key, organisation, chain, sections, now)
    if any(each.dossier_sequence != len(chain.keys) - 1 for each in found):
        # Whoever held the older key in full and lost that could have signed it.
        raise PinError("a section key is signed by an older dossier key")
    return VerifiedAddress(dossier, chain, found)


def seal_record(
    record: Record,
    contents: Sequence[Content],
    section: SectionKey,
    sender: Sender,
    folder: Path,
    now: int,
    previous: Previous | None = None,
) -> SealedRecord:
    """Seal one version into files below `folder`, streaming each part; `now` in UTC seconds."""
    core = _core(record, len(contents), section, sender, now, previous)
    parts = [{"name": one.name, "mediaType": one.media_type} for one in contents]
    sealer = ItemSealer(core, section.public_key, {"title": record.title, "parts": parts, "view": record.view})
    files = []
    for number, content in enumerate(contents):
        path = folder / f"{core.item.hex()}-{number}"
        with path.open("wb") as sink, SideHash() as digest:
            part = sealer.part(number, digest)
            for piece in _pieces(content.source):
                sink.write(part.update(piece))
            sink.write(part.finish())
        files.append(path)
    header = sealer.finish(sender.signing)
    return SealedRecord(core.item, core.version, header, sealer.sealed_key, sealer.sealed_metadata, tuple(files))


def _core(record: Record, parts: int, section: SectionKey, sender: Sender, now: int, previous: Previous | None) -> Core:
    place = section.place
    return Core(
        dossier=place.dossier,
        item=previous.item if previous else new_id(place.dossier[:BUCKET_SIZE]),
        version=previous.version + 1 if previous else 1,
        previous=previous.header if previous else b"",
        section=place.section,
        lane=place.lane,
        epoch=place.epoch,
        section_key_hash=key_hash(section.public_key),
        author=sender.id,
        author_key_id=key_hash(sender.signing.public),
        author_kind=sender.kind,
        type=record.type,
        label=record.label,
        issued=now,
        data_from=record.data_from,
        data_until=record.data_until,
        part_count=parts,
    )


def _pieces(source: Path | bytes) -> Iterable[bytes]:
    if isinstance(source, bytes):
        for at in range(0, len(source), _PIECE):
            yield source[at : at + _PIECE]
        return
    with source.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
