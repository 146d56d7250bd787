"""Readings below HTTP: the same read path called in this process, against a bare SELECT and INSERT (T2); what a batch costs."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from audit.batch import Signer
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from crypto.encoding import encode_base64
from dossier import database
from dossier.monthkeys import FileMonthKeys
from dossier.parties.actor import Actor
from dossier.reading.again import Promiser
from dossier.reading.answers import ReadingAnswer
from dossier.reading.service import Readings
from dossier.reading.store import ReadingStore
from dossier.reading.uses import Uses
from web.bench.floor import naive
from web.bench.rounds import ManyWork, Measure, Several, Work, rate_among
from web.bench.stage import Stage, writing

CALLERS = ((8, 1.3), (32, 1.7))
"""Callers at once, and the target of T2 for so many."""

MOST_RATE = 4_000
"""Requests a second that are signed beforehand; a faster machine ends its rounds early."""

WARMING_SECONDS = 60
COLLECT = (10_000, 20, 20)
"""The service's thresholds (web.server)."""


@dataclass
class Desk:
    """The read path in this process, on the stage's database."""

    stage: Stage
    writer: Writer
    readings: Readings
    actors: dict[bytes, Actor]

    def sign(self, items: Sequence[bytes], count: int) -> Iterator[Asked]:
        """Sign so many requests for items drawn at random, the readers taking turns."""
        readers, now = self.stage.world.readers, int(time.time())
        asked = []
        for at in range(count):
            reader, item = readers[at % len(readers)], items[secrets.randbelow(len(items))]
            nonce, envelope = reader.request(item, now)
            asked.append(Asked(self.actors[reader.person], item, bytes.fromhex(nonce), encode_base64(envelope)))
        return iter(asked)

    async def warm(self, items: Sequence[bytes]) -> None:
        """Read each once: facts, keys and places of what is measured are in memory, as those of a busy day are."""
        asked = iter([next(self.sign([item], 1)) for item in items])
        await read_all(self, asked, CALLERS[-1][0], time.perf_counter() + WARMING_SECONDS)

    async def read(self, asked: Asked) -> ReadingAnswer:
        """Read as the edge does."""
        arrival = asyncio.get_running_loop().time()
        return await self.readings.read(asked.actor, asked.item, asked.nonce, asked.envelope, arrival)


@dataclass(frozen=True, slots=True)
class Asked:
    """A signed reading request and who sends it."""

    actor: Actor
    item: bytes
    nonce: bytes
    envelope: str


@asynccontextmanager
async def open_desk(stage: Stage) -> AsyncIterator[Desk]:
    """A writer and a read path in this process, beside those of the service.

    What stands is kept out of the collector's walks, as the service does.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    async with writing(stage.pool, stage.folder, stage.keys) as writer:
        store, keys = ReadingStore(stage.pool), stage.keys
        uses = Uses(store)
        signer = Signer(keys.origin, keys.promise_name, keys.promise)
        promiser = Promiser(store, signer, FileMonthKeys(stage.folder / "keys" / "months"))
        flushing = asyncio.create_task(uses.flush_forever())
        try:
            readings = Readings(writer, store, uses, promiser, shipped_catalogues().current)
            actors = {reader.person: reader.actor for reader in stage.world.readers}
            yield Desk(stage, writer, readings, actors)
        finally:
            flushing.cancel()
            with suppress(asyncio.CancelledError):
                await flushing


@asynccontextmanager
async def naive_pool(stage: Stage) -> AsyncIterator[Any]:
    """As many connections as there are naive callers."""
    most = max(callers for callers, _ in CALLERS)
    pool = await database.open_pool(stage.urls.service, smallest=most, largest=most)
    try:
        yield pool
    finally:
        await pool.close()


def measures(desk: Desk, pool: Any) -> list[Measure]:
    """Readings a second against bare asyncpg with as many callers, and what the batches of the last were made of."""
    items, found = desk.stage.world.items(1), list[Measure]()
    for callers, target in CALLERS:
        floor = f"floor: SELECT and INSERT, {callers} callers"
        name = f"reading below HTTP, {callers} callers"
        work = Several(_counted(desk, items, callers))
        found += [
            Measure(floor, "1/s", _naive(pool, items, callers)),
            Measure(name, "1/s", work.figure("rate"), floor, target, goal="T2"),
        ]
    limits = {"statements a batch": 4, "events a reading": 1, "verifications a reading": 1, "promise notes a batch": 1}
    shown = ("readings a batch", *limits)
    return found + [Measure(each, "", work.figure(each), inverse=True, limit=limits.get(each)) for each in shown]


def _naive(pool: Any, items: Sequence[bytes], callers: int) -> Work:
    async def work(seconds: float) -> float:
        return await rate_among(lambda: naive(pool, items[secrets.randbelow(len(items))]), callers, seconds)

    return work


def _counted(desk: Desk, items: Sequence[bytes], callers: int) -> ManyWork:
    """Readings a second, and the writer's counts held against batches and readings. Each event is one key extract."""

    async def work(seconds: float) -> Mapping[str, float]:
        asked = desk.sign(items, int(seconds * MOST_RATE) + callers)
        before = _counts(desk)
        begun = time.perf_counter()
        done = await read_all(desk, asked, callers, begun + seconds)
        took = time.perf_counter() - begun
        events, batches, statements, verified, promises = (
            now - then for now, then in zip(_counts(desk), before, strict=True)
        )
        return {
            "rate": done / took,
            "readings a batch": done / batches,
            "statements a batch": statements / batches,
            "events a reading": events / done,
            "verifications a reading": verified / done,
            "promise notes a batch": promises / batches,
        }

    return work


def _counts(desk: Desk) -> tuple[int, ...]:
    counts = desk.writer.counts
    return counts.events, counts.batches, counts.statements, counts.verified, counts.promises


async def read_all(desk: Desk, asked: Iterator[Asked], callers: int, ends: float) -> int:
    """Read what is asked from so many callers until `ends` (perf_counter); return how many were released."""

    async def one() -> int:
        done = 0
        while time.perf_counter() < ends and (each := next(asked, None)) is not None:
            await desk.read(each)
            done += 1
        return done

    return sum(await asyncio.gather(*(one() for _ in range(callers))))
