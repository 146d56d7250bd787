"""The log: appending to the tree against bare hashing, verifying an exported log, and durable events (T10 to T12)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from audit.batch import Signer
from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.control import LogIdentity, encode_identity
from audit.entry import Append, Entry, Outcome, Receipt, View
from audit.event import make_event
from audit.growth import Edge, grow
from audit.merkle import Tree, leaf_hash
from audit.note import ED25519, VerifierKey
from audit.tiles import Bundle, Tile
from audit.verify import verify_log
from audit.writer import Writer, WriterLimits
from consent.catalogue import shipped_catalogues
from crypto.keys import SigningKey
from dossier.events import Values
from dossier.facts.compiler import Compiler
from dossier.monthkeys import FileMonthKeys
from web.bench.rounds import Measure, Work, rate
from web.bench.stage import Stage
from web.bench.world import Seed

ORIGIN = "localhost/bench"
BATCH = 256
LEAF = 97
TOGETHER = 100


def measures(entries: int) -> list[Measure]:
    """Tree appends against one bare hash of a leaf and one of a node; verification of a log of so many entries."""
    return [
        Measure("bare hashing, leaf and node", "1/s", _hashing),
        Measure("append to the tree", "1/s", _appending, "bare hashing, leaf and node", 0.5),
        Measure(f"verify a log of {entries:,} entries", "1/s", _verifying(entries), "bare hashing, leaf and node"),
    ]


def durable_measures(stage: Stage) -> list[Measure]:
    """Durable events a second through the writer, against rows of the same width in one statement."""
    return [
        Measure("floor: 100 rows in one statement", "1/s", _rows(stage)),
        Measure("events through the writer", "1/s", _events(stage), "floor: 100 rows in one statement", 0.5),
    ]


async def _hashing(seconds: float) -> float:
    leaf, pair = bytes(LEAF + 1), bytes(65)
    return rate(lambda: (hashlib.sha256(leaf).digest(), hashlib.sha256(pair).digest()), seconds)


async def _appending(seconds: float) -> float:
    tree, leaf = Tree(), secrets.token_bytes(LEAF)
    return rate(lambda: tree.append(leaf_hash(leaf)), seconds)


@dataclass
class Exported:
    """A log in memory, as its published files: what a verifier fetches."""

    files: dict[str, bytes]

    def checkpoint(self) -> bytes | None:
        """The signed note."""
        return self.files["checkpoint"]

    def tile(self, tile: Tile) -> bytes | None:
        """The bytes of a tile."""
        return self.files.get(tile.path)

    def entries(self, bundle: Bundle) -> bytes | None:
        """The bytes of a bundle."""
        return self.files.get(bundle.path)


def export(size: int) -> tuple[Exported, VerifierKey]:
    """Make a log of so many entries: control leaf 0, then opaque leaves."""
    key, promise = SigningKey.generate(), SigningKey.generate()
    verifier = VerifierKey(ORIGIN, ED25519, key.public)
    identity = LogIdentity(
        ORIGIN, verifier, VerifierKey(f"{ORIGIN}/p", ED25519, promise.public), key.public, (promise.public,), 1
    )
    edge, files = Edge(), dict[str, bytes]()
    todo = [encode_identity(identity), *(b"\x01" + secrets.token_bytes(LEAF - 1) for _ in range(size - 1))]
    for at in range(0, len(todo), BATCH * 16):
        growth = grow(edge, todo[at : at + BATCH * 16])
        edge = growth.edge
        files |= {tile.path: data for tile, data in growth.tiles}
        files |= {bundle.path: data for bundle, data in growth.bundles}
    note = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), key)
    return Exported(files | {"checkpoint": note.encode()}), verifier


def _verifying(size: int) -> Work:
    async def work(_seconds: float) -> float:
        exported, verifier = export(size)
        begun = time.perf_counter()
        if not verify_log(exported, verifier).ok:
            raise RuntimeError("the measured log does not verify")
        return size / (time.perf_counter() - begun)

    return work


def _rows(stage: Stage) -> Work:
    async def work(seconds: float) -> float:
        statement = "INSERT INTO floor.event SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])"
        ends, count = time.perf_counter() + seconds, 0
        while time.perf_counter() < ends:
            columns = [secrets.token_bytes(16) for _ in range(TOGETHER)]
            seqs = [secrets.randbits(62) for _ in range(TOGETHER)]
            leaves, payloads = [bytes(LEAF)] * TOGETHER, [bytes(1_100)] * TOGETHER
            await stage.pool.execute(statement, columns, seqs, leaves, payloads)
            count += TOGETHER
        return count / seconds

    return work


class _Event(Entry[Receipt]):
    """One event with the usual fields."""

    def __init__(self, stream: bytes) -> None:
        self.streams = (stream,)

    def judge(self, view: View) -> Outcome[Receipt]:
        """Append it."""
        actor = self.streams[0].hex()
        values: Values = {
            "type": "delivered",
            "actor": actor,
            "item": actor,
            "version": 1,
            "section": "debts",
            "time": view.now,
        }
        return Outcome((Append(self.streams[0], make_event("delivery/v1", values)),), lambda receipts: receipts[0])


def _events(stage: Stage) -> Work:
    async def work(seconds: float) -> float:
        writer, streams = await _open(stage)
        try:
            return await _drive(writer, streams, seconds)
        finally:
            await writer.stop()

    return work


async def _open(stage: Stage) -> tuple[Writer, Sequence[bytes]]:
    key = SigningKey.generate()
    months = FileMonthKeys(stage.folder / "keys" / "months")
    signer, compiler = Signer(ORIGIN, f"{ORIGIN}/p", key), Compiler(shipped_catalogues())
    limits = WriterLimits(deadline=60_000, batch=TOGETHER)
    writer = Writer(stage.pool, months, signer, compiler, limits=limits)
    await writer.start()
    streams = [secrets.token_bytes(16) for _ in range(TOGETHER * 4)]
    await asyncio.gather(*(writer.submit(Seed(stream, "service", ())) for stream in streams))
    return writer, streams


async def _drive(writer: Writer, streams: Sequence[bytes], seconds: float) -> float:
    ends = time.perf_counter() + seconds

    async def one(stream: bytes) -> int:
        count = 0
        while time.perf_counter() < ends:
            await writer.submit(_Event(stream))
            count += 1
        return count

    counts: list[int] = await asyncio.gather(*(one(stream) for stream in streams))
    return sum(counts) / seconds
