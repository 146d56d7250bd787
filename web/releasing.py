"""The parts that release and share, put together, with the work they do in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from audit.batch import Signer
from audit.monthkeys import MonthKeys
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from dossier.database import CONNECTION_ERRORS
from dossier.epochs.lapsing import LapseSweeper
from dossier.epochs.store import EpochStore
from dossier.forgetting import forget_forever
from dossier.hiding.store import HiddenStore
from dossier.hiding.telling import Teller
from dossier.items.objects import Objects
from dossier.reading.again import Promiser
from dossier.reading.leases import Leases
from dossier.reading.service import Readings
from dossier.reading.store import ReadingStore
from dossier.reading.uses import Uses
from dossier.sharing.ending import Sweeper
from dossier.sharing.service import Sharing
from dossier.sharing.store import SharingStore


@dataclass(frozen=True)
class Releasing:
    """What opens readings, what goes on with them, and what shares."""

    readings: Readings
    leases: Leases
    sharing: Sharing


@asynccontextmanager
async def releasing(
    pool: Any, writer: Writer, signer: Signer, months: MonthKeys, objects: Objects
) -> AsyncIterator[Releasing]:
    """Build the parts; while they run, dossiers hear of hidden requests and what is due ends, old answers go."""
    store = ReadingStore(pool)
    uses, sharing = Uses(store), Sharing(SharingStore(pool), writer)
    promiser = Promiser(store, signer, months)
    readings = Readings(writer, store, uses, promiser, shipped_catalogues().current)
    tasks = [
        asyncio.create_task(uses.flush_forever()),
        asyncio.create_task(Teller(writer, HiddenStore(pool)).run_forever()),
        asyncio.create_task(Sweeper(writer, sharing.store).run_forever()),
        asyncio.create_task(LapseSweeper(writer, EpochStore(pool)).run_forever()),
        asyncio.create_task(forget_forever(pool)),
    ]
    try:
        yield Releasing(readings, Leases(writer, store, objects, uses), sharing)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(*CONNECTION_ERRORS):
            await uses.flush()
