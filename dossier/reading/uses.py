"""Uses of consents and ends of releases, gathered in the process and written together: off the read path.

A process that dies loses at most the last second of it: a reading then stays "release unknown", which is the truth.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from dossier.database import CONNECTION_ERRORS
from dossier.reading.answers import ReadingAnswer
from dossier.reading.store import ReadingStore

FLUSH_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class Uses:
    """What is still to be written. Owned by the event loop."""

    def __init__(self, store: ReadingStore) -> None:
        self._store = store
        self._used: dict[str, int] = {}
        self._states: dict[bytes, str] = {}

    def note(self, rules: Sequence[str], answer: ReadingAnswer, now: int) -> None:
        """Note that a reading was decided by these rules."""
        for rule in rules:
            self._used[rule] = now
        if all(part.content is not None for part in answer.parts):
            self.note_state(bytes.fromhex(answer.reading), "released")

    def note_state(self, reading: bytes, state: str) -> None:
        """Note how far a release came: `released` is written once every byte was given to the connection."""
        self._states[reading] = state

    async def flush(self) -> None:
        """Write what was gathered; what cannot be written now waits for the next time."""
        used, self._used = self._used, {}
        states, self._states = self._states, {}
        try:
            await self._store.save_uses(used, states)
        except Exception:
            self._used = used | self._used
            self._states = states | self._states
            raise

    async def flush_forever(self) -> None:
        """Flush once a second."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self._used or self._states:
                await self._try_flush()

    async def _try_flush(self) -> None:
        try:
            await self.flush()
        except CONNECTION_ERRORS as error:
            _LOG.warning("uses are kept for the next second: %s", type(error).__name__)
