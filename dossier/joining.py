"""Questions asked many at a time: one query runs, and all who ask meanwhile are answered by the next one together.

Nobody joins a query that runs already, not even for the same thing: what is answered was read after it was asked, so a
session that ended before the question, say, is never found by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


class Joining(Generic[Key, Found]):
    """Things asked for by one process. Owned by one event loop; remembers nothing once it has answered.

    `load` reads many in one query; what is not found is not in its answer.
    """

    def __init__(self, load: Callable[[list[Key]], Awaitable[Mapping[Key, Found]]]) -> None:
        self._load = load
        self._waiting: dict[Key, asyncio.Future[Found | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> Found | None:
        """Return what is asked for, None if it is not there; raise what the query raised."""
        future = self._waiting.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[key] = loop.create_future()
            if self._task is None:
                self._task = loop.create_task(self._run())
        return await asyncio.shield(future)  # one who gives up takes the answer from nobody else

    async def _run(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                await self._serve(waiting)
        finally:
            self._task = None

    async def _serve(self, waiting: dict[Key, asyncio.Future[Found | None]]) -> None:
        try:
            found = await self._load(list(waiting))
        except Exception as error:  # noqa: BLE001 - it travels to those who asked
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # nobody may be waiting any more
        else:
            for key, future in waiting.items():
                future.set_result(found.get(key))
        finally:
            for future in waiting.values():
                future.cancel()  # only where the loop ends before the answer
