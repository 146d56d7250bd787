"""One batch on its way through the database: lock, read, judge, append, commit, answer.

The steps stand in the order of docs/spec/writer.md and carry its names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from audit import store
from audit.batch import Accepted, Batch, Made, Signer
from audit.entry import START, BatchLoader, Claim, Claimed, Entry, FactCompiler, FactsMissingError, Want, Write
from audit.errors import AuditError, RepeatedError, UnavailableError
from audit.known import KnownStreams
from audit.monthkeys import MonthKeys
from audit.payload import answer_month, month_of, open_answer, seal_stream_key
from audit.tickets import Ticket

LARGE = 64
"""Rows above which an outcome takes a batch of its own."""

CLOCK_BEHIND = "the clock is behind the last event"


@dataclass(slots=True)
class WriterCounts:
    """What the writer did so far; `statements` are round trips between BEGIN and COMMIT."""

    batches: int = 0
    statements: int = 0
    events: int = 0
    hops: int = 0
    verified: int = 0
    promises: int = 0
    loads: int = 0
    clock_behind: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What every batch works with. `clock_behind` and `tries` are limits: milliseconds, and times to leave a batch.

    `gate` returns why nothing new may be released now, or None.
    """

    known: KnownStreams
    keys: MonthKeys
    signer: Signer
    compiler: FactCompiler
    loader: BatchLoader | None
    point: Callable[[str], None]
    gate: Callable[[], str | None]
    clock_behind: int
    tries: int
    counts: WriterCounts = field(default_factory=WriterCounts)


class UndoneError(Exception):
    """The batch was rolled back, for certain."""


