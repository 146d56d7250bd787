"""What an operator does to the database under a running service: stop it, let it go on, kill it, set its clock."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from dossier.database import embedded_urls
from dossier.embedded import Cluster
from tests.faults.service import Service

NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


def family(service: Service) -> list[int]:
    """PostgreSQL's processes, the postmaster first."""
    pid = service.postmaster
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split())]


def tell_all(processes: list[int], wanted: signal.Signals) -> None:
    """Send a signal to processes, some of which may be gone."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, wanted)


@contextmanager
def hung(service: Service) -> Iterator[None]:
    """The database takes connections and answers nothing, as when its disk hangs."""
    stopped = family(service)
    tell_all(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        tell_all(stopped, signal.SIGCONT)


@contextmanager
def clock_behind(service: Service, milliseconds: int) -> Iterator[None]:
    """The database's clock is set back."""
    _set_clock(service, -milliseconds)
    try:
        yield
    finally:
        _set_clock(service, 0)


def _set_clock(service: Service, offset: int) -> None:
    asyncio.run(
        _as_owner(
            service,
            f"""
        CREATE OR REPLACE FUNCTION audit.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
        AS $$ {NOW} + {offset} $$
    """,
        )
    )


async def _as_owner(service: Service, statement: str) -> None:
    cluster = Cluster(service.data)
    await asyncio.to_thread(cluster.start)
    try:
        connection = await asyncpg.connect(embedded_urls(cluster).owner)
        await connection.execute(statement)
        await connection.close()
    finally:
        await asyncio.to_thread(cluster.stop)  # the service still uses it: it stays
