"""Memory of the service: after so many readings over HTTP, and how much the second half of them added (T9)."""

from __future__ import annotations

from collections.abc import Mapping

from web.bench.reading import CONNECTIONS
from web.bench.rounds import Measure, Several
from web.bench.stage import Stage

AT_ONCE = 5_000
LONGEST = 600.0
"""Seconds after which a load of so many readings is given up."""


def measures(stage: Stage, reads: int) -> list[Measure]:
    """One round only: what was read before counts too."""

    async def work(_seconds: float) -> Mapping[str, float]:
        before = stage.memory()
        await _read(stage, reads // 2)
        halfway = stage.memory()
        await _read(stage, reads - reads // 2)
        after = stage.memory()
        return {"before": before, "after": after, "growth": max(after - halfway, 0.0)}

    run, words = Several(work), f"{reads:,} readings"
    return [
        Measure(f"memory before {words}", "MiB", run.figure("before"), inverse=True),
        Measure(f"memory after {words}", "MiB", run.figure("after"), inverse=True, limit=100, goal="T9"),
        Measure("growth over the second half", "MiB", run.figure("growth"), inverse=True, limit=5, goal="T9"),
    ]


async def _read(stage: Stage, count: int) -> None:
    items = stage.world.items(1)
    for at in range(0, count, AT_ONCE):
        requests = stage.readings(items, min(AT_ONCE, count - at))
        await stage.send(stage.service_port, requests, CONNECTIONS, LONGEST)
