"""Vectors of item cores, headers, keys, metadata and content streams."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from crypto.core import Core, core_hash
from crypto.encoding import bind, sha256, u64, unbind
from crypto.headers import Header, check_header, metadata_key
from crypto.items import SealedItem, open_item_key, pad, seal_item
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.labels import SUITE, Label
from crypto.seal import seal, wrap
from crypto.sections import SectionPlace, adopt_item_key, seal_placed, section_list_key, section_sealing_key
from crypto.statements import Statement, sign
from crypto.stream import CHUNK_SIZE, StreamSealer
from tests.values import replace
from tests.vectors.frozen import b64, fixed, flip, vector

PLACE = SectionPlace(fixed("dossier", 16), "debts", "ordinary", 0)
SECRET = fixed("section secret")
SECTION = section_sealing_key(SECRET, PLACE)
AUTHOR = SigningKey.from_seed(fixed("author"))
CORE = Core(
    dossier=PLACE.dossier,
    item=fixed("item", 16),
    version=1,
    previous=b"",
    section=PLACE.section,
    lane=PLACE.lane,
    epoch=PLACE.epoch,
    section_key_hash=key_hash(SECTION.public),
    author=fixed("system", 16),
    author_key_id=key_hash(AUTHOR.public),
    author_kind="system",
    type="debt-claim",
    label="normal",
    issued=1_800_000_000,
    data_from=1_790_000_000,
    data_until=1_799_999_999,
    part_count=2,
)
METADATA = {
    "title": "Openstaande vordering",
    "parts": [
        {"name": "vordering.json", "mediaType": "application/json"},
        {"name": "leeg.txt", "mediaType": "text/plain"},
    ],
    "view": "€ 1.250,00",
}
CONTENT = [b'{"bedrag":125000}', b""]


def make() -> None:
    """Make the vectors of this module."""
    sound = seal_item(CORE, SECTION.public, METADATA, CONTENT, AUTHOR)
    header = check_header(sound.header, AUTHOR.public, dossier=CORE.dossier)
    item_key = open_item_key(header, SECTION, sound.sealed_key)
    _cores()
    _headers(sound, header)
    _item_keys(sound)
    _metadata(sound, header, item_key)
    _parts(sound, item_key)
    _adoptions(header, item_key)
    _placements(header, item_key)
    _streams()


def _cores() -> None:
    def good(name: str, comment: str, core: Core) -> None:
        fields = {key: value.hex() if isinstance(value, bytes) else value for key, value in asdict(core).items()}
        data = core.encode()
        vector("item-core", name, "success", comment, core=b64(data), coreHash=core_hash(data).hex(), fields=fields)

    def bad(name: str, comment: str, data: bytes) -> None:
        vector("item-core", name, "malformed", comment, core=b64(data))

    good("first-version", "version 1", CORE)
    good("second-version", "version 2 names the header before it", replace(CORE, version=2, previous=fixed("previous")))
    suite, *fields = unbind(Label.ITEM_CORE, CORE.encode())

    def changed(at: int, value: bytes) -> bytes:
        return bind(Label.ITEM_CORE, suite, *fields[:at], value, *fields[at + 1 :])

    for number in (0, 2, 255):
        bad(f"suite-{number:02x}", "a suite that does not exist", bind(Label.ITEM_CORE, bytes([number]), *fields))
    bad("no-suite", "no fields at all", bind(Label.ITEM_CORE))
    bad("missing-field", "one field fewer", bind(Label.ITEM_CORE, suite, *fields[:-1]))
    bad("extra-field", "one field more", bind(Label.ITEM_CORE, suite, *fields, b""))
    bad("trailing-byte", "a byte after the last field", CORE.encode() + b"\0")
    bad("other-label", "another label", bind(Label.ITEM_KEY, suite, *fields))
    bad("short-dossier", "a dossier id of 15 bytes", changed(0, bytes(15)))
    bad("version-zero", "version 0", changed(2, u64(0)))
    bad("version-short", "a version in 4 bytes", changed(2, b"\1\0\0\0"))
    bad("first-with-previous", "version 1 that names a version before it", changed(3, bytes(32)))
    bad("second-without-previous", "version 2 that names none", changed(2, u64(2)))
    bad("previous-short", "a previous hash of 31 bytes", changed(3, bytes(31)))
    bad("section-upper-case", "a section that is no code", changed(4, b"Debts"))
    bad("section-not-ascii", "a section with a byte outside ASCII", changed(4, b"d\xc3\xa9bts"))
    bad("lane-empty", "no lane", changed(5, b""))
    bad("epoch-too-large", "an epoch above 2^53-1", changed(6, b"\xff" * 8))
    bad("author-kind", "an author that is neither system nor person", changed(10, b"robot"))
    bad("no-parts", "0 parts", changed(16, u64(0)))
    bad("too-many-parts", "257 parts", changed(16, u64(257)))


def _headers(sound: SealedItem, header: Header) -> None:
    payload = dict(sound.header.payload)

    def one(name: str, expect: str, comment: str, statement: Statement, **changes: Any) -> None:
        fields = {
            "envelope": b64(statement.envelope),
            "key": b64(AUTHOR.public),
            "dossier": CORE.dossier.hex(),
            "sectionKeyHash": CORE.section_key_hash.hex(),
        }
        vector("item-header", name, expect, comment, **(fields | changes))

    one("valid", "success", "a sound header", sound.header, hash=header.hash.hex(), coreHash=header.core_hash.hex())
    one("other-key", "signature", "another key", sound.header, key=b64(SigningKey.from_seed(fixed("other")).public))
    one("other-dossier", "pin", "read in another dossier", sound.header, dossier=fixed("other dossier", 16).hex())
    one("other-section-key", "pin", "another section key", sound.header, sectionKeyHash=fixed("other section").hex())
    part = payload["parts"][0]
    for name, comment, change in (
        ("other-signer", "signer is not the author", {"signer": fixed("other system", 16).hex()}),
        ("part-missing", "one part fewer than the core says", {"parts": [part]}),
        (
            "chunk-count",
            "a chunk count that the length does not have",
            {"parts": [part | {"chunks": 2}, payload["parts"][1]]},
        ),
        ("core-not-core", "core bytes of another label", {"core": b64(bind(Label.ITEM_KEY, SUITE))}),
        (
            "core-suite-2",
            "a core of another suite",
            {"core": b64(bind(Label.ITEM_CORE, b"\2", *unbind(Label.ITEM_CORE, CORE.encode())[1:]))},
        ),
    ):
        one(name, "malformed", comment, sign("item-header", payload | change, AUTHOR))
    thief = SigningKey.from_seed(fixed("thief"))
    stolen = sign("item-header", payload | {"keyHash": key_hash(thief.public).hex()}, thief)
    one("re-signed", "malformed", "another's sealed item signed as one's own", stolen, key=b64(thief.public))
    placement = sign("removal", _removal(), AUTHOR)
    one("other-kind", "malformed", "a statement of another kind", placement)


def _removal() -> dict[str, Any]:
    ids = {name: fixed(name, 16).hex() for name in ("removal", "dossier", "item")}
    return {**ids, "reason": "wrong-person", "signer": fixed("system", 16).hex(), "issuedAt": 1, "capacity": "owner"}


def _item_keys(sound: SealedItem) -> None:
    def one(name: str, expect: str, comment: str, header: Statement, sealed: bytes, **changes: Any) -> None:
        fields = {"envelope": b64(header.envelope), "seed": b64(SECTION.seed), "sealedKey": b64(sealed)}
        vector("item-key", name, expect, comment, **(fields | changes))

    header = check_header(sound.header, AUTHOR.public, dossier=CORE.dossier)
    item_key = open_item_key(header, SECTION, sound.sealed_key)
    one("valid", "success", "a sound sealed key", sound.header, sound.sealed_key, itemKey=b64(item_key))
    other = SealingKey.from_seed(fixed("other section"))
    one("other-section", "tampered", "another section's pair", sound.header, sound.sealed_key, seed=b64(other.seed))
    one("flipped", "tampered", "one bit of the sealed key", sound.header, flip(sound.sealed_key))
    again = seal(Label.ITEM_KEY, (header.core_hash,), SECTION.public, item_key)
    one("not-in-header", "tampered", "a seal of the same key that the header does not name", sound.header, again)
    wrong = seal(Label.ITEM_KEY, (header.core_hash,), SECTION.public, fixed("another item key"))
    named = sign("item-header", dict(sound.header.payload) | {"sealedKeyHash": sha256(wrong).hex()}, AUTHOR)
    one("other-commitment", "tampered", "a key that the header does not commit to", named, wrong)
    elsewhere = seal(Label.ITEM_KEY, (fixed("other core"),), SECTION.public, item_key)
    named = sign("item-header", dict(sound.header.payload) | {"sealedKeyHash": sha256(elsewhere).hex()}, AUTHOR)
    one("other-core", "tampered", "the key sealed for another version", named, elsewhere)


def _metadata(sound: SealedItem, header: Header, item_key: bytes) -> None:
    def one(name: str, expect: str, comment: str, statement: Statement, sealed: bytes, **changes: Any) -> None:
        fields = {"envelope": b64(statement.envelope), "itemKey": b64(item_key), "sealedMetadata": b64(sealed)}
        vector("metadata", name, expect, comment, **(fields | changes))

    def named(padded: bytes, label: Label = Label.ITEM_METADATA) -> tuple[Statement, bytes]:
        sealed = wrap(label, (header.core_hash,), metadata_key(item_key, header.core_hash), padded)
        payload = dict(sound.header.payload) | {"metadataHash": sha256(sealed).hex()}
        return sign("item-header", payload, AUTHOR), sealed

    one("valid", "success", "sound metadata", sound.header, sound.sealed_metadata, metadata=METADATA)
    one("flipped", "tampered", "one bit of the sealed metadata", sound.header, flip(sound.sealed_metadata))
    other = b64(fixed("another item key"))
    one(
        "other-item-key",
        "tampered",
        "a key that the header does not commit to",
        sound.header,
        sound.sealed_metadata,
        itemKey=other,
    )
    one("other-label", "tampered", "wrapped under another label", *named(bytes(256), Label.ADOPTED_ITEM_KEY))
    text = b'{"parts":[],"title":"","view":""}'
    one("part-count", "malformed", "lists no parts", *named(pad(text)))
    one("unknown-field", "malformed", "another field", *named(pad(b'{"extra":1,"parts":[],"title":"","view":""}')))
    one("not-object", "malformed", "a list", *named(pad(b"[]")))
    one("no-padding", "malformed", "no padding", *named(text))
    one("long-padding", "malformed", "a block of padding too many", *named(pad(text) + bytes(256)))
    one(
        "padding-byte",
        "malformed",
        "padding that does not begin with 0x80",
        *named(text + b"\1" + bytes(255 - len(text))),
    )
    one("padding-only", "malformed", "zeros only", *named(bytes(256)))


def _parts(sound: SealedItem, item_key: bytes) -> None:
    def one(
        name: str,
        expect: str,
        comment: str,
        sealed: bytes,
        index: int,
        statement: Statement = sound.header,
        **changes: Any,
    ) -> None:
        fields = {"envelope": b64(statement.envelope), "itemKey": b64(item_key), "index": index, "stream": b64(sealed)}
        vector("item-part", name, expect, comment, **(fields | changes))

    one("first", "success", "part 0", sound.parts[0], 0, plaintext=b64(CONTENT[0]))
    one("empty", "success", "part 1, which is empty", sound.parts[1], 1, plaintext="")
    one("swapped", "tampered", "part 1 in the place of part 0", sound.parts[1], 0)
    one("flipped", "tampered", "one bit", flip(sound.parts[0]), 0)
    one("no-such-part", "malformed", "part 2 of 2", sound.parts[0], 2)
    other = b64(fixed("another item key"))
    one("other-item-key", "tampered", "a key that the header does not commit to", sound.parts[0], 0, itemKey=other)
    parts = [dict(part) for part in sound.header.payload["parts"]]
    parts[0]["length"] += 1
    longer = sign("item-header", dict(sound.header.payload) | {"parts": parts}, AUTHOR)
    one("other-length", "tampered", "the header names another length", sound.parts[0], 0, longer)


def _place(place: SectionPlace) -> dict[str, Any]:
    return {"dossier": place.dossier.hex(), "section": place.section, "lane": place.lane, "epoch": place.epoch}


def _adoptions(header: Header, item_key: bytes) -> None:
    list_key = section_list_key(SECRET, PLACE)
    sound = adopt_item_key(list_key, item_key, PLACE, header)

    def one(name: str, expect: str, comment: str, wrapped: bytes, place: SectionPlace = PLACE, **changes: Any) -> None:
        fields = {
            "envelope": b64(header.statement.envelope),
            "listKey": b64(list_key),
            "place": _place(place),
            "wrapped": b64(wrapped),
        }
        vector("adoption", name, expect, comment, **(fields | changes))

    one("valid", "success", "an adopted item key", sound, itemKey=b64(item_key))
    one("flipped", "tampered", "one bit", flip(sound))
    one("other-epoch", "tampered", "another epoch", sound, replace(PLACE, epoch=1))
    one("other-lane", "tampered", "another lane", sound, replace(PLACE, lane="confidential"))
    one("other-list-key", "tampered", "another list key", sound, listKey=b64(fixed("other list")))
    wrong = wrap(Label.ADOPTED_ITEM_KEY, (header.hash, *PLACE.context), list_key, fixed("another item key"))
    one("other-commitment", "tampered", "a key that the header does not commit to", wrong)


def _placements(header: Header, item_key: bytes) -> None:
    sound = seal_placed(item_key, PLACE, header, SECTION.public)

    def one(name: str, expect: str, comment: str, sealed: bytes, place: SectionPlace = PLACE, **changes: Any) -> None:
        fields = {
            "envelope": b64(header.statement.envelope),
            "seed": b64(SECTION.seed),
            "place": _place(place),
            "sealed": b64(sealed),
        }
        vector("placement", name, expect, comment, **(fields | changes))

    one("valid", "success", "an item key sealed to the section it moves to", sound, itemKey=b64(item_key))
    one("flipped", "tampered", "one bit", flip(sound))
    one("other-section", "tampered", "another section", sound, replace(PLACE, section="health"))
    wrong = seal(Label.PLACED_ITEM_KEY, (header.hash, *PLACE.context), SECTION.public, fixed("another item key"))
    one("other-commitment", "tampered", "a key that the header does not commit to", wrong)


def pattern(length: int) -> bytes:
    """Return the plaintext of stream vectors: byte i is i mod 251."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def _sealed(length: int, ad: bytes, key: bytes) -> bytes:
    sealer = StreamSealer(key, ad)
    return sealer.update(pattern(length)) + sealer.finish()


