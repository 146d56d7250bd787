"""Readings over HTTP with 32 connections: spread, on one dossier, with many consents; memory (T1, T3, T4, T9)."""

from __future__ import annotations

from collections.abc import Sequence

from web.bench.rounds import Measure, Work
from web.bench.stage import Stage

CONNECTIONS = 32


def measures(stage: Stage, many: Sequence[int] = (50, 500)) -> list[Measure]:
    """Readings a second and p99, against the bare handler's chained read of the same items in the same rounds."""
    spread = stage.world.items[1]
    service, bare = stage.service_port, stage.floor_port
    floor, chained = "floor: chained read", "floor: chained read, p99"
    found = [
        Measure(floor, "1/s", _rate(stage, bare, spread)),
        Measure("reading, spread", "1/s", _rate(stage, service, spread), floor, 0.6),
        Measure(chained, "ms", _p99(stage, bare, spread), inverse=True),
        Measure("reading, spread, p99", "ms", _p99(stage, service, spread), chained, 1 / 1.5, inverse=True),
        Measure("reading, one dossier", "1/s", _rate(stage, service, spread[:1]), "reading, spread", 0.8),
    ]
    for count in many:
        target = 0.75 if count <= 50 else 0.7  # noqa: PLR2004 - the targets of T4
        work = _rate(stage, service, stage.world.items[count])
        found.append(Measure(f"reading, {count} consents", "1/s", work, "reading, spread", target))
    found.append(Measure("memory of the service", "MiB", _memory(stage), inverse=True, target=100))
    return found


def _rate(stage: Stage, port: int, items: Sequence[bytes]) -> Work:
    async def work(seconds: float) -> float:
        return float((await stage.read(port, items, CONNECTIONS, seconds))["rate"])

    return work


def _p99(stage: Stage, port: int, items: Sequence[bytes]) -> Work:
    async def work(seconds: float) -> float:
        return float((await stage.read(port, items, CONNECTIONS, seconds))["p99"])

    return work


def _memory(stage: Stage) -> Work:
    async def work(_seconds: float) -> float:
        return stage.memory()

    return work
