"""The worked sealing of docs/integrate.md: `python -m tests.vectors.worked` writes it into the page anew.

It is the item of the vectors (`item-core/first-version`, `item-header/valid` and the rest), made from the same fixed
seeds with the same chance, so the page and the vectors cannot differ. Every line is computed here from the primitives
one step at a time, and then compared with what the library seals.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from crypto.canonical import encode_json
from crypto.core import core_hash
from crypto.encoding import bind, sha256, u64
from crypto.headers import content_key, item_commitment, metadata_key
from crypto.items import content_ad, pad, seal_item
from crypto.keys import key_hash
from crypto.labels import SUITE, Label
from crypto.statements import sign
from tests.vectors.frozen import b64, fixed, frozen
from tests.vectors.items import AUTHOR, CONTENT, CORE, METADATA, SECTION

PAGE = Path(__file__).parents[2] / "docs" / "integrate.md"
BEGIN, END = "<!-- worked sealing: begin -->\n", "<!-- worked sealing: end -->\n"
NAMES = [
    "dossier", "item", "version", "previous", "section", "lane", "epoch", "section key hash", "author",
    "author key id", "author kind", "type", "label", "issued", "data from", "data until", "part count",
]  # fmt: skip


def block(name: str, data: bytes, note: str = "") -> str:
    """Bytes as the page shows them: a name, their count, and hexadecimal."""
    digits = textwrap.indent(textwrap.fill(data.hex(), 96), "  ")
    return f"{name} ({len(data)} bytes){note}\n{digits}\n"


def long(name: str, data: bytes) -> str:
    """Bytes too many to show: their count, first and last, and hash."""
    return f"{name} ({len(data)} bytes)\n  {data[:24].hex()} … {data[-24:].hex()}\n  sha256 {sha256(data).hex()}\n"


def render() -> str:
    """The whole worked example."""
    return "\n".join(sections())


def sections() -> Iterator[str]:
    """Each step as a heading and a block; raise AssertionError if the library seals anything else."""
    with frozen():
        sealed = seal_item(CORE, SECTION.public, METADATA, CONTENT, AUTHOR)
    core = CORE.encode()
    digest, item_key = core_hash(core), fixed("chance 1")
    yield step("1. Keys", block("section public key, SHA-256", key_hash(SECTION.public))
               + block("author's signing seed", AUTHOR.seed) + block("author's public key", AUTHOR.public)
               + block("author key id = SHA-256 of it", key_hash(AUTHOR.public)))  # fmt: skip
    yield step(
        "2. The core: 17 fields behind label and suite", fields(core) + block("core hash = SHA-256 of the core", digest)
    )
    yield step("3. The item key and what is derived from it", block("item key, random", item_key)
               + block("hkdf info of the commitment", bind(Label.ITEM_COMMITMENT, digest))
               + block("commitment", item_commitment(item_key, digest))
               + block("metadata key", metadata_key(item_key, digest))
               + "".join(block(f"content key {n}", content_key(item_key, digest, n)) for n in range(len(CONTENT))))  # fmt: skip
    info = bind(Label.ITEM_KEY, SUITE, digest, key_hash(SECTION.public))
    yield step("4. The item key, sealed to the section (HPKE base mode, X-Wing)",
               block("info", info) + long("sealed key", sealed.sealed_key))  # fmt: skip
    padded = pad(encode_json(METADATA))
    yield step("5. The metadata (XChaCha20-Poly1305)",
               f"canonical JSON\n  {encode_json(METADATA).decode()}\n"
               + block("padded", padded) + block("associated data", bind(Label.ITEM_METADATA, SUITE, digest))
               + block("sealed metadata = nonce, ciphertext, tag", sealed.sealed_metadata))  # fmt: skip
    yield step("6. The parts (secretstream)", "".join(part(n, digest, sealed.parts[n]) for n in range(len(CONTENT))))
    payload = sealed.header.payload
    assert payload["core"] == b64(core)
    assert payload["commitment"] == item_commitment(item_key, digest).hex()
    assert payload["sealedKeyHash"] == sha256(sealed.sealed_key).hex()
    assert sign("item-header", dict(payload), AUTHOR).envelope == sealed.header.envelope
    yield step("7. The header, signed", f"payload, canonical JSON\n{wrapped(encode_json(dict(payload)).decode())}\n"
                f"envelope ({len(sealed.header.envelope)} bytes)\n{wrapped(sealed.header.envelope.decode())}\n"
               + block("header hash", sealed.header.hash))  # fmt: skip


def fields(core: bytes) -> str:
    """The core, piece by piece."""
    pieces = [u64(len(NAMES) + 2), u64(len(Label.ITEM_CORE)) + Label.ITEM_CORE.encode(), u64(1) + SUITE]
    lines = ["count of pieces", "label", "suite", *NAMES]
    at = sum(map(len, pieces))
    while at < len(core):
        size = 8 + int.from_bytes(core[at : at + 8], "little")
        pieces.append(core[at : at + size])
        at += size
    assert b"".join(pieces) == core
    shown = (
        f"{name:<18}{piece[:8].hex()} {piece[8:].hex()}".rstrip() for name, piece in zip(lines, pieces, strict=True)
    )
    return "\n".join(shown) + f"\n\ncore: these {len(core)} bytes one after another\n"


def part(number: int, digest: bytes, sealed: bytes) -> str:
    """One part of the example."""
    plain = CONTENT[number]
    return (
        f"part {number}, plaintext\n  {plain.decode() or '(nothing)'}\n"
        + block("associated data of every chunk", content_ad(digest, number))
        + block("stream = 24 bytes of header, then one chunk with 17 bytes more than its plaintext", sealed)
        + block("its SHA-256", sha256(sealed))
    )


def wrapped(text: str) -> str:
    """Long text over lines; the line ends are not part of it."""
    return "\n".join(f"  {text[at : at + 96]}" for at in range(0, len(text), 96))


def step(title: str, text: str) -> str:
    """One step of the page."""
    return f"### {title}\n\n```text\n{text}```\n"


def page(text: str) -> str:
    """The page with this worked example in it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.exit(0)
