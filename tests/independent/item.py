"""Item versions: core, header, keys, metadata, parts, written from docs/spec/items.md, content-stream.md, keys.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nacl import bindings
from nacl.exceptions import CryptoError

from tests.independent.encodings import (
    CODE,
    LABEL,
    SUITE,
    Fault,
    bind,
    decode_json,
    hkdf,
    need,
    open_sealed,
    read_u64,
    sealing_key,
    sha256,
    u64,
    unbase64,
    unbind,
    unwrap,
)
from tests.independent.statement import Statement, fits, parse, verify

CHUNK = 65_536
FIELDS = {
    "dossier": 16, "item": 16, "version": "u64", "previous": 32, "section": "code", "lane": "code", "epoch": "u64",
    "section_key_hash": 32, "author": 16, "author_key_id": 32, "author_kind": "code", "type": "code", "label": "code",
    "issued": "u64", "data_from": "u64", "data_until": "u64", "part_count": "u64",
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """A verified header: its statement, the fields of its core, the core hash."""

    statement: Statement
    core: dict[str, Any]
    core_hash: bytes


def field(name: str, data: bytes) -> Any:
    """Decode one field of a core."""
    form = FIELDS[name]
    if form == "u64":
        return read_u64(data)
    if form == "code":
        need(data.isascii() and CODE.fullmatch(data.decode("ascii", "replace")), "malformed", name)
        return data.decode()
    need(len(data) == form or (name == "previous" and not data), "malformed", name)
    return data.hex()


def parse_core(data: bytes) -> dict[str, Any]:
    """Parse the bytes of a core."""
    fields = unbind(LABEL + "item/core", data)
    need(fields and fields[0] == SUITE, "malformed", "suite")
    need(len(fields) == 18, "malformed", "count of fields")
    core = {name: field(name, value) for name, value in zip(FIELDS, fields[1:], strict=True)}
    need(core["version"] >= 1 and (core["version"] == 1) == (not core["previous"]), "malformed", "version, previous")
    need(core["author_kind"] in ("system", "person") and 1 <= core["part_count"] <= 256, "malformed", "core")
    return core


def parse_header(data: bytes) -> Header:
    """Parse a header and compare it with its core; it is not verified yet."""
    statement = parse(data)
    need(statement.kind == "item-header", "malformed", "another kind")
    value, raw = statement.value, unbase64(statement.value["core"])
    core = parse_core(raw)
    need((value["signer"], value["keyHash"]) == (core["author"], core["author_key_id"]), "malformed", "author")
    need(len(value["parts"]) == core["part_count"], "malformed", "count of parts")
    need(all(p["chunks"] == max(1, -(-p["length"] // CHUNK)) for p in value["parts"]), "malformed", "chunks")
    return Header(statement, core, sha256(raw))


def read_header(data: bytes, key: bytes, dossier: str, section_key_hash: str | None) -> Header:
    """Parse, verify, and compare with where it is read; the section key only at delivery."""
    header = parse_header(data)
    verify(header.statement, key)
    need(header.core["dossier"] == dossier, "pin", "another dossier")
    need(section_key_hash in (None, header.core["section_key_hash"]), "pin", "another section key")
    return header


def check_key(header: Header, item_key: bytes) -> bytes:
    """Return an item key that the header commits to."""
    committed = header.statement.value["commitment"]
    need(len(item_key) == 32, "tampered", "item key")
    need(hkdf(item_key, "item/commitment", header.core_hash).hex() == committed, "tampered", "commitment")
    return item_key


def open_key(header: Header, seed: bytes, sealed: bytes) -> bytes:
    """Open the sealed item key with the pair of the section."""
    need(sha256(sealed).hex() == header.statement.value["sealedKeyHash"], "tampered", "not the seal of the header")
    return check_key(header, open_sealed(LABEL + "item/key", [header.core_hash], seed, sealed))


def place_fields(place: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(place["dossier"]), place["section"].encode(), place["lane"].encode(), u64(place["epoch"])]


def open_adopted(header: Header, list_key: bytes, place: dict[str, Any], wrapped: bytes) -> bytes:
    fields = [header.statement.hash, *place_fields(place)]
    return check_key(header, unwrap(LABEL + "section/item-key", fields, list_key, wrapped))


def open_placed(header: Header, seed: bytes, place: dict[str, Any], sealed: bytes) -> bytes:
    fields = [header.statement.hash, *place_fields(place)]
    return check_key(header, open_sealed(LABEL + "placement/item-key", fields, seed, sealed))


def open_section(root: bytes, place: dict[str, Any], public_key: bytes, wrapped: bytes) -> tuple[bytes, bytes, bytes]:
    """Unwrap a section secret; return it, the seed of its sealing pair, and its list key."""
    where = place_fields(place)
    secret = unwrap(LABEL + "section/secret", [*where, sha256(public_key)], root, wrapped)
    seed = hkdf(secret, "section/kem", *where)
    need(sealing_key(seed) == public_key, "tampered", "not the secret of this public key")
    return secret, seed, hkdf(secret, "section/list", *where)


def open_metadata(header: Header, item_key: bytes, sealed: bytes) -> dict[str, Any]:
    """Open the metadata of a version."""
    check_key(header, item_key)
    need(sha256(sealed).hex() == header.statement.value["metadataHash"], "tampered", "not the metadata of the header")
    key = hkdf(item_key, "item/metadata-key", header.core_hash)
    padded = unwrap(LABEL + "item/metadata", [header.core_hash], key, sealed)
    content = padded.rstrip(b"\x00")
    need(content.endswith(b"\x80"), "malformed", "padding")
    content = content[:-1]
    need(len(padded) == (len(content) // 256 + 1) * 256, "malformed", "padding")
    value = decode_json(content)
    form = {"parts": [{"mediaType": "text", "name": "text"}], "title": "text", "view": "text"}
    need(fits(value, form) and len(value["parts"]) == header.core["part_count"], "malformed", "metadata")
    return dict(value)


def open_part(header: Header, item_key: bytes, index: int, stream: bytes) -> bytes:
    """Open part `index` of a version."""
    parts = header.statement.value["parts"]
    need(0 <= index < len(parts), "malformed", "no such part")
    check_key(header, item_key)
    key = hkdf(item_key, "item/content-key", header.core_hash, u64(index))
    content, whole = open_stream(key, bind(LABEL + "item/content", SUITE, header.core_hash, u64(index)), stream)
    right = len(content) == parts[index]["length"] and sha256(stream).hex() == parts[index]["hash"]
    need(whole and right, "tampered", "not the part of the header")
    return content


def open_stream(key: bytes, ad: bytes, stream: bytes) -> tuple[bytes, bool]:
    """Return the authenticated prefix of the content, and whether it is all of it."""
    state, content, rest = bindings.crypto_secretstream_xchacha20poly1305_state(), b"", stream[24:]
    if len(stream) < 24:
        return b"", False
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, stream[:24], key)
    while rest:
        chunk, rest = rest[: CHUNK + 17], rest[CHUNK + 17 :]
        try:
            text, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, chunk, ad)
        except (CryptoError, ValueError):
            return content, False
        if tag != (0 if rest else 3) or (content and not text):
            return content, False
        content += text
    return content, bool(stream[24:])


def read_stream(key: bytes, ad: bytes, stream: bytes) -> bytes:
    """Return the whole content of a stream."""
    content, whole = open_stream(key, ad, stream)
    if not whole:
        raise Fault("tampered", "stream")
    return content
