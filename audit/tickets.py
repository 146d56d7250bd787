"""Entries that wait: each with the promise of an answer, until a deadline; narrowing ones before all others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from audit.entry import Entry
from audit.errors import UnavailableError


@dataclass(slots=True, eq=False)
class Ticket:
    """One submitted entry. `alone` asks for a batch of its own; `tries` counts how often it left one."""

    entry: Entry[Any]
    future: asyncio.Future[Any]
    timer: asyncio.TimerHandle | None = None
    alone: bool = False
    loaded: bool = False
    tries: int = 0
    missing: set[bytes] = field(default_factory=set)

    @property
    def streams(self) -> tuple[bytes, ...]:
        """Every stream whose head or facts the entry sees."""
        return (*self.entry.streams, *self.entry.foreign)

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: answered, past its deadline, or cancelled."""
        return self.future.done()

    def answer(self, value: Any) -> None:
        """Give the answer, unless the deadline was faster: then nothing is released."""
        self._stop()
        if not self.future.done():
            self.future.set_result(value)

    def refuse(self, error: BaseException) -> None:
        """Give an error instead."""
        self._stop()
        if not self.future.done():
            self.future.set_exception(error)

    def expire(self) -> None:
        """The deadline has passed."""
        self.refuse(UnavailableError("no durable event within the deadline"))

    def _stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class TicketQueue:
    """Tickets in order, narrowing ones in front. Owned by one event loop."""

    def __init__(self) -> None:
        self._first: deque[Ticket] = deque()
        self._rest: deque[Ticket] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._first) + len(self._rest)

    def put(self, ticket: Ticket) -> None:
        """Add at the end."""
        (self._first if ticket.entry.narrowing else self._rest).append(ticket)
        self._filled.set()

    def put_back(self, tickets: Iterable[Ticket]) -> None:
        """Add in front, in this order."""
        for ticket in reversed(list(tickets)):
            (self._first if ticket.entry.narrowing else self._rest).appendleft(ticket)
            self._filled.set()

    async def wait(self) -> None:
        """Return when there is a ticket."""
        while not len(self):
            self._filled.clear()
            await self._filled.wait()

    def take(self, limit: int) -> list[Ticket]:
        """Take up to `limit` tickets that somebody still waits for; one that wants to be alone comes alone."""
        taken: list[Ticket] = []
        while len(self) and len(taken) < limit:
            queue = self._first or self._rest
            if queue[0].alone and taken and not queue[0].over:
                break
            ticket = queue.popleft()
            if not ticket.over:
                taken.append(ticket)
                if ticket.alone:
                    break
        return taken

    def drain(self) -> list[Ticket]:
        """Take everything."""
        rest = [*self._first, *self._rest]
        self._first.clear()
        self._rest.clear()
        return rest
