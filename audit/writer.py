"""The group writer: everything that moves a head goes through it, many entries to a commit.

It verifies what comes in (one hop into a thread for all that waits), loads the facts of streams it does not know, and
runs batches in few lanes. Lanes are as safe as two processes: the locks of the heads order them. What a caller may rely
on stands in docs/spec/writer.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from audit import store
from audit.batch import Signer
from audit.entry import BatchLoader, Entry, FactCompiler, View
from audit.errors import IncompleteError, RepeatedError, UnavailableError
from audit.known import KnownStreams
from audit.look import look
from audit.monthkeys import MonthKeys
from audit.run import Desk, Run, UndoneError, WriterCounts
from audit.tickets import Ticket, TicketQueue

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_SMALL = 16


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """Milliseconds and counts that bound the writer; a narrowing entry waits longer and is never turned away.

    Each lane runs one batch at a time on a connection of its own: while one waits for the database the other judges.
    """

    deadline: int = 250
    narrowing_deadline: int = 10_000
    patience: int = 2_000
    clock_behind: int = 2_000
    batch: int = 64
    waiting: int = 4_096
    tries: int = 3
    streams: int = 50_000
    lanes: int = 2


class Writer:
    """Takes entries, writes them in batches, answers after the commit.

    `gate` returns why nothing new may be released now, or None; `on_point` is called at each named step (fault tests).
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        keys: MonthKeys,
        signer: Signer,
        compiler: FactCompiler,
        loader: BatchLoader | None = None,
        *,
        limits: WriterLimits | None = None,
        gate: Callable[[], str | None] = lambda: None,
        on_point: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._limits = limits = limits or WriterLimits()
        self._pool = pool
        self._gate = gate
        self._known = KnownStreams(compiler, keys, limits.streams)
        behind, tries = limits.clock_behind, limits.tries
        self._desk = Desk(self._known, keys, signer, compiler, loader, on_point, gate, behind, tries)
        self._incoming = TicketQueue()
        self._ready = TicketQueue()
        self._lanes = [_Lane(pool) for _ in range(limits.lanes)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(1, "verify")
        self._open = False

    @property
    def counts(self) -> WriterCounts:
        """What the writer did so far."""
        return self._desk.counts

    async def start(self) -> None:
        """Begin to take entries."""
        self._open = True
        self._spawn(self._verify_forever())
        for lane in self._lanes:
            self._spawn(self._write_forever(lane))

    async def stop(self) -> None:
        """Take no more entries and refuse what waits; a batch on its way ends with an unknown outcome."""
        self._open = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _refuse_all((*self._incoming.drain(), *self._ready.drain()), UnavailableError("the writer stops"))
        for lane in self._lanes:
            await lane.drop()
        self._thread.shutdown(wait=False)

    async def submit(self, entry: Entry[T]) -> T:
        """Judge and write an entry; return its answer after the commit.

        Raise what the entry raised to refuse; UnavailableError when no durable event was had in time: then nothing may
        be released; RepeatedError for an idempotency key used with another body, or anything else unique.
        """
        if not entry.narrowing:
            self._admit()
        if not self._open:
            raise UnavailableError("the writer is not running")
        loop = asyncio.get_running_loop()
        ticket = Ticket(entry, loop.create_future(), alone=entry.alone)
        wait = self._limits.narrowing_deadline if entry.narrowing else self._limits.deadline
        ticket.timer = loop.call_later(wait / 1000, ticket.expire)
        self._incoming.put(ticket)
        try:
            answer: T = await ticket.future
        finally:
            ticket.timer.cancel()
        return answer

    async def look(self, streams: Sequence[bytes]) -> View:
        """Look at streams without writing (see audit.look); raise UnavailableError."""
        return await look(self._pool, self._known, streams)

    def _admit(self) -> None:
        reason = self._gate()
        if reason is not None:
            raise UnavailableError(reason)
        if len(self._incoming) + len(self._ready) >= self._limits.waiting:
            raise UnavailableError("too many entries wait")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify_forever(self) -> None:
        """Verify all that waits in one hop, while the batch before it is with the database."""
        loop = asyncio.get_running_loop()
        while True:
            await self._incoming.wait()
            tickets = self._incoming.take(self._limits.batch)
            work = [ticket for ticket in tickets if type(ticket.entry).verify is not Entry.verify]
            if work:
                self.counts.hops += 1
                self.counts.verified += len(work)
                errors = await loop.run_in_executor(self._thread, _verify, [ticket.entry for ticket in work])
                for ticket, error in zip(work, errors, strict=True):
                    if error is not None:
                        ticket.refuse(error)
            for ticket in tickets:
                self._ready.put(ticket)

    async def _write_forever(self, lane: _Lane) -> None:
        while True:
            await self._ready.wait()
            tickets = self._once_per_claim(self._known_only(self._ready.take(self._share())))
            lane.busy = True
            if tickets:
                await self._write(lane, tickets)
            lane.busy = False

    def _share(self) -> int:
        """How many tickets a lane takes: all that wait, or its part if another lane is free to take the rest."""
        free = sum(not lane.busy for lane in self._lanes)
        return min(self._limits.batch, max(_SMALL, -(-len(self._ready) // max(free, 1))))

    def _known_only(self, tickets: list[Ticket]) -> list[Ticket]:
        """Send those away whose streams were never read: they come back in front, with them known."""
        cold = [ticket for ticket in tickets if not ticket.loaded and self._known.missing(ticket.streams)]
        if cold:
            self._spawn(self._load(cold))
        return [ticket for ticket in tickets if ticket not in cold]

    def _once_per_claim(self, tickets: list[Ticket]) -> list[Ticket]:
        """Keep one entry per idempotency key in a batch; the next batch finds what the first one did."""
        kept: dict[object, Ticket] = {}
        later = []
        for ticket in tickets:
            claim = ticket.entry.claim
            name = ticket if claim is None else (claim.actor, claim.route, claim.key)
            if kept.setdefault(name, ticket) is not ticket:
                later.append(ticket)
        self._ready.put_back(later)
        return list(kept.values())

    async def _load(self, tickets: list[Ticket]) -> None:
        """Read heads, keys and facts of the streams of these entries, outside any transaction."""
        streams = sorted({stream for ticket in tickets for stream in ticket.streams})
        self.counts.loads += 1
        try:
            async with self._pool.acquire() as connection:
                stored = await store.load_streams(connection, streams)
                self._known.note_absent(stream for stream in streams if stream not in stored)
                spans = self._known.spans(stored)
                records = await store.load_facts(connection, spans)
            for stream, after, _last in spans:
                self._known.learn(stored[stream], after, records.of(stream))
                await asyncio.sleep(0)  # compiling a large stream takes its time: others go on between two of them
        except store.CONNECTION_ERRORS:
            _refuse_all(tickets, UnavailableError("facts cannot be read now"))
        except Exception as error:  # noqa: BLE001 - facts that cannot be compiled refuse these entries and no other
            _LOG.exception("facts of a stream cannot be compiled")
            _refuse_all(tickets, error)
        for ticket in tickets:
            ticket.loaded = True
            ticket.missing.clear()
        self._ready.put_back(ticket for ticket in tickets if not ticket.over)

    async def _write(self, lane: _Lane, tickets: list[Ticket]) -> None:
        run = Run(self._desk, tickets)
        try:
            async with asyncio.timeout(self._limits.patience / 1000):
                self._desk.point("writer.before-lock")
                await run.write(await lane.connected())
        except UndoneError as undone:
            self._try_again(tickets, undone.__cause__ or undone)
        except store.CONNECTION_ERRORS as error:
            await lane.drop()
            self._lose(run, tickets, error)
        except BaseException as error:
            await lane.drop()
            _refuse_all(tickets, UnavailableError("the writer stops"))
            if isinstance(error, asyncio.CancelledError):
                raise
            _LOG.exception("batch failed")
        else:
            self._settle(run)

    def _lose(self, run: Run, tickets: Sequence[Ticket], error: BaseException) -> None:
        """The connection is lost. Before COMMIT was sent nothing is stored, and a new connection may do it.

        After that an unknown outcome is never guessed: nothing is released, nothing is tried again.
        """
        _LOG.warning("batch not confirmed: %s", type(error).__name__)
        again = not run.sent and not isinstance(error, TimeoutError)
        for ticket in tickets:
            ticket.tries += 1
            if not again or ticket.tries > self._limits.tries:
                ticket.refuse(UnavailableError("the database gave no answer"))
        self._ready.put_back(ticket for ticket in tickets if not ticket.over)

    def _settle(self, run: Run) -> None:
        self._desk.point("writer.before-answer")
        for ticket, answer in run.answered:
            ticket.answer(answer)
        for ticket, error in run.refused:
            ticket.refuse(error)
        cold = [ticket for ticket in run.back if ticket.missing]
        if cold:
            self._spawn(self._load(cold))
        self._ready.put_back(ticket for ticket in run.back if not ticket.missing)

    def _try_again(self, tickets: Sequence[Ticket], cause: BaseException) -> None:
        """Run the entries again: together if the cause passes by itself, else alone, so that a bad one fails alone."""
        if store.is_down(cause):
            _refuse_all(tickets, UnavailableError("the database refuses to write"))
            return
        passes = store.passes_by_itself(cause)
        for ticket in tickets:
            ticket.tries += 1
            # Alone and unique: the claim was taken by another process; the next run finds what it did.
            final = ticket.alone and not passes and not store.is_repeated(cause)
            if final or ticket.tries > self._limits.tries:
                ticket.refuse(_refusal(cause))
            ticket.alone = ticket.alone or not passes
        self._ready.put_back(ticket for ticket in tickets if not ticket.over)


class _Lane:
    """The connection that batches of one lane run on, a new one after any failure."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._connection: asyncpg.Connection | None = None
        self.busy = False

    async def connected(self) -> asyncpg.Connection:
        """Return the connection, opening it if there is none."""
        if self._connection is None:
            self._connection = await self._pool.acquire()
            await store.settle(self._connection)
        return self._connection

    async def drop(self) -> None:
        """End the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # A connection that died has gone back to the pool by itself.
            with contextlib.suppress(*store.CONNECTION_ERRORS):
                connection.terminate()
            with contextlib.suppress(*store.CONNECTION_ERRORS):
                await self._pool.release(connection)


def _verify(entries: Sequence[Entry[Any]]) -> list[BaseException | None]:
    return [_verify_one(entry) for entry in entries]


def _verify_one(entry: Entry[Any]) -> BaseException | None:
    try:
        entry.verify()
    except Exception as error:  # noqa: BLE001 - it travels to the one who submitted the entry
        return error
    return None


def _refuse_all(tickets: Iterable[Ticket], error: BaseException) -> None:
    for ticket in tickets:
        ticket.refuse(error)


def _refusal(cause: BaseException) -> BaseException:
    if store.is_repeated(cause):
        return RepeatedError("something unique is there already")
    if store.passes_by_itself(cause):
        return UnavailableError("the streams are too busy")
    if store.is_absent(cause):
        return IncompleteError("what should be erased is not there")
    return cause
