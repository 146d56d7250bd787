"""Pages of a long list over HTTP, decided and logged, against a bare SELECT of as many rows (T7)."""

from __future__ import annotations

from web.bench.homes import PURPOSE, REASON, Home
from web.bench.rounds import Measure, Work
from web.bench.stage import Stage, request_bytes

CONNECTIONS = 4
SIZE = 100
MOST_RATE = 1_000


def measures(stage: Stage, listed: Home, items: int) -> list[Measure]:
    """Pages of 100 a second from a dossier of so many items."""
    token = stage.world.readers[0].token
    headers = {"Dossier-Purpose": PURPOSE, "Dossier-Reason": REASON}
    ours = request_bytes("GET", f"/v1/dossiers/{listed.dossier.hex()}/items?size={SIZE}", token, headers)
    bare = request_bytes("GET", f"/pages/{listed.dossier.hex()}", "", {})
    floor, name = f"floor: SELECT of {SIZE} rows as JSON", f"page of {SIZE} of {items:,} items"
    return [
        Measure(floor, "1/s", _pages(stage, stage.floor_port, bare)),
        Measure(name, "1/s", _pages(stage, stage.service_port, ours), floor, 0.5, goal="T7"),
    ]


def _pages(stage: Stage, port: int, request: bytes) -> Work:
    async def work(seconds: float) -> float:
        requests = [request] * int(seconds * MOST_RATE)
        return float((await stage.send(port, requests, CONNECTIONS, seconds, "200"))["rate"])

    return work
