"""The floor of a reading: a bare handler that locks a head, reads the item, appends and chains one event, in one call.

No authentication, no decision, no signature, no promise: what no audited read over HTTP can do without.
`python -m web.bench.floor PORT` serves it; the database's URL comes on standard input, where no other process sees it.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from dossier import database

SETUP = """
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE IF NOT EXISTS floor.event (
    stream bytea NOT NULL, seq bigint NOT NULL, leaf bytea NOT NULL, payload bytea NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE IF NOT EXISTS floor.head (stream bytea PRIMARY KEY, seq bigint NOT NULL, leaf bytea NOT NULL);
CREATE TABLE IF NOT EXISTS floor.item (item bytea PRIMARY KEY, content bytea NOT NULL);
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
LEAF, PAYLOAD = 97, 500


async def fill(owner_url: str, service_role: str, items: list[bytes], size: int) -> None:
    """Make the floor's tables and rows, and let the service's role use them."""
    pool = await database.open_pool(owner_url, smallest=1, largest=1)
    try:
        await pool.execute(SETUP)
        await pool.execute(f"GRANT USAGE ON SCHEMA floor TO {service_role}")
        await pool.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA floor TO {service_role}")
        await pool.execute(f"GRANT EXECUTE ON FUNCTION floor.read_chain TO {service_role}")
        rows = [(item, secrets.token_bytes(size)) for item in items]
        await pool.executemany("INSERT INTO floor.item VALUES ($1, $2) ON CONFLICT DO NOTHING", rows)
        heads = [(item, 0, bytes(32)) for item in items]
        await pool.executemany("INSERT INTO floor.head VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", heads)
    finally:
        await pool.close()


async def naive(pool: Any, item: bytes) -> None:
    """The floor below HTTP: read the row, insert an event, commit; four round trips."""
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.fetchval("SELECT content FROM floor.item WHERE item = $1", item)
        leaf, payload, seq = secrets.token_bytes(LEAF), secrets.token_bytes(PAYLOAD), secrets.randbits(62)
        await connection.execute("INSERT INTO floor.event VALUES ($1, $2, $3, $4)", item, seq, leaf, payload)
        await connection.execute("COMMIT")


class Floor:
    """The bare ASGI application."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer every POST whose path holds an item's hex id."""
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await database.open_pool(self._url, smallest=8, largest=16)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._pool.terminate()
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            continue
        item = bytes.fromhex(scope["path"].split("/")[3])
        async with self._pool.acquire() as connection:
            content = await connection.fetchval(
                "SELECT floor.read_chain($1, $2, $3)", item, secrets.token_bytes(LEAF), secrets.token_bytes(PAYLOAD)
            )
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": content, "more_body": False})


def main(arguments: list[str]) -> None:
    """Serve on loopback until the process is ended."""
    url = sys.stdin.readline().strip()
    server = Server(
        Floor(url), address="127.0.0.1", port=int(arguments[0]), interface=Interfaces.ASGI, log_enabled=False
    )
    with asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(server.serve())


def _loop() -> Any:
    from uvloop import new_event_loop  # noqa: PLC0415 - absent on some platforms, where nothing is measured

    return new_event_loop


if __name__ == "__main__":
    main(sys.argv[1:])
