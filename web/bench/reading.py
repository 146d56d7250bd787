"""Readings over HTTP with 32 connections: spread, on one dossier, with many consents (T1, T3, T4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from web.bench.rounds import Measure, Several, Work
from web.bench.stage import Stage

CONNECTIONS = 32
FEW = 50
"""Consents up to which T4 wants 0.75 of the rate with one; 0.7 with more."""


def measures(stage: Stage) -> list[Measure]:
    """Readings a second and p99, against the bare handler's chained read of the same items in the same rounds."""
    spread = stage.world.items(1)
    handler, ours = _load(stage, stage.floor_port, spread), _load(stage, stage.service_port, spread)
    hot = _load(stage, stage.service_port, spread[:1])
    floor, name, one = "floor: chained read", "reading, spread", "reading, one dossier"
    found = [
        Measure(f"{floor}, no framework", "1/s", _rate(stage, stage.floor_port, spread, b"/bare/")),
        Measure(floor, "1/s", handler.figure("rate")),
        Measure(name, "1/s", ours.figure("rate"), floor, 0.6, goal="T1"),
        Measure(f"{floor}, p99", "ms", handler.figure("p99"), inverse=True),
        Measure(f"{name}, p99", "ms", ours.figure("p99"), f"{floor}, p99", 1 / 1.5, inverse=True, goal="T1"),
        Measure(one, "1/s", hot.figure("rate"), name, 0.8, goal="T3"),
        Measure(f"{one}, p99", "ms", hot.figure("p99"), f"{name}, p99", 0.5, inverse=True, goal="T3"),
    ]
    for count in sorted(stage.world.homes):
        if count > 1:
            work = _rate(stage, stage.service_port, stage.world.items(count))
            target = 0.75 if count <= FEW else 0.7
            found.append(Measure(f"reading, {count} consents", "1/s", work, name, target, goal="T4"))
    return found


def _rate(stage: Stage, port: int, items: Sequence[bytes], below: bytes = b"/v1/") -> Work:
    async def work(seconds: float) -> float:
        return float((await stage.read(port, items, CONNECTIONS, seconds, below))["rate"])

    return work


def _load(stage: Stage, port: int, items: Sequence[bytes]) -> Several:
    async def work(seconds: float) -> Mapping[str, float]:
        found = await stage.read(port, items, CONNECTIONS, seconds)
        return {"rate": float(found["rate"]), "p99": float(found["p99"])}

    return Several(work)
