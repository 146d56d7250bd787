"""What one act costs as dossiers grow in number, and items within a dossier: readings, deliveries, decisions, pages.

All of it below HTTP, in this process, on a stage of its own. Every cost is held against a bare SELECT and INSERT of the
same rounds: a table that grows meanwhile must not be mistaken for a machine that slows down.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from audit.entry import Claim
from consent.engine import decide
from consent.facts import Facts
from consent.terms import ItemFacts, Request
from crypto.encoding import sha256
from dossier.facts.foreign import foreign_facts, foreign_streams, subject_of
from dossier.items.intake import Deliver
from dossier.items.listing import ListRequest
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.parties.actor import Actor, Assurance
from web.bench.below import Desk, open_desk, read_all
from web.bench.floor import naive
from web.bench.homes import PURPOSE, REASON, ROLE, SECTION, Home
from web.bench.rounds import Measure, Result, Work, rate_among, run_rounds
from web.bench.sizes import Sizes
from web.bench.stage import Stage, fill_home, writing
from web.bench.world import add_homes

CALLERS = 8
MOST_READS, MOST_DELIVERIES = 3_000, 800
"""A second, prepared beforehand."""

COLD = 50
"""Dossiers of one round that nobody has read before."""

Act = Callable[[], Awaitable[object]]


@dataclass
class Yard:
    """One step: where the acts happen, and how measures of this step are made."""

    desk: Desk
    step: int
    what: str

    def measure(self, series: str, work: Work, callers: int) -> Measure:
        """The cost of one act in ms, against the floor with as many callers."""
        floor = self.floor_name(callers)
        name = f"{series}, {self.step:,} {self.what}"
        return Measure(name, "ms", work, floor, inverse=True, series=f"{series}, by {self.what}", step=self.step)

    def floor(self, callers: int) -> Measure:
        """A bare SELECT and INSERT, in ms, from so many callers."""
        stage = self.desk.stage
        items = stage.world.items(1)

        async def work(seconds: float) -> float:
            return await _cost(lambda: naive(stage.pool, items[secrets.randbelow(len(items))]), callers, seconds)

        return Measure(self.floor_name(callers), "ms", work, inverse=True)

    def floor_name(self, callers: int) -> str:
        """The name of that floor."""
        return f"floor: SELECT and INSERT, {callers} callers, {self.step:,} {self.what}"


async def run_dossiers(stage: Stage, sizes: Sizes, progress: Callable[[str], None]) -> list[Result]:
    """The acts at each number of dossiers; the stage has as many as the first step says."""
    found: list[Result] = []
    there, known = len(stage.world.homes[1]), stage.world.homes[1][: sizes.working_set]
    for step in sizes.dossier_steps:
        fresh = await _grow(stage, step - there, COLD * sizes.rounds, progress) if step > there else []
        there = max(there, step)
        cold = fresh or stage.world.homes[1][sizes.working_set :]
        async with _yard(stage, step, "dossiers") as yard:
            measures = [
                yard.floor(CALLERS),
                yard.measure("a reading", _reading(yard.desk, [home.item for home in known]), CALLERS),
                yard.measure("the first reading of a dossier", _first(yard.desk, list(cold)), CALLERS),
                yard.measure("a delivery", _delivering(yard.desk, known, CALLERS), CALLERS),
                yard.measure("a decision, nothing written", _deciding(yard.desk, known), CALLERS),
            ]
            await yard.desk.warm([home.item for home in known])
            found += await run_rounds(measures, sizes.rounds, sizes.growth, progress)
    return found


async def run_items(stage: Stage, sizes: Sizes, progress: Callable[[str], None]) -> list[Result]:
    """The acts in dossiers of so many items each."""
    found: list[Result] = []
    for step in sizes.item_steps:
        progress(f"a dossier of {step} items")
        async with writing(stage.pool, stage.folder, stage.keys) as writer:
            (home,) = await add_homes(writer, stage.world.source, 1)
            items = [home.item, *await fill_home(writer, stage.world, home, step - 1)]
        await stage.quiet()
        async with _yard(stage, step, "items") as yard:
            measures = [
                yard.floor(1),
                yard.floor(CALLERS),
                yard.measure("a reading of one of the items", _reading(yard.desk, items), CALLERS),
                yard.measure("a page of 100", _page(yard.desk, home), 1),
                yard.measure("a delivery beside the others", _delivering(yard.desk, [home], 1), 1),
            ]
            await yard.desk.warm([home.item])
            found += await run_rounds(measures, sizes.rounds, sizes.growth, progress)
    return found


@asynccontextmanager
async def _yard(stage: Stage, step: int, what: str) -> AsyncIterator[Yard]:
    async with open_desk(stage) as desk:
        yield Yard(desk, step, what)


async def _grow(stage: Stage, count: int, keep: int, progress: Callable[[str], None]) -> list[Home]:
    """Add dossiers, and return some of them that no reader of this process has seen."""
    progress(f"{count} more dossiers")
    async with writing(stage.pool, stage.folder, stage.keys) as writer:
        made = await add_homes(writer, stage.world.source, count, keep=keep)
    await stage.quiet()
    return made


async def _cost(act: Act, callers: int, seconds: float) -> float:
    """Wall time of one act among others, in ms."""
    return 1000 / await rate_among(act, callers, seconds)


def _reading(desk: Desk, items: Sequence[bytes]) -> Work:
    async def work(seconds: float) -> float:
        asked = desk.sign(items, int(seconds * MOST_READS) + CALLERS)
        begun = time.perf_counter()
        done = await read_all(desk, asked, CALLERS, begun + seconds)
        return (time.perf_counter() - begun) * 1000 / done

    return work


def _first(desk: Desk, homes: list[Home]) -> Work:
    """Readings of dossiers whose facts and keys are not in memory; each round has others."""

    async def work(_seconds: float) -> float:
        some = [homes.pop().item for _ in range(min(COLD, len(homes)))]
        asked = [next(desk.sign([item], 1)) for item in some]
        begun = time.perf_counter()
        done = await read_all(desk, iter(asked), CALLERS, begun + 60)
        return (time.perf_counter() - begun) * 1000 / done

    return work


def _delivering(desk: Desk, homes: Sequence[Home], callers: int) -> Work:
    source = desk.stage.world.source
    actor = Actor("system", source.system, source.organisation, (), Assurance.HIGH, int(time.time()), bytes(16))

    async def work(seconds: float) -> float:
        chosen = [homes[secrets.randbelow(len(homes))] for _ in range(int(seconds * MOST_DELIVERIES) + callers)]
        sealed = iter([home.seal(source)[1] for home in chosen])

        async def deliver() -> None:
            delivery = next(sealed, None)
            if delivery is None:
                raise RuntimeError("deliveries went faster than they were prepared")
            claim = Claim(source.system, sha256(b"POST items"), secrets.token_bytes(16), bytes(32))
            await desk.writer.submit(Deliver(actor, delivery, claim))

        return await _cost(deliver, callers, seconds)

    return work


def _deciding(desk: Desk, homes: Sequence[Home]) -> Work:
    """Look at the streams of a dossier and of a reader, and decide: what a preview or a page does for each item."""
    readers = [reader.actor for reader in desk.stage.world.readers]

    async def once() -> None:
        home, reader = homes[secrets.randbelow(len(homes))], readers[secrets.randbelow(len(readers))]
        view = await desk.writer.look((home.dossier, *foreign_streams(reader)))
        facts = Facts(view.facts(home.dossier).value.rules, foreign_facts(reader, view, None))
        if not decide(_request(reader, home), facts, view.now).permitted:
            raise RuntimeError("the measured decision is no permit")

    async def work(seconds: float) -> float:
        return await _cost(once, CALLERS, seconds)

    return work


def _request(reader: Actor, home: Home) -> Request:
    item = ItemFacts(home.item.hex(), SECTION, "ordinary", "personal", "debt-record", home.dossier.hex())
    return Request(subject_of(reader, ROLE), "read", item, PURPOSE)


def _page(desk: Desk, home: Home) -> Work:
    lists = ItemLists(ItemStore(desk.stage.pool), desk.writer)
    reader = desk.stage.world.readers[0].actor
    asked = ListRequest(dossier=home.dossier, role=ROLE, purpose=PURPOSE, reason=REASON)

    async def work(seconds: float) -> float:
        return await _cost(lambda: lists.page(reader, asked), 1, seconds)

    return work
