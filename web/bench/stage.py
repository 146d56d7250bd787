"""The stage of a measurement: a fresh database with a world in it, the real service and the floor in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from audit.batch import Signer
from audit.writer import Writer, WriterLimits
from consent.catalogue import shipped_catalogues
from crypto.encoding import encode_base64
from dossier import database
from dossier.facts.compiler import Compiler
from dossier.monthkeys import FileMonthKeys
from dossier.store import Loader
from web.bench import floor
from web.bench.homes import ITEM_BYTES, Fill, Home
from web.bench.load import write_requests
from web.bench.processes import resident
from web.bench.world import Reader, World, add_homes, build_world
from web.keys import ServiceKeys, load_keys
from web.publishing import found_log
from web.settings import load_settings
from web.signin.store import SignInStore
from web.wiring import embedded_cluster

START_SECONDS = 60
MOST_RATE = 5_000
"""Readings a second for which requests are prepared."""

POOL = 10
"""Connections of this process, beside those of the service, of the floor and of the naive callers: 80 in all."""

FILLED_AT_ONCE = 40
LIMITS = WriterLimits(deadline=60_000, patience=60_000)
"""Nothing that is measured is given up for lateness."""


@dataclass
class Stage:
    """Everything that runs, and where it listens on loopback. `listed` is the dossier with many items, if wanted."""

    folder: Path
    world: World
    service_port: int
    floor_port: int
    service: subprocess.Popen[bytes]
    pool: Any
    urls: database.DatabaseUrls
    keys: ServiceKeys
    listed: Home | None

    async def read(
        self, port: int, items: Sequence[bytes], connections: int, seconds: float, below: bytes = b"/v1/"
    ) -> dict[str, Any]:
        """Send readings of these items, each by some reader, for so many seconds; return the load's figures."""
        requests = self.readings(items, int(seconds * MOST_RATE) + connections)
        moved = (each.replace(b" /v1/", b" " + below, 1) for each in requests)
        return await self.send(port, moved, connections, seconds)

    async def send(
        self, port: int, requests: Iterable[bytes], connections: int, seconds: float, good: str = "201"
    ) -> dict[str, Any]:
        """Send requests until they or the time are over; return the load's figures. Only answers `good` count."""
        path = self.folder / "requests"
        await asyncio.to_thread(write_requests, path, iter(requests))
        arguments = [sys.executable, "-P", "-m", "web.bench.load", str(port), str(path), str(connections), str(seconds)]
        process = await asyncio.create_subprocess_exec(
            *arguments, stdout=asyncio.subprocess.PIPE, env=plain_environment()
        )
        output, _ = await process.communicate()
        found: dict[str, Any] = json.loads(output)
        statuses = found["statuses"]
        # A service that is too busy says so, and anything else is a fault of the bench.
        if not statuses or not {good, "503"} >= set(statuses):
            raise RuntimeError(f"measured requests were answered otherwise: {statuses}")
        return found | {"rate": found["rate"] * statuses.get(good, 0) / sum(statuses.values())}

    def readings(self, items: Sequence[bytes], count: int) -> Iterable[bytes]:
        """So many reading requests for items drawn at random, the readers taking turns."""
        now, readers = int(time.time()), self.world.readers
        for at in range(count):
            yield reading_bytes(readers[at % len(readers)], items[secrets.randbelow(len(items))], now)

    def memory(self) -> float:
        """Resident memory of the service, in MiB."""
        return resident(self.service.pid)

    async def quiet(self) -> None:
        """Wait until the sequencer has nothing left to do."""
        while await self.pool.fetchval("SELECT EXISTS (SELECT FROM audit.pending)"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def reading_bytes(reader: Reader, item: bytes, now: int) -> bytes:
    """One reading as it goes over the wire."""
    nonce, envelope = reader.request(item, now)
    body = b'{"request":"%s"}' % encode_base64(envelope).encode()
    headers = {"Idempotency-Key": nonce, "Content-Type": "application/json"}
    return request_bytes("POST", f"/v1/items/{item.hex()}/readings", reader.token, headers, body)


def request_bytes(method: str, path: str, token: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def open_stage(
    folder: Path, readers: int, dossiers: dict[int, int], progress: Callable[[str], None], listed: int = 0
) -> AsyncIterator[Stage]:
    """Build and start everything below a folder, with a dossier of `listed` items; on leaving, all of it is stopped."""
    port, floor_port = _free_port(), _free_port()
    settings = load_settings({}, data_dir=folder, port=port, log_level="error")
    cluster = embedded_cluster(settings)
    progress("a fresh database")
    await asyncio.to_thread(cluster.start)
    processes: list[subprocess.Popen[bytes]] = []
    ended: list[Callable[[], None]] = []
    try:
        urls = await database.prepare_embedded(cluster)
        await database.migrate(urls.owner)
        pool = await database.open_pool(urls.service, largest=POOL)
        ended.append(pool.terminate)
        keys = load_keys(settings)
        await found_log(pool, keys)
        async with writing(pool, folder, keys) as writer:
            world = await build_world(writer, SignInStore(pool), readers, dossiers, progress)
            home = await _listed(writer, world, listed, progress) if listed else None
        items = [item for consents in world.homes for item in world.items(consents)]
        await floor.fill(urls.owner, database.SERVICE, items, ITEM_BYTES, home.dossier if home else None)
        progress("the service and the floor")
        processes += _start(folder, port, floor_port, urls.service)
        await _ready(processes, port, floor_port)
        yield Stage(folder, world, port, floor_port, processes[0], pool, urls, keys, home)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 20)
            process.kill()
        for end in ended:
            end()
        await asyncio.to_thread(cluster.destroy)


@asynccontextmanager
async def writing(pool: Any, folder: Path, keys: ServiceKeys, limits: WriterLimits = LIMITS) -> AsyncIterator[Writer]:
    """A group writer in this process, as the service has one in its own."""
    months, signer = FileMonthKeys(folder / "keys" / "months"), Signer(keys.origin, keys.promise_name, keys.promise)
    writer = Writer(pool, months, signer, Compiler(shipped_catalogues()), Loader(), limits=limits)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


async def fill_home(writer: Writer, world: World, home: Home, count: int) -> list[bytes]:
    """Add so many items to a dossier; return their ids."""
    made: list[bytes] = []
    for at in range(0, count, FILLED_AT_ONCE):
        sealed = [home.seal(world.source) for _ in range(min(FILLED_AT_ONCE, count - at))]
        await writer.submit(Fill(home, world.source, sealed))
        made += [header.core.item for header, _ in sealed]
    return made


async def _listed(writer: Writer, world: World, count: int, progress: Callable[[str], None]) -> Home:
    progress(f"a dossier of {count} items")
    (home,) = await add_homes(writer, world.source, 1)
    await fill_home(writer, world, home, count - 1)
    return home


def plain_environment() -> dict[str, str]:
    """The environment without settings of somebody else's service; our packages are found wherever they lie."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2])}


def _start(folder: Path, port: int, floor_port: int, url: str) -> list[subprocess.Popen[bytes]]:
    """Start the service and the floor. Nobody is bounded in reading and looking: that is what is measured."""
    files = folder / "floor"
    files.mkdir()
    environment = plain_environment()
    unbounded = {"DOSSIER_READING_LIMIT": "100000000", "DOSSIER_LOOK_LIMIT": "100000000"}
    settings = {"DOSSIER_LOG_LEVEL": "error", **unbounded}
    command = [sys.executable, "-P", "-m", "web.cli", "serve", "--port", str(port), "--data-dir", str(folder)]
    service = subprocess.Popen(command, env=environment | settings)  # noqa: S603 - our own command
    bare = [sys.executable, "-P", "-m", "web.bench.floor", str(floor_port), str(files)]
    beside = subprocess.Popen(bare, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - as above
    if beside.stdin is not None:
        beside.stdin.write(url.encode() + b"\n")
        beside.stdin.close()
    return [service, beside]


async def _ready(processes: Sequence[subprocess.Popen[bytes]], service_port: int, floor_port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and all(process.poll() is None for process in processes):
        if await asyncio.to_thread(_answers, service_port) and await asyncio.to_thread(_listens, floor_port):
            return
        await asyncio.sleep(0.2)
    raise RuntimeError("the service did not become ready")


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except OSError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
