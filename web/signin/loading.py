"""Loads of sessions, many at a time: one query runs, and all who ask meanwhile are answered by the next one together.

Nobody joins a query that runs already, not even for the same session: what is answered was read after it was asked, so
a session that ended before the question is never found by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from web.signin.credentials import Locator
from web.signin.store import Found

Load = Callable[[Sequence[Locator]], Awaitable[Mapping[Locator, Found]]]
"""Reads many sessions in one query; what is not found is not in the answer."""


class SessionLoads:
    """Sessions asked for by one process. Owned by one event loop; remembers nothing once it has answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: dict[Locator, asyncio.Future[Found | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, where: Locator) -> Found | None:
        """Return the session behind a secret, or None; raise what the query raised."""
        future = self._waiting.get(where)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[where] = loop.create_future()
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

    async def _serve(self, waiting: dict[Locator, asyncio.Future[Found | None]]) -> None:
        try:
            found = await self._load(list(waiting))
        except Exception as error:  # noqa: BLE001 - it travels to those who asked
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # nobody may be waiting any more
        else:
            for where, future in waiting.items():
                future.set_result(found.get(where))
        finally:
            for future in waiting.values():
                future.cancel()  # only where the loop ends before the answer
