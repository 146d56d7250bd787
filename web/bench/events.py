"""Durable events a second through the writer, chained, and until they stand in the signed log (T10)."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Mapping, Sequence

from audit.entry import Append, Entry, Outcome, View
from audit.event import make_event
from audit.writer import Writer, WriterLimits
from dossier.events import Values
from web.bench.homes import Seed
from web.bench.rounds import ManyWork, Measure, Several, Work
from web.bench.stage import Stage, writing

LEAF, PAYLOAD = 97, 1_100
TOGETHER = 100
CALLERS = 4
LEAST = 20_000
"""Events a second that T10 wants."""


def measures(stage: Stage) -> list[Measure]:
    """Events one to an act and a hundred to an act, against rows of the same width in one statement."""
    floor = f"floor: {TOGETHER} rows in one statement"
    found = [Measure(floor, "1/s", _rows(stage))]
    for each, callers in ((1, 4 * TOGETHER), (TOGETHER, CALLERS)):
        run = Several(_events(stage, each, callers))
        name = f"events, {each} to an act"
        goal, target, limit = ("T10", 0.5, LEAST) if each == TOGETHER else ("", None, None)
        found += [
            Measure(f"{name}, durable", "1/s", run.figure("durable"), floor, target, limit=limit, goal=goal),
            Measure(
                f"{name}, in the signed log", "1/s", run.figure("sequenced"), floor, target, limit=limit, goal=goal
            ),
        ]
    return found


class _Events(Entry[int]):
    """Some events of one stream with the usual fields."""

    def __init__(self, stream: bytes, count: int) -> None:
        self.streams = (stream,)
        self._count = count

    def judge(self, view: View) -> Outcome[int]:
        """Append them."""
        actor = self.streams[0].hex()
        values: Values = {
            "type": "delivered",
            "actor": actor,
            "item": actor,
            "version": 1,
            "section": "debts",
            "time": view.now,
        }
        event = make_event("delivery/v1", values)
        return Outcome(tuple(Append(self.streams[0], event) for _ in range(self._count)), len)


def _rows(stage: Stage) -> Work:
    statement = "INSERT INTO floor.event SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])"

    async def work(seconds: float) -> float:
        begun, count = time.perf_counter(), 0
        while time.perf_counter() < begun + seconds:
            streams = [secrets.token_bytes(16) for _ in range(TOGETHER)]
            seqs = [secrets.randbits(62) for _ in range(TOGETHER)]
            await stage.pool.execute(statement, streams, seqs, [bytes(LEAF)] * TOGETHER, [bytes(PAYLOAD)] * TOGETHER)
            count += TOGETHER
        return count / (time.perf_counter() - begun)

    return work


def _events(stage: Stage, each: int, callers: int) -> ManyWork:
    """Acts of `each` events from so many callers. The service's own sequencer puts them into the log meanwhile."""

    async def work(seconds: float) -> Mapping[str, float]:
        async with writing(stage.pool, stage.folder, stage.keys, _limits()) as writer:
            streams = [secrets.token_bytes(16) for _ in range(callers)]
            await asyncio.gather(*(writer.submit(Seed(stream, "service", ())) for stream in streams))
            await stage.quiet()
            begun = time.perf_counter()
            count = each * await _drive(writer, streams, each, begun + seconds)
            durable = time.perf_counter() - begun
            await stage.quiet()
            return {"durable": count / durable, "sequenced": count / (time.perf_counter() - begun)}

    return work


def _limits() -> WriterLimits:
    return WriterLimits(deadline=60_000, patience=60_000, batch=TOGETHER)


async def _drive(writer: Writer, streams: Sequence[bytes], each: int, ends: float) -> int:
    async def one(stream: bytes) -> int:
        for done in itertools.count():
            if time.perf_counter() >= ends:
                return done
            await writer.submit(_Events(stream, each))
        raise AssertionError("counting has no end")

    return sum(await asyncio.gather(*(one(stream) for stream in streams)))