class Run:
    """One batch. After `write` every ticket is in exactly one of `answered`, `refused` and `back`.

    `sent` says whether COMMIT was sent: without an answer to it the outcome is unknown.
    """

    def __init__(self, desk: Desk, tickets: list[Ticket]) -> None:
        self.desk = desk
        # Narrowing first: no permit of this batch stands behind a withdrawal of this batch.
        self.tickets = sorted(tickets, key=lambda ticket: not ticket.entry.narrowing)
        self.answered: list[tuple[Ticket, Any]] = []
        self.refused: list[tuple[Ticket, BaseException]] = []
        self.back: list[Ticket] = []
        self.sent = False
        self._taken: list[tuple[Ticket, Accepted]] = []

    async def write(self, connection: store.Connection) -> None:
        """Write the batch. Raise UndoneError when it was rolled back; after any other error the outcome is unknown."""
        await connection.execute("BEGIN")
        try:
            batch = await self._judge(connection)
            if batch.accepted:
                await self._append(connection, batch)
            self.desk.point("writer.before-commit")
        except Exception as error:
            # A rollback that gets through is certain; if it does not, its own error says so.
            await connection.execute("ROLLBACK")
            raise UndoneError from error
        self.sent = True
        await connection.execute("COMMIT")
        self.desk.point("writer.after-commit")
        self._remember(batch)

    async def _judge(self, connection: store.Connection) -> Batch:
        entries = [ticket.entry for ticket in self.tickets]
        streams = sorted({stream for entry in entries for stream in entry.streams})
        foreign = sorted({stream for entry in entries for stream in entry.foreign}.difference(streams))
        claims = sorted({entry.claim for entry in entries if entry.claim is not None}, key=_order)
        entered = await store.enter(connection, streams, foreign, claims)
        self.desk.counts.statements += 1
        self.desk.point("writer.after-lock")
        rows = await self._load_rows(connection, entries)
        self.desk.point("writer.after-versions")
        used = {_order(claims[at]): found for at, found in entered.claims.items()}
        self.desk.point("writer.after-claim")
        batch = self._begin(entered, rows)
        for ticket in self.tickets:
            if ticket not in self.back and not any(ticket is refused for refused, _ in self.refused):
                self._judge_one(ticket, batch, used)
        return batch

    async def _load_rows(self, connection: store.Connection, entries: Sequence[Entry[Any]]) -> Any:
        wants: list[Want] = list(dict.fromkeys(want for entry in entries for want in entry.wants))
        if not wants:
            return {}
        if self.desk.loader is None:
            raise RuntimeError("an entry wants rows and the writer has no loader")
        self.desk.counts.statements += 1
        return await self.desk.loader.load(connection, wants)

    def _begin(self, entered: store.Entered, rows: Any) -> Batch:
        """Fix the time of the batch: the database's clock, never before the last event of a head it moves."""
        latest = entered.clock + self.desk.clock_behind
        late = {stream for stream, head in entered.heads.items() if head.at_ms > latest}
        self.desk.known.note_times((*entered.heads.values(), *entered.foreign.values()))
        behind = self.desk.known.newest_ms > latest
        for ticket in self.tickets if behind else ():
            self._clock_behind(ticket, late)
        heads = [head for stream, head in entered.heads.items() if stream not in late or len(self.tickets) == 1]
        at_ms = max([entered.clock, *(head.at_ms for head in heads)])
        keys, compiled = self.desk.known.current([*entered.heads.values(), *entered.foreign.values()])
        return Batch(
            at_ms,
            entered.heads,
            entered.foreign,
            compiled,
            rows,
            keys,
            self.desk.compiler,
            clock_behind=bool(late) and len(self.tickets) == 1,
            closed=CLOCK_BEHIND if behind else self.desk.gate() or "",
        )

    def _clock_behind(self, ticket: Ticket, late: set[bytes]) -> None:
        """Refuse for a clock that went back, but for what ends access: that goes alone, at the time of its stream.

        Refused whatever it is about: were it only what touches a late stream, the refusal would tell that it is there.
        """
        if not ticket.entry.narrowing:
            self.refused.append((ticket, UnavailableError(CLOCK_BEHIND)))
        elif late.isdisjoint(ticket.entry.streams):
            return
        elif len(self.tickets) > 1:
            ticket.alone = True
            self.back.append(ticket)
        else:
            self.desk.counts.clock_behind += 1

    def _judge_one(self, ticket: Ticket, batch: Batch, used: dict[tuple[bytes, ...], tuple[bytes, Claimed]]) -> None:
        entry = ticket.entry
        try:
            if self._must_wait(ticket, batch):
                self.back.append(ticket)
                return
            earlier = used.get(_order(entry.claim)) if entry.claim is not None else None
            if earlier is not None:
                self.answered.append((ticket, _recall(entry, earlier, batch, self.desk.keys)))
                return
            outcome = entry.judge(batch.view)
            if outcome.rows > LARGE and len(self.tickets) > 1:
                ticket.alone = True
                self.back.append(ticket)
                return
            self._taken.append((ticket, batch.accept(outcome, entry.claim)))
        except FactsMissingError as missing:
            self._miss(ticket, missing.stream)
        except Exception as error:  # noqa: BLE001 - whatever an entry raises refuses that entry and no other
            self.refused.append((ticket, error))

    def _must_wait(self, ticket: Ticket, batch: Batch) -> bool:
        """Whether an entry cannot be judged in this batch: its rows are older than what the batch did before it."""
        entry = ticket.entry
        for stream in entry.streams:
            if stream in batch.heads and not batch.has_key(stream):
                raise FactsMissingError(stream)
        return bool(entry.wants) and not batch.moved_items.isdisjoint((*entry.streams, *entry.foreign))

    def _miss(self, ticket: Ticket, stream: bytes) -> None:
        ticket.tries += 1
        if ticket.tries > self.desk.tries:
            self.refused.append((ticket, UnavailableError("facts change faster than they can be read")))
        else:
            ticket.missing.add(stream)
            self.back.append(ticket)

    async def _append(self, connection: store.Connection, batch: Batch) -> None:
        promise = batch.promise(self.desk.signer)
        self.desk.counts.promises += 1
        claims: list[tuple[Claim, Made, bytes | None]] = []
        writes: dict[tuple[str, bool], list[tuple[Any, ...]]] = {}
        for ticket, accepted in self._taken:
            outcome, receipts = accepted.outcome, batch.receipts(accepted, promise)
            answer = outcome.answer(receipts)
            self.answered.append((ticket, answer))
            if accepted.claim is not None:
                kept = None if outcome.keep is None else outcome.keep(answer)
                claims.append((accepted.claim, accepted.made[0], kept))
            rows: Sequence[Write] = outcome.writes(receipts) if callable(outcome.writes) else outcome.writes
            for write in rows:
                writes.setdefault((write.statement, write.columns), []).append(write.args)
        await self._store(connection, batch, claims)
        for (statement, columns), args in writes.items():
            self.desk.counts.statements += 1
            await store.run(connection, statement, [tuple(zip(*args, strict=True))] if columns else args)
        self.desk.counts.batches += 1
        self.desk.counts.events += batch.count

    async def _store(
        self, connection: store.Connection, batch: Batch, claims: list[tuple[Claim, Made, bytes | None]]
    ) -> None:
        month = month_of(batch.at_ms)
        month_key = self.desk.keys.current(month)
        opened = [opening for accepted in batch.accepted for opening in accepted.outcome.openings]
        if opened:
            wrapped = [(one.stream, one.kind, seal_stream_key(month_key, one.stream, 0, one.key)) for one in opened]
            await store.open_streams(connection, wrapped, START.leaf, month)
        for stream, epoch, seq, key in batch.epochs:
            sealed = seal_stream_key(month_key, stream, epoch, key)
            await store.next_key(connection, stream, epoch, seq, month, sealed)
        self.desk.counts.statements += 1 + bool(opened) + len(batch.epochs)
        await store.append(connection, batch.columns(month, month_key, claims))

    def _remember(self, batch: Batch) -> None:
        self.desk.known.note_times(batch.heads.values())
        for stream in batch.changed:
            if stream in batch.compiled and batch.has_key(stream):
                self.desk.known.keep(batch.heads[stream], batch.key(stream), batch.compiled[stream])
            else:
                self.desk.known.forget(stream)


def _recall(entry: Entry[Any], earlier: tuple[bytes, Claimed], batch: Batch, keys: MonthKeys) -> Any:
    body, claimed = earlier
    if entry.claim is None or entry.claim.body != body:
        raise RepeatedError("idempotency key was used with another body")
    if claimed.kept is not None:
        claimed = msgspec.structs.replace(claimed, kept=_opened(entry.claim, claimed.kept, keys))
    return entry.recall(claimed, batch.view)


def _opened(claim: Claim, sealed: bytes, keys: MonthKeys) -> bytes:
    try:
        return open_answer(keys.find(answer_month(sealed)), _order(claim), sealed)
    except AuditError as error:
        raise RepeatedError("this act was done before, and its answer was erased") from error


def _order(claim: Claim) -> tuple[bytes, ...]:
    return claim.actor, claim.route, claim.key
