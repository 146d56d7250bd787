"""What is measured, section by section, in the order in which it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from web.bench import (
    below,
    deciding,
    events,
    filework,
    growing,
    listing,
    logkeeping,
    memory,
    racing,
    reading,
    sealing,
    transfer,
)
from web.bench.rounds import Measure, Result, run_rounds
from web.bench.sizes import Sizes
from web.bench.stage import Stage, open_stage


@dataclass
class Bench:
    """One run: how much is measured, where files go, and the stage, which is built when a section first asks for it."""

    sizes: Sizes
    folder: Path
    progress: Callable[[str], None]
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _stage: Stage | None = None

    async def stage(self) -> Stage:
        """The world that most sections share."""
        if self._stage is None:
            sizes, folder = self.sizes, self.folder / "stage"
            opening = open_stage(folder, sizes.readers, sizes.dossiers, self.progress, sizes.list_items)
            self._stage = await self._open.enter_async_context(opening)
            warm = self._stage.world.items(1)
            await self._stage.read(self._stage.service_port, warm, reading.CONNECTIONS, sizes.load)
        return self._stage

    async def close(self) -> None:
        """Stop the stage, if there is one."""
        await self._open.aclose()

    async def quick(self, measures: Sequence[Measure]) -> list[Result]:
        """Rounds of what runs in this process alone."""
        return await run_rounds(measures, self.sizes.rounds, self.sizes.quick, self.progress)

    async def load(self, measures: Sequence[Measure]) -> list[Result]:
        """Rounds of a load on service or database."""
        return await run_rounds(measures, self.sizes.rounds, self.sizes.load, self.progress)


Section = Callable[[Bench], Awaitable[Sequence[Result]]]


async def _decisions(bench: Bench) -> Sequence[Result]:
    return await bench.quick(deciding.measures())


async def _keys(bench: Bench) -> Sequence[Result]:
    return await bench.quick(sealing.measures())


async def _log(bench: Bench) -> Sequence[Result]:
    return await bench.quick(logkeeping.measures(bench.sizes.log_entries, _made(bench.folder / "log")))


async def _files(bench: Bench) -> Sequence[Result]:
    return await bench.quick(filework.measures(_made(bench.folder / "files"), bench.sizes.file_bytes))


async def _readings(bench: Bench) -> Sequence[Result]:
    return await bench.load(reading.measures(await bench.stage()))


async def _below(bench: Bench) -> Sequence[Result]:
    stage = await bench.stage()
    async with below.open_desk(stage) as desk, below.naive_pool(stage) as pool:
        await desk.warm(stage.world.items(1))
        return await bench.load(below.measures(desk, pool))


async def _race(bench: Bench) -> Sequence[Result]:
    stage = await bench.stage()
    async with below.open_desk(stage) as desk:
        await desk.warm(stage.world.items(1))
        return await bench.load(await racing.measures(desk, bench.sizes.rounds, bench.sizes.withdrawals))


async def _lists(bench: Bench) -> Sequence[Result]:
    stage = await bench.stage()
    if stage.listed is None:
        raise RuntimeError("the stage has no long list")
    return await bench.load(listing.measures(stage, stage.listed, bench.sizes.list_items))


async def _events(bench: Bench) -> Sequence[Result]:
    return await bench.load(events.measures(await bench.stage()))


async def _transfers(bench: Bench) -> Sequence[Result]:
    return await bench.load(await transfer.measures(await bench.stage(), bench.sizes.part_bytes))


async def _memory(bench: Bench) -> Sequence[Result]:
    measures = memory.measures(await bench.stage(), bench.sizes.memory_reads)
    return await run_rounds(measures, 1, bench.sizes.load, bench.progress)


async def _growth(bench: Bench) -> Sequence[Result]:
    sizes = bench.sizes
    async with open_stage(bench.folder / "growth", sizes.readers, {1: sizes.dossier_steps[0]}, bench.progress) as stage:
        found = await growing.run_dossiers(stage, sizes, bench.progress)
        return found + await growing.run_items(stage, sizes, bench.progress)


SECTIONS: dict[str, tuple[str, Section]] = {
    "decisions": ("Decisions", _decisions),
    "keys": ("Keys and contents", _keys),
    "log": ("Log", _log),
    "files": ("Large files, whole processes", _files),
    "readings": ("Readings over HTTP, 32 connections", _readings),
    "memory": ("Memory of the service", _memory),
    "below": ("Readings below HTTP", _below),
    "race": ("Readings raced against withdrawals", _race),
    "lists": ("Lists over HTTP, 4 connections", _lists),
    "events": ("Durable events", _events),
    "transfers": ("Large parts over HTTP, one connection", _transfers),
    "growth": ("Growth", _growth),
}
"""By the name that `--only` takes: title and work."""


async def run_sections(
    names: Sequence[str], sizes: Sizes, folder: Path, progress: Callable[[str], None]
) -> dict[str, Sequence[Result]]:
    """Run these sections in order; results by title."""
    found: dict[str, Sequence[Result]] = {}
    async with _bench(sizes, folder, progress) as bench:
        for name in names:
            title, section = SECTIONS[name]
            found[title] = await section(bench)
    return found


@asynccontextmanager
async def _bench(sizes: Sizes, folder: Path, progress: Callable[[str], None]) -> AsyncIterator[Bench]:
    bench = Bench(sizes, folder, progress)
    try:
        yield bench
    finally:
        await bench.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
