"""Rounds: whatever becomes due by time, or waits to be told, is looked for again and again while the service runs."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import ClassVar

from audit.errors import AuditError
from audit.writer import Writer
from dossier.database import CONNECTION_ERRORS

_LOG = logging.getLogger(__name__)


class Rounds(ABC):
    """Goes round every `seconds`; `what` names in the log what waits. Owned by the event loop."""

    seconds: ClassVar[float]
    what: ClassVar[str]

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def run_forever(self) -> None:
        """What cannot be done in one round is done in a later one; nothing that goes wrong ends the rounds."""
        while True:
            await asyncio.sleep(self.seconds)
            try:
                await self.run_once((await self._writer.look(())).now)
            except (AuditError, *CONNECTION_ERRORS) as error:
                _LOG.warning("%s: wait for the next round: %s", self.what, type(error).__name__)
            except Exception:  # noqa: BLE001 - others are waiting too, whatever one of them did
                _LOG.exception("%s: a round failed", self.what)

    @abstractmethod
    async def run_once(self, now: int) -> int:
        """Do all that is due at `now` (UTC seconds); return how many that were."""
