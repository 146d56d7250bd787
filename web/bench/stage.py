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
from collections.abc import AsyncIterator, Callable, Sequence
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
from web.bench.load import write_requests
from web.bench.world import ITEM_BYTES, Reader, World, build_world
from web.keys import load_keys
from web.publishing import found_log
from web.settings import Settings, load_settings
from web.signin.store import SignInStore
from web.wiring import embedded_cluster

START_SECONDS = 60


@dataclass
class Stage:
    """Everything that runs, and where it listens on loopback."""

    folder: Path
    world: World
    service_port: int
    floor_port: int
    service: subprocess.Popen[bytes]
    pool: Any

    async def read(self, port: int, items: Sequence[bytes], connections: int, seconds: float) -> dict[str, Any]:
        """Send readings of these items, each by some reader, for so many seconds; return the load's figures."""
        count = int(seconds * 3_000) + connections
        path = self.folder / "requests"
        await asyncio.to_thread(write_requests, path, self._requests(items, count))
        arguments = [sys.executable, "-m", "web.bench.load", str(port), str(path), str(connections), str(seconds)]
        process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        found: dict[str, Any] = json.loads(output)
        # Only what was released counts; a service that is too busy says so, and anything else is a fault of the bench.
        if not {"201", "503"} >= set(found["statuses"]) >= {"201"}:
            raise RuntimeError(f"measured readings were answered otherwise: {found['statuses']}")
        released = found["statuses"]["201"]
        return found | {"rate": found["rate"] * released / sum(found["statuses"].values())}

    def memory(self) -> float:
        """Resident memory of the service, in MiB."""
        for line in Path(f"/proc/{self.service.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _requests(self, items: Sequence[bytes], count: int) -> Any:
        now, readers = int(time.time()), self.world.readers
        for at in range(count):
            reader = readers[at % len(readers)]
            yield request_bytes(reader, items[secrets.randbelow(len(items))], now)


def request_bytes(reader: Reader, item: bytes, now: int) -> bytes:
    """One reading as it goes over the wire."""
    nonce, envelope = reader.request(item, now)
    body = b'{"request":"%s"}' % encode_base64(envelope).encode()
    lines = (
        f"POST /v1/items/{item.hex()}/readings HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {reader.token}",
        f"Idempotency-Key: {nonce}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def open_stage(
    folder: Path, readers: int, dossiers: dict[int, int], progress: Callable[[str], None]
) -> AsyncIterator[Stage]:
    """Build and start everything below a folder; on leaving, all of it is stopped."""
    port, floor_port = _free_port(), _free_port()
    settings = load_settings({}, data_dir=folder, port=port, log_level="error")
    cluster = embedded_cluster(settings)
    await asyncio.to_thread(cluster.start)
    processes: list[subprocess.Popen[bytes]] = []
    ended: list[Callable[[], None]] = []
    try:
        urls = await database.prepare_embedded(cluster)
        await database.migrate(urls.owner)
        pool = await database.open_pool(urls.service)
        ended.append(pool.terminate)
        world = await _fill(settings, pool, readers, dossiers, progress)
        items = [item for some in world.items.values() for item in some]
        progress("filling the floor")
        await floor.fill(urls.owner, database.SERVICE, items, ITEM_BYTES)
        command = [sys.executable, "-m", "web.cli", "serve", "--port", str(port), "--data-dir", str(folder)]
        environment = {**os.environ, "DOSSIER_LOG_LEVEL": "error"}
        service = subprocess.Popen(command, env=environment)  # noqa: ASYNC220, S603 - our own command, not waited for
        processes.append(service)
        bare = [sys.executable, "-m", "web.bench.floor", str(floor_port)]
        processes.append(subprocess.Popen(bare, stdin=subprocess.PIPE))  # noqa: ASYNC220, S603 - as above
        _tell(processes[-1], urls.service)
        await _ready(port, floor_port)
        yield Stage(folder, world, port, floor_port, service, pool)
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


async def _fill(
    settings: Settings, pool: Any, readers: int, dossiers: dict[int, int], progress: Callable[[str], None]
) -> World:
    keys = load_keys(settings)
    await found_log(pool, keys)
    writer = Writer(
        pool,
        FileMonthKeys(settings.data_dir / "keys" / "months"),
        Signer(keys.origin, keys.promise_name, keys.promise),
        Compiler(shipped_catalogues()),
        Loader(),
        limits=WriterLimits(deadline=60_000, patience=60_000),
    )
    await writer.start()
    try:
        return await build_world(writer, SignInStore(pool), readers, dossiers, progress)
    finally:
        await writer.stop()


def _tell(process: subprocess.Popen[bytes], line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(line.encode() + b"\n")
        process.stdin.close()


async def _ready(service_port: int, floor_port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
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
