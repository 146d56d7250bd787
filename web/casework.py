"""Cases and access requests in the running service: their reads, and what goes on behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from audit.writer import Writer
from dossier.cases.service import Cases
from dossier.cases.store import CaseStore
from dossier.cases.telling import CaseTeller
from dossier.dossiers.store import DossierStore
from dossier.parties.store import PartyStore
from dossier.requests.expiring import RequestSweeper
from dossier.requests.service import Requests
from dossier.requests.store import RequestStore


@dataclass(frozen=True)
class Casework:
    """What the handlers of cases and requests need."""

    cases: Cases
    requests: Requests


@asynccontextmanager
async def casework(pool: Any, writer: Writer) -> AsyncIterator[Casework]:
    """Start telling dossiers of their cases, and ending requests that nobody answered."""
    store, requests = CaseStore(pool), RequestStore(pool)
    tasks = [
        asyncio.create_task(CaseTeller(writer, store).run_forever()),
        asyncio.create_task(RequestSweeper(writer, requests).run_forever()),
    ]
    parties = PartyStore(pool)
    try:
        yield Casework(Cases(store, DossierStore(pool), parties, writer), Requests(requests, parties, writer))
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
