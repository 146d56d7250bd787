"""What the project makes now for the reader to read: the only file here that knows the project."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.control import LogIdentity, encode_identity
from audit.event import make_event
from audit.growth import Edge, grow
from audit.merkle import inclusion_proof, leaf_hash
from audit.note import VerifierKey
from audit.opening import open_fields, opening_to_json
from audit.promise import make_promise, padding_count
from audit.proof import TlogProof
from audit.stream import event_leaf
from audit.tiles import Tile, node_reader
from crypto.core import Core
from crypto.items import seal_item
from crypto.keys import SealingKey, SigningKey, key_hash

ORIGIN = "log.example.nl/independent"
ENTRIES = 300
PROVED = 257


@dataclass(frozen=True)
class SealedByProject:
    """An item of the project, as bytes only."""

    envelope: bytes
    author_key: bytes
    dossier: str
    section_seed: bytes
    sealed_key: bytes
    sealed_metadata: bytes
    streams: list[bytes]
    parts: list[bytes]
    metadata: dict[str, Any]


@dataclass(frozen=True)
class FolderOfProject:
    """A log of the project: a folder of files, and what goes with it, as bytes and texts only."""

    path: Path
    origin: str
    key: str
    promise_key: str
    entries: list[bytes]
    proved: int
    proof: bytes
    promise: bytes
    promised: int
    promise_path: list[bytes]
    opening: list[dict[str, Any]]
    actor: str
    stream_key: bytes


@pytest.fixture(scope="session")
def sealed_item() -> SealedByProject:
    """An item with an empty part, a small one, and two at the border of a chunk."""
    author, section = SigningKey.generate(), SealingKey.generate()
    parts = [b"", b"een brief", secrets.token_bytes(65_536), secrets.token_bytes(65_537)]
    core = Core(
        dossier=secrets.token_bytes(16), item=secrets.token_bytes(16), version=2, previous=secrets.token_bytes(32),
        section="debts", lane="ordinary", epoch=3, section_key_hash=key_hash(section.public),
        author=secrets.token_bytes(16), author_key_id=key_hash(author.public), author_kind="person",
        type="letter", label="normal", issued=1_800_000_000, data_from=0, data_until=0, part_count=len(parts),
    )  # fmt: skip
    names = [{"name": f"deel {index}", "mediaType": "text/plain"} for index in range(len(parts))]
    metadata = {"title": "Brief", "view": "", "parts": names}
    sealed = seal_item(core, section.public, metadata, parts, author)
    return SealedByProject(
        sealed.header.envelope, author.public, core.dossier.hex(), section.seed,
        sealed.sealed_key, sealed.sealed_metadata, sealed.parts, parts, metadata,
    )  # fmt: skip


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> FolderOfProject:
    """A log that grew twice: 300 entries, so that one bundle is full and one partial."""
    folder = tmp_path_factory.mktemp("log")
    log_key, promise_key = SigningKey.generate(), SigningKey.generate()
    log_name = VerifierKey(ORIGIN, 1, log_key.public)
    promise_name = VerifierKey(f"{ORIGIN}/promise", 1, promise_key.public)
    actor, seed = secrets.token_hex(16), secrets.token_bytes(32)
    event = make_event("decision/v1", {"type": "reading", "actor": actor, "code": "consent", "time": 1_800_000_000})
    identity = LogIdentity(
        ORIGIN, log_name, promise_name, secrets.token_bytes(32), tuple(secrets.token_bytes(32) for _ in range(3)), 2
    )
    stream_key = secrets.token_bytes(32)
    entries, previous = [encode_identity(identity)], bytes(32)
    for seq in range(1, ENTRIES):
        entries.append(event_leaf(stream_key, seq, previous, seed, event))
        previous = leaf_hash(entries[-1])
    files, root = grown(folder, entries)
    checkpoint = sign_checkpoint(Checkpoint(ORIGIN, ENTRIES, root), log_key).encode()
    (folder / "checkpoint").write_bytes(checkpoint)
    path = inclusion_proof(PROVED, ENTRIES, node_reader(ENTRIES, lambda tile: files[tile]))
    hashes = [leaf_hash(entries[index]) for index in (1, PROVED, 2)]
    padding = [secrets.token_bytes(32) for _ in range(padding_count(len(hashes)))]
    batch = make_promise(ORIGIN, hashes, padding, 1_800_000_000_000, promise_name.name, promise_key)
    return FolderOfProject(
        folder, ORIGIN, str(log_name), str(promise_name), entries, PROVED,
        TlogProof(PROVED, tuple(path), checkpoint).encode(), batch.note, 1, batch.path(1),
        opening_to_json(open_fields(event, seed, "actor")), actor, stream_key,
    )  # fmt: skip


def grown(folder: Path, entries: list[bytes]) -> tuple[dict[Tile, bytes], bytes]:
    """Grow a log in two steps and write what each step adds; return its tiles and its root."""
    edge = Edge()
    files: dict[Tile, bytes] = {}
    for batch in (entries[:100], entries[100:]):
        growth = grow(edge, batch)
        edge = growth.edge
        tiles = [(tile.path, data) for tile, data in growth.tiles]
        for path, data in [*tiles, *((bundle.path, data) for bundle, data in growth.bundles)]:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        files |= dict(growth.tiles)
    return files, edge.root()
