"""The log of this service: founded once, sequenced as long as the service runs, and a gate that closes when it lags."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from audit import logstore
from audit.control import encode_identity
from audit.files import LogFolder
from audit.sequencer import Sequencer
from dossier import faults
from web.keys import ServiceKeys
from web.settings import Settings

MOST_LAG_MS = 30_000
"""Above this nothing new is released: what was promised must be in the log within a minute (design 6)."""

FOUNDER = 1


@asynccontextmanager
async def publishing(settings: Settings, pool: Any, keys: ServiceKeys) -> AsyncIterator[Sequencer]:
    """Run the sequencer; what it publishes is the folder `log` of the data directory."""
    await found_log(pool, keys)
    folder = LogFolder(log_folder(settings))
    sequencer = Sequencer(pool, folder, keys.origin, keys.log, on_point=faults.point)
    await sequencer.start()
    try:
        yield sequencer
    finally:
        await sequencer.stop()


def log_folder(settings: Settings) -> Path:
    """Where the published log lies."""
    return settings.data_dir / "log"


async def found_log(pool: Any, keys: ServiceKeys) -> None:
    """Make control leaf 0, which names every key that clients pin, unless the log has begun."""
    async with pool.acquire() as connection:
        if not await logstore.has_control(connection):
            await logstore.add_control(connection, FOUNDER, encode_identity(keys.identity))


def gate(sequencer: Sequencer) -> str | None:
    """Why nothing may be released now, or None."""
    if sequencer.trouble is not None:
        return "the log has stopped"
    if sequencer.lag_ms > MOST_LAG_MS:
        return "the log lags behind"
    return None
