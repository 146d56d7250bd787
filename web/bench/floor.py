"""The floors of what goes over HTTP: bare handlers on the same server, with no more than the work itself needs.

A reading: one call that locks a head, reads the item, appends and chains one event, in a handler of the framework that
the service uses, and below `/bare/` in none. A page of a list: one SELECT and
its JSON. A large part: segments as files, or, under another path, as files that were hashed and brought to the disk, as
the service's are. No authentication, no decision, no signature, no promise.
`python -m web.bench.floor PORT FOLDER` serves them; the database's URL comes on standard input, where no other process
sees it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import post

from dossier import database
from web.application import Application

PATIENCE = 60
"""Seconds to wait for a connection: what a checkpoint holds up is measured, not given up."""

SETUP = """
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE IF NOT EXISTS floor.event (
    stream bytea NOT NULL, seq bigint NOT NULL, leaf bytea NOT NULL, payload bytea NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE IF NOT EXISTS floor.head (stream bytea PRIMARY KEY, seq bigint NOT NULL, leaf bytea NOT NULL);
CREATE TABLE IF NOT EXISTS floor.item (item bytea PRIMARY KEY, content bytea NOT NULL);
CREATE TABLE IF NOT EXISTS floor.page (
    dossier bytea NOT NULL, item bytea NOT NULL, header bytea NOT NULL, sealed_key bytea NOT NULL,
    sealed_metadata bytea NOT NULL, PRIMARY KEY (dossier, item));
CREATE OR REPLACE FUNCTION floor.read_chain(wanted bytea, fresh bytea, kept bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE at bigint; found bytea;
BEGIN
    SELECT seq + 1 INTO at FROM floor.head WHERE stream = wanted FOR UPDATE;
    SELECT content INTO found FROM floor.item WHERE item = wanted;
    INSERT INTO floor.event VALUES (wanted, at, fresh, kept);
    UPDATE floor.head SET seq = at, leaf = fresh WHERE stream = wanted;
    RETURN found;
END $$;
"""
PAGE = """
INSERT INTO floor.page SELECT i.dossier, i.item, v.header, v.sealed_key, v.sealed_metadata
FROM dossier.item i JOIN dossier.item_version v ON v.bucket = i.bucket AND v.item = i.item
WHERE i.bucket = audit.bucket($1) AND i.dossier = $1 ON CONFLICT DO NOTHING
"""
LEAF, PAYLOAD, PAGE_SIZE = 97, 500, 100


async def fill(owner_url: str, service_role: str, items: list[bytes], size: int, listed: bytes | None) -> None:
    """Make the floor's tables and rows, and let the service's role use them; `listed` is the dossier of the list."""
    pool = await database.open_pool(owner_url, smallest=1, largest=1, statement_seconds=300)
    try:
        await pool.execute(SETUP)
        await pool.execute(f"GRANT USAGE ON SCHEMA floor TO {service_role}")
        await pool.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA floor TO {service_role}")
        await pool.execute(f"GRANT EXECUTE ON FUNCTION floor.read_chain TO {service_role}")
        rows = [(item, secrets.token_bytes(size)) for item in items]
        await pool.executemany("INSERT INTO floor.item VALUES ($1, $2) ON CONFLICT DO NOTHING", rows)
        heads = [(item, 0, bytes(32)) for item in items]
        await pool.executemany("INSERT INTO floor.head VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", heads)
        if listed is not None:
            await pool.execute(PAGE, listed)
    finally:
        await pool.close()


async def naive(pool: Any, item: bytes) -> None:
    """The floor below HTTP: read the row, insert an event, commit; four round trips."""
    async with pool.acquire(timeout=PATIENCE) as connection:
        await connection.execute("BEGIN")
        await connection.fetchval("SELECT content FROM floor.item WHERE item = $1", item)
        leaf, payload, seq = secrets.token_bytes(LEAF), secrets.token_bytes(PAYLOAD), secrets.randbits(62)
        await connection.execute("INSERT INTO floor.event VALUES ($1, $2, $3, $4)", item, seq, leaf, payload)
        await connection.execute("COMMIT")


class Floor:
    """The bare ASGI application."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._pool: Any = None
        self._framework = self._handlers()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer by the first word of the path and its last."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        words = scope["path"].split("/")
        if words[1] == "v1":
            await self._framework(scope, receive, send)
            return
        body = await _body(receive)
        if words[1] == "pages":
            await _answer(send, 200, await self._page(bytes.fromhex(words[2])))
        elif words[1] in {"files", "kept"}:
            await self._file(scope["method"], self._folder / words[2], body, send, kept=words[1] == "kept")
        else:
            await _answer(send, 201, await self._read(bytes.fromhex(words[3])))

    def _handlers(self) -> Application:
        @post("/v1/items/{item:str}/readings", media_type="application/octet-stream")
        async def reading(item: str, body: bytes) -> bytes:
            del body
            return await self._read(bytes.fromhex(item))

        return Application([reading], openapi_config=None)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._pool = await database.open_pool(self._url, smallest=8, largest=16)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._pool.terminate()
        await send({"type": "lifespan.shutdown.complete"})

    async def _read(self, item: bytes) -> bytes:
        async with self._pool.acquire() as connection:
            content: bytes = await connection.fetchval(
                "SELECT floor.read_chain($1, $2, $3)", item, secrets.token_bytes(LEAF), secrets.token_bytes(PAYLOAD)
            )
        return content

    async def _page(self, dossier: bytes) -> bytes:
        rows = await self._pool.fetch(
            "SELECT item, header, sealed_key, sealed_metadata FROM floor.page WHERE dossier = $1 LIMIT $2",
            dossier,
            PAGE_SIZE,
        )
        return msgspec.json.encode({"items": [dict(row) for row in rows]})

    async def _file(self, method: str, path: Path, body: bytes, send: Any, *, kept: bool) -> None:
        if method == "GET":
            await _answer(send, 200, await asyncio.to_thread(path.read_bytes))
            return
        await asyncio.to_thread(_keep if kept else Path.write_bytes, path, body)
        await _answer(send, 201, b"")


def _keep(path: Path, body: bytes) -> None:
    """Write a file, bring it and its name to the disk, and hash it."""
    path.write_bytes(body)
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    hashlib.sha256(body).digest()


async def _body(receive: Any) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Any, status: int, content: bytes) -> None:
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


def main(arguments: list[str]) -> None:
    """Serve on loopback until the process is ended."""
    url = sys.stdin.readline().strip()
    server = Server(
        Floor(url, Path(arguments[1])),
        address="127.0.0.1",
        port=int(arguments[0]),
        interface=Interfaces.ASGI,
        log_enabled=False,
    )
    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(server.serve())


def event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """How to make a loop like the service's."""
    from uvloop import new_event_loop  # noqa: PLC0415 - absent on some platforms, where nothing is measured

    return new_event_loop


if __name__ == "__main__":
    main(sys.argv[1:])
