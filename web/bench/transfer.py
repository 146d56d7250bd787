"""A large part uploaded to the service and downloaded again, against bare handlers that keep the same bytes (T14)."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto.encoding import encode_base64
from crypto.items import ItemSealer
from dossier.items.segments import SEGMENT_SIZE
from web.bench.filework import write_random
from web.bench.homes import Home, Source
from web.bench.processes import forget_peak, peak, resident
from web.bench.rounds import Measure, Several
from web.bench.stage import Stage

TIMEOUT = 120
BODY = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Sealed:
    """A large part as a file of ciphertext, and the rest of its delivery."""

    path: Path
    length: int
    digest: str
    item: bytes
    body: dict[str, Any]


class Wire:
    """One connection to a server on loopback; it answers with the body, and anything but success is an error."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._headers = {"Host": "localhost", **({"Authorization": f"Bearer {token}"} if token else {})}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Send one request and read its answer."""
        self._connection.request(method, path, body, self._headers | dict(headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - success
            raise RuntimeError(f"a transfer was answered {answer.status}")
        return content

    def post(self, path: str, value: Mapping[str, Any], key: str = "") -> Any:
        """Post JSON under an idempotency key."""
        headers = {**JSON, "Idempotency-Key": key or secrets.token_hex(16)}
        return json.loads(self.send("POST", path, json.dumps(value).encode(), headers))


async def measures(stage: Stage, size: int) -> list[Measure]:
    """MB/s up and down of `size` bytes in segments over one connection, and the memory that the service needed."""
    home, world = stage.world.homes[1][0], stage.world
    sealed = await asyncio.to_thread(_seal, stage.folder, home, world.source, size)
    await asyncio.to_thread(_deliver, stage, home, sealed)
    words = f"{size // 10**6} MB"
    up, down = _watched(stage, lambda: _upload(stage, home, sealed)), _watched(stage, lambda: _download(stage, sealed))
    bare_up = _watched(stage, lambda: _bare_upload(stage.floor_port, sealed, "files"))
    kept_up = _watched(stage, lambda: _bare_upload(stage.floor_port, sealed, "kept"))
    bare_down = _watched(stage, lambda: _bare_download(stage.floor_port, sealed))
    floors = f"floor: upload of {words}", f"floor: download of {words}"
    names = f"upload of {words}", f"download of {words}"
    return [
        Measure(floors[0], "MB/s", bare_up.figure("rate")),
        Measure(f"{floors[0]}, hashed and on the disk", "MB/s", kept_up.figure("rate"), floors[0]),
        Measure(names[0], "MB/s", up.figure("rate"), floors[0], 0.5, goal="T14"),
        Measure(floors[1], "MB/s", bare_down.figure("rate")),
        Measure(names[1], "MB/s", down.figure("rate"), floors[1], 0.5, goal="T14"),
        Measure(f"memory for an {names[0]}", "MiB", up.figure("growth"), inverse=True, limit=16, goal="T14"),
        Measure(f"memory for a {names[1]}", "MiB", down.figure("growth"), inverse=True, limit=16, goal="T14"),
    ]


def _watched(stage: Stage, work: Callable[[], int]) -> Several:
    """Time a transfer of so many bytes, and see how far the service's memory rose above what it was before."""

    async def run(_seconds: float) -> Mapping[str, float]:
        process = stage.service.pid
        forget_peak(process)
        before, begun = resident(process), time.perf_counter()
        sent = await asyncio.to_thread(work)
        took = time.perf_counter() - begun
        return {"rate": sent / took / 1e6, "growth": max(peak(process) - before, 0.0)}

    return Several(run)


def _seal(folder: Path, home: Home, source: Source, size: int) -> Sealed:
    """Seal random bytes piece by piece, as an agency does."""
    plain, path = folder / "plain", folder / "sealed"
    write_random(plain, size)
    core = home.core(source)
    metadata = {"title": "bijlage", "parts": [{"name": "bijlage", "mediaType": "application/pdf"}], "view": ""}
    sealer = ItemSealer(core, home.public, metadata)
    part = sealer.part(0)
    with plain.open("rb") as file, path.open("wb") as sink:
        while piece := file.read(1 << 20):
            sink.write(part.update(piece))
        sink.write(part.finish())
    plain.unlink()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    header = sealer.finish(source.signing)
    body = {
        "header": encode_base64(header.envelope),
        "sealedKey": encode_base64(sealer.sealed_key),
        "sealedMetadata": encode_base64(sealer.sealed_metadata),
    }
    return Sealed(path, path.stat().st_size, digest, core.item, body)


def _deliver(stage: Stage, home: Home, sealed: Sealed) -> None:
    """Upload once, and make an item of it that may be read."""
    with closing(Wire(stage.service_port, stage.world.token)) as wire:
        upload = _send_segments(wire, home, sealed)
        wire.post(f"/v1/dossiers/{home.dossier.hex()}/items", {**sealed.body, "parts": [{"upload": upload}]})


def _upload(stage: Stage, home: Home, sealed: Sealed) -> int:
    with closing(Wire(stage.service_port, stage.world.token)) as wire:
        _send_segments(wire, home, sealed)
    return sealed.length


def _send_segments(wire: Wire, home: Home, sealed: Sealed) -> str:
    announced = {"length": sealed.length, "hash": sealed.digest}
    upload: str = wire.post(f"/v1/dossiers/{home.dossier.hex()}/uploads", announced)["upload"]
    with sealed.path.open("rb") as file:
        for at in range(0, sealed.length, SEGMENT_SIZE):
            wire.send("PATCH", f"/v1/uploads/{upload}", file.read(SEGMENT_SIZE), {**BODY, "Upload-Offset": str(at)})
    return upload


def _download(stage: Stage, sealed: Sealed) -> int:
    """Ask for a reading and fetch its part range by range; the ciphertext is that which was uploaded."""
    reader = stage.world.readers[0]
    nonce, envelope = reader.request(sealed.item, int(time.time()))
    digest = hashlib.sha256()
    with closing(Wire(stage.service_port, reader.token)) as wire:
        body = {"request": encode_base64(envelope)}
        reading = wire.post(f"/v1/items/{sealed.item.hex()}/readings", body, nonce)["reading"]
        for at in range(0, sealed.length, SEGMENT_SIZE):
            wanted = {"Range": f"bytes={at}-{min(at + SEGMENT_SIZE, sealed.length) - 1}"}
            digest.update(wire.send("GET", f"/v1/readings/{reading}/parts/0", headers=wanted))
    if digest.hexdigest() != sealed.digest:
        raise RuntimeError("what came down is not what went up")
    return sealed.length


def _bare_upload(port: int, sealed: Sealed, place: str) -> int:
    with closing(Wire(port)) as wire, sealed.path.open("rb") as file:
        for at in range(0, sealed.length, SEGMENT_SIZE):
            wire.send("PUT", f"/{place}/{at // SEGMENT_SIZE}", file.read(SEGMENT_SIZE), BODY)
    return sealed.length


def _bare_download(port: int, sealed: Sealed) -> int:
    digest = hashlib.sha256()
    with closing(Wire(port)) as wire:
        for at in range(0, sealed.length, SEGMENT_SIZE):
            digest.update(wire.send("GET", f"/files/{at // SEGMENT_SIZE}"))
    if digest.hexdigest() != sealed.digest:
        raise RuntimeError("what came down is not what went up")
    return sealed.length
