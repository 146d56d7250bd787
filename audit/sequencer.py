"""The sequencer: takes what waits into the public tree, signs, stores, publishes.

Each batch is one transaction on the log's tables alone, fenced by compare-and-swap on the size. After any error the
state in memory is dropped, and rebuilt from what is stored before anything is signed: recovery is the normal way.
Page: docs/spec/writer.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from audit import logstore
from audit.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from audit.errors import AuditError, IncompleteError, SplitViewError
from audit.files import LogFolder
from audit.growth import Edge, grow, restore_edge
from audit.logstore import LogState, Pending
from audit.merkle import EMPTY_ROOT
from audit.note import ED25519, VerifierKey
from audit.store import CONNECTION_ERRORS
from audit.tiles import TILE_WIDTH, Bundle, Tile, bundles_between, edge_tiles, tiles_between
from crypto.keys import SigningKey

_LOG = logging.getLogger(__name__)
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class SequencerLimits:
    """At most so many leaves a batch, so many milliseconds between batches, and between tries after unforeseen errors."""

    batch: int = 4_096
    interval: int = 250
    most_pause: int = 30_000


class Sequencer:
    """Owns the growing edge of one log. Two at once do no harm: one of them finds the size moved and starts again.

    `key` signs checkpoints of `origin` and nothing else. `log_pool` is for a log on a server of its own.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        folder: LogFolder,
        origin: str,
        key: SigningKey,
        *,
        log_pool: asyncpg.Pool | None = None,
        limits: SequencerLimits | None = None,
        on_point: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._pool = pool
        self._log_pool = log_pool or pool
        self._folder = folder
        self._origin = origin
        self._key = key
        self._limits = limits or SequencerLimits()
        self._point = on_point
        self._edge: Edge | None = None
        self._gaps: list[Pending] = []
        self._published = 0
        self._waited = 0
        self._seen = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._failed = 0
        self.halted: str | None = None
        self.fault: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the log does not go on: halted for good, or the class of an unforeseen error until a batch succeeds."""
        if self.halted is None and self.fault is None and self._task is not None and self._task.done():
            return "ended"
        return self.halted or self.fault

    @property
    def lag_ms(self) -> int:
        """Milliseconds that the oldest leaf has waited, as far as is known; it grows while no batch is published."""
        return self._waited + int((time.monotonic() - self._seen) * 1000)

    async def start(self) -> None:
        """Sequence until stopped."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop between two batches or in one: the next start finds either the old size or the new."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self.halted is None:
            begun = time.monotonic()
            more = False
            # Reported and remembered in step. Trying again is safe after any error: the state is loaded anew, and
            # nothing is signed that does not agree with what was signed and published before.
            with contextlib.suppress(Exception):
                more = await self.step() >= self._limits.batch
            if not more:
                await asyncio.sleep(max(0.0, self._pause() - (time.monotonic() - begun)))

    def _pause(self) -> float:
        """Seconds from the beginning of one batch to the next: longer with each unforeseen error in a row."""
        return (
            min(self._limits.interval << min(self._failed, 16), max(self._limits.most_pause, self._limits.interval))
            / 1000
        )

    async def step(self) -> int:
        """Sequence and publish one batch; return how many leaves were waiting.

        Raise SplitViewError, and halt, when what is stored is not what was signed or less than what was published.
        """
        if self.halted is not None:
            raise SplitViewError(self.halted)
        try:
            if self._edge is None:
                await self._reload()
            waiting = await self._step()
        except SplitViewError as error:
            self.halted = str(error)
            _LOG.critical("the log halts: %s", error)
            raise
        except BaseException as error:
            # What was stored is not known: forget everything, look again.
            self._edge = None
            self._note(error)
            raise
        self._failed, self.fault = 0, None
        return waiting

    def _note(self, error: BaseException) -> None:
        """Say what went wrong. What nobody foresaw closes the gate at once; the rest does when the log lags."""
        if isinstance(error, (AuditError, asyncio.CancelledError, *CONNECTION_ERRORS)):
            _LOG.warning("sequencing failed: %s", type(error).__name__)
            return
        self._failed += 1
        self.fault = type(error).__name__
        _LOG.critical("the log cannot go on: %s", self.fault, exc_info=error)

    async def _step(self) -> int:
        if self._edge is None:
            raise RuntimeError("the edge is not loaded")
        async with self._pool.acquire() as connection:
            rows, waited = await logstore.pending(connection, self._limits.batch)
        fresh = await self._next(rows)
        if fresh:
            self._edge = await self._extend(self._edge, fresh)
        if rows:
            self._point("sequencer.before-pending-delete")
            async with self._pool.acquire() as connection:
                await logstore.forget(connection, [row.id for row in rows if row not in self._gaps])
        if self._edge.size != self._published:
            self._point("sequencer.before-publish")
            await self._publish(self._edge.size)
        # Less than a full batch is all there was, and it is published now.
        full = len(rows) == self._limits.batch or bool(self._gaps)
        self._waited, self._seen = waited if full else 0, time.monotonic()
        return len(rows)

    async def _next(self, rows: list[Pending]) -> list[Pending]:
        """Choose each stream's next contiguous numbers; those in the log already were left by a crash."""
        self._gaps = []
        if not rows:
            return []
        async with self._log_pool.acquire() as connection:
            last = await logstore.last_seqs(connection, {row.stream for row in rows})
        fresh = []
        for row in rows:
            expected = last.get(row.stream, 0) + 1
            if row.seq == expected:
                fresh.append(row)
                last[row.stream] = row.seq
            elif row.seq > expected:
                self._gaps.append(row)
        if self._gaps:
            _LOG.error("%d leaves wait for one before them", len(self._gaps))
        return fresh

    async def _extend(self, edge: Edge, rows: list[Pending]) -> Edge:
        grown = grow(edge, [row.leaf for row in rows])
        root = grown.edge.root()
        note = sign_checkpoint(Checkpoint(self._origin, grown.edge.size, root), self._key).encode()
        async with self._log_pool.acquire() as connection:
            await connection.execute("BEGIN")
            try:
                self._point("sequencer.before-insert")
                await logstore.extend(connection, edge.size, grown, root, note, rows)
                self._point("sequencer.before-commit")
            except BaseException:
                with contextlib.suppress(*CONNECTION_ERRORS):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
            self._point("sequencer.after-commit")
        return grown.edge

    async def _reload(self) -> None:
        """Rebuild the edge from what is stored; refuse to go on unless it is what was signed and published."""
        # Read first what was published: another sequencer publishes only what it has stored before.
        published = self._folder.checkpoint()
        async with self._log_pool.acquire() as connection:
            stored = await logstore.state(connection)
            places: list[Tile | Bundle] = list(edge_tiles(stored.size))
            if width := stored.size % TILE_WIDTH:
                places.append(Bundle(stored.size // TILE_WIDTH, width))
            read = (await logstore.read_tiles(connection, places)).__getitem__
            edge = restore_edge(stored.size, stored.root, read, read)
            self._check_signed(stored)
            self._published = await self._check_published(connection, stored, published)
        self._edge = edge

    def _check_signed(self, stored: LogState) -> None:
        signed = Checkpoint(self._origin, stored.size, stored.root)
        if stored.size == 0 and stored.root == EMPTY_ROOT:
            return
        if stored.note is None or verify_checkpoint(stored.note, self._verifier()) != signed:
            raise SplitViewError("the stored state is not the one that was signed")

    async def _check_published(self, connection: asyncpg.Connection, stored: LogState, note: bytes | None) -> int:
        """Return the published size. More than is stored means that the database went back to an older state."""
        if note is None:
            return 0
        published = verify_checkpoint(note, self._verifier())
        if published.size > stored.size:
            raise SplitViewError("more was published than is stored: the database was rolled back")
        if published.size and await logstore.root_at(connection, published.size) != published.root:
            raise SplitViewError("another root was published for a size that is stored: the log forked")
        return published.size

    def _verifier(self) -> VerifierKey:
        return VerifierKey(self._origin, ED25519, self._key.public)

    async def _publish(self, size: int) -> None:
        """Put every file of this size in place, the checkpoint last; what an older publication left out is caught up."""
        before = self._published
        places: list[Tile | Bundle] = [*tiles_between(before, size), *bundles_between(before, size)]
        async with self._log_pool.acquire() as connection:
            stored = await logstore.state(connection)
            if stored.size < size:
                raise SplitViewError("the log shrank: the database was rolled back")
            if stored.size > size or stored.note is None:
                raise IncompleteError("another sequencer went on")
            for at in range(0, len(places), _CHUNK):
                files = await logstore.read_tiles(connection, places[at : at + _CHUNK])
                await asyncio.to_thread(self._folder.put, list(files.items()))
        self._point("sequencer.between-tiles-and-checkpoint")
        await asyncio.to_thread(self._put_checkpoint, size, stored.note)
        await self._clean(before, size)

    def _put_checkpoint(self, size: int, note: bytes) -> None:
        with self._folder.locked():
            there = self._folder.checkpoint()
            # Another sequencer may have been faster: a published size never falls.
            if there is None or verify_checkpoint(there, self._verifier()).size < size:
                self._folder.put_checkpoint(note)

    async def _clean(self, before: int, size: int) -> None:
        """Delete partial tiles that a full one replaced by the publication before this: readers had time to move on."""
        start = max(0, before - _CHUNK * TILE_WIDTH)
        full: list[Tile | Bundle] = [*tiles_between(start, before), *bundles_between(start, before)]
        await asyncio.to_thread(self._folder.drop_partials, full)
        async with self._log_pool.acquire() as connection:
            await logstore.sweep(connection, size)
        self._published = size
