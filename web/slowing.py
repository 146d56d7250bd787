"""Waiting beyond a limit: few may wait at once for one actor, so that slowness is not a way to use up memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from dossier.errors import TooManyError

MOST_WAITING: Final = 4
"""Requests of one actor that wait at once; the next ones are refused."""


@dataclass
class Slowed:
    """Who waits in this process. Owned by the event loop; an actor without a waiting request is not kept.

    `total` is how many requests were beyond a limit since the process started, made to wait or refused.
    """

    _waiting: dict[bytes, int] = field(default_factory=dict)
    total: int = field(default=0, compare=False)

    async def wait(self, actor: bytes, seconds: float) -> None:
        """Wait; raise TooManyError at once if as many requests of this actor as may wait already do."""
        self.total += 1
        waiting = self._waiting.get(actor, 0)
        if waiting >= MOST_WAITING:
            raise TooManyError("too many requests for now", retry_after=1)
        self._waiting[actor] = waiting + 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._leave(actor)

    def _leave(self, actor: bytes) -> None:
        left = self._waiting.pop(actor) - 1
        if left:
            self._waiting[actor] = left