def _raw_stream(key: bytes, ad: bytes, *chunks: tuple[bytes, int]) -> bytes:
    """Seal chunks with any tags: shapes that no sealer of ours makes."""
    sealer = StreamSealer(key, ad)
    return sealer._ready + b"".join(sealer._push(chunk, tag) for chunk, tag in chunks)


def _streams() -> None:
    key, ad = fixed("stream key"), b"bound to"
    chunk = CHUNK_SIZE + 17

    def one(name: str, expect: str, comment: str, stream: bytes, length: int, **changes: Any) -> None:
        fields: dict[str, Any] = {"key": b64(key), "ad": b64(ad), "stream": b64(stream), "length": length}
        vector("content-stream", name, expect, comment, **(fields | changes))

    for length in (0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1):
        stream = _sealed(length, ad, key)
        digest = hashlib.sha256(pattern(length)).hexdigest()
        one(f"length-{length}", "success", f"{length} bytes", stream, length, sha256=digest)
    small = _sealed(100, ad, key)
    one("other-key", "tampered", "another key", small, 100, key=b64(fixed("other stream key")))
    one("other-ad", "tampered", "bound to something else", small, 100, ad=b64(b"bound tp"))
    one("flipped-header", "tampered", "one bit of the header", flip(small, 0), 100)
    one("flipped-tag-byte", "tampered", "one bit of the encrypted tag", flip(small, 24), 100)
    one("flipped-last", "tampered", "the last bit", flip(small), 100)
    one("nothing", "tampered", "no bytes", b"", 0)
    one("header-alone", "tampered", "a header without a chunk", small[:24], 100)
    one("cut-chunk", "tampered", "the last byte missing", small[:-1], 100)
    one("trailing-byte", "tampered", "a byte after the end", small + b"\0", 100)
    message, push, rekey, final = 0, 1, 2, 3
    one(
        "never-final",
        "tampered",
        "a last chunk with the tag MESSAGE",
        _raw_stream(key, ad, (pattern(100), message)),
        100,
    )
    one("tag-push", "tampered", "a last chunk with the tag PUSH", _raw_stream(key, ad, (pattern(100), push)), 100)
    one("tag-rekey", "tampered", "a last chunk with the tag REKEY", _raw_stream(key, ad, (pattern(100), rekey)), 100)
    one(
        "short-first",
        "tampered",
        "a first chunk that is not full",
        _raw_stream(key, ad, (pattern(100), message), (b"x", final)),
        101,
    )
    full = pattern(CHUNK_SIZE)
    one(
        "empty-last",
        "tampered",
        "an empty last chunk after content",
        _raw_stream(key, ad, (full, message), (b"", final)),
        CHUNK_SIZE,
    )
    one(
        "final-then-more",
        "tampered",
        "a chunk after FINAL",
        _raw_stream(key, ad, (full, final), (b"x", final)),
        CHUNK_SIZE + 1,
    )
    two = _sealed(CHUNK_SIZE + 100, ad, key)
    one("cut-at-border", "tampered", "cut after the first chunk", two[: 24 + chunk], CHUNK_SIZE + 100)
    one("first-dropped", "tampered", "the first chunk dropped", two[:24] + two[24 + chunk :], CHUNK_SIZE + 100)
    one(
        "swapped",
        "tampered",
        "the chunks swapped",
        two[:24] + two[24 + chunk :] + two[24 : 24 + chunk],
        CHUNK_SIZE + 100,
    )
