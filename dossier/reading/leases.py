"""Parts of a reading, range by range, as long as its lease runs and nothing it was decided on has changed.

Before each range the positions of all facts used are compared. Where one moved, the engine decides again: the same
outcome goes on under the first event, another one stops the reading by an event of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Entry, Outcome, View, Write
from audit.event import make_event
from audit.writer import Writer
from consent.terms import Decision
from dossier.answers import Answer
from dossier.decisions import decided_fields
from dossier.errors import GoneError, InvalidRequestError, NotFoundError
from dossier.events import actor_fields
from dossier.facts.foreign import foreign_streams
from dossier.items.objects import Objects, read_range
from dossier.items.store import ItemWant
from dossier.parties.actor import Actor
from dossier.reading.context import Context, decide_still
from dossier.reading.store import STOP_READING, Part, ReadingRow, ReadingStore, ReadingWant
from dossier.reading.uses import Uses

RANGE_LIMIT = 4 * 1024 * 1024
"""Bytes of one range at most."""

EXTENSION = 60
"""Seconds that a completed range adds to the lease."""

LONGEST = 30 * 60
"""Seconds after the decision at which every lease is over."""

DECIDED = ("rules", "positions", "catalogue", "engine")
"""What the event of a stopped reading says of its decision; the reason is its cause."""

OVER = "the lease of this reading is over"

HELD_LIMIT = 10_000
"""Readings whose later positions are remembered; more are decided again at each range."""


class ReadingState(Answer, frozen=True):
    """A reading as its reader may see it.

    `state` is open (release unknown), released (every byte was given to the connection) or stopped. `parts` are bytes
    of ciphertext.
    """

    reading: str
    item: str
    version: int
    state: str
    at: int
    lease_until: int
    holds_until: int
    parts: list[int]


@dataclass(frozen=True, slots=True)
class Range:
    """A piece of a part: bytes from `start` up to, not including, `end` of `length`."""

    start: int
    end: int
    length: int
    content: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class StoppedWant:
    """Whether a reading was stopped already."""

    reading: bytes

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[StoppedWant]) -> Mapping[StoppedWant, bool]:
        """Return True by want for those that were."""
        stopped = await ReadingStore(connection).stopped([want.reading for want in wants])
        return {cls(reading): True for reading in stopped}


class Stop(Entry[str]):
    """Write down that a reading was stopped: what it rested on has ended.

    Raise StillPermittedError if it has not, GoneError if that was written down before: ranges may be asked for at once.
    """

    alone = True

    def __init__(self, actor: Actor, row: ReadingRow, context: Context) -> None:
        self._actor, self._row, self._context = actor, row, context
        self.streams = (row.dossier,)
        self.foreign = foreign_streams(actor, bytes.fromhex(context.case) if context.case else None)
        self._item, self._before = ItemWant(row.dossier, row.item), StoppedWant(row.reading)
        self.wants = (self._item, self._before)

    def judge(self, view: View) -> Outcome[str]:
        """Decide at the running position, append the event, and close the reading with it."""
        row = self._row
        if view.rows(self._before):
            raise GoneError(OVER, code="reading-ended")
        decision = decide_still(self._context, self._actor, row.dossier, view.rows(self._item), view, view.now)
        if decision.permitted:
            raise StillPermittedError
        decided = decided_fields(decision, view, row.dossier, self.foreign)
        values = actor_fields(self._actor, row.nonce, view.now)
        values |= {name: decided[name] for name in DECIDED}
        values |= {
            "type": "reading",
            "subject": row.item.hex(),
            "event": row.reading.hex(),
            "cause": decision.reason,
        }
        event = make_event("stopped/v1", values)
        return Outcome(
            appends=(Append(row.dossier, event, evidence=self._context.evidence()),),
            answer=lambda receipts: receipts[0].event_id.hex(),
            writes=(Write(STOP_READING, (row.reading,)),),
        )


class StillPermittedError(Exception):
    """What a reading rests on is there again: it goes on."""


class ReadingStoppedError(GoneError):
    """What the reading rested on has ended; `extra` names the event that says so."""

    code = "reading-stopped"

    def __init__(self, event: str) -> None:
        super().__init__("this reading was stopped: what permitted it has ended")
        self.extra = {"event": event}


@dataclass(frozen=True, slots=True)
class _Held:
    """Positions at which a reading was found still to be permitted, and until when that holds."""

    positions: list[list[Any]]
    until: int


class Leases:
    """Readings that go on after their answer. Owned by the event loop; `_held` are positions found still to permit."""

    def __init__(self, writer: Writer, store: ReadingStore, objects: Objects, uses: Uses) -> None:
        self._writer, self._store, self._objects, self._uses = writer, store, objects, uses
        self._held: dict[bytes, _Held] = {}

    async def state(self, actor: Actor, reading: bytes) -> ReadingState:
        """Return a reading to the one who made it; raise NotFoundError."""
        row = await self._row(actor, reading)
        return ReadingState(
            reading=reading.hex(),
            item=row.item.hex(),
            version=row.version,
            state=row.state,
            at=row.at,
            lease_until=row.lease_until,
            holds_until=row.holds_until,
            parts=await self._store.lengths(row.item, row.version),
        )

    async def open_range(self, actor: Actor, reading: bytes, number: int, wanted: tuple[int, int | None]) -> Range:
        """Check that a reading still stands and return one range of a part, `wanted` being its start and end.

        Raise NotFoundError, GoneError, or InvalidRequestError for a range outside the part.
        """
        row = await self._row(actor, reading)
        part = await self._store.part(row.item, row.version, number)
        if part is None:
            raise NotFoundError
        await self._check(actor, row)
        start, end = _bounds(part.length, *wanted)
        return Range(start, end, part.length, self._content(row, part, start, end))

    async def _row(self, actor: Actor, reading: bytes) -> ReadingRow:
        row = await self._store.reading(reading)
        if row is None or (row.actor, row.organisation) != (actor.id, actor.organisation):
            raise NotFoundError
        return row

    async def _check(self, actor: Actor, row: ReadingRow) -> None:
        context = Context.decode(row.context)
        view = await self._writer.look([bytes.fromhex(position[0]) for position in context.positions])
        if row.state == "stopped" or view.now >= row.lease_until:
            raise GoneError(OVER, code="reading-ended")
        held = self._held.get(row.reading) or _Held(context.positions, row.holds_until)
        if _unmoved(view, held.positions) and view.now < held.until:
            return
        decision = await self._decide(actor, row, context, view)
        if not decision.permitted:
            self._held.pop(row.reading, None)
            await self._stop(actor, row, context)
            return
        if len(self._held) >= HELD_LIMIT:
            self._held.clear()
        self._held[row.reading] = _Held(_positions(view, context.positions), decision.holds_until)

    async def _stop(self, actor: Actor, row: ReadingRow, context: Context) -> None:
        with suppress(StillPermittedError):
            raise ReadingStoppedError(await self._writer.submit(Stop(actor, row, context)))

    async def _decide(self, actor: Actor, row: ReadingRow, context: Context, view: View) -> Decision:
        material = await self._store.material(ReadingWant(row.dossier, row.item, row.version, actor.id, "", ""))
        return decide_still(context, actor, row.dossier, material.state if material else None, view, view.now)

    async def _content(self, row: ReadingRow, part: Part, start: int, end: int) -> AsyncIterator[bytes]:
        if part.content is not None:
            yield part.content[start:end]
        elif part.object is not None:
            async for piece in read_range(self._objects, part.object, start, end):
                yield piece
        await self._store.extend(row.reading, min(row.lease_until + EXTENSION, row.at + LONGEST, row.holds_until))
        if end == part.length:
            self._uses.note_state(row.reading, "released")


def _bounds(length: int, start: int, end: int | None) -> tuple[int, int]:
    """The range to send; one without an end goes as far as one range may."""
    if start > length or (start == length and length) or (end is not None and end <= start and length):
        raise InvalidRequestError("the part has no such range", code="invalid-range")
    return start, min(length, start + RANGE_LIMIT if end is None else min(end, start + RANGE_LIMIT))


def _unmoved(view: View, positions: Iterable[list[object]]) -> bool:
    return all(view.exists(bytes.fromhex(str(each[0]))) and _position(view, each) == each for each in positions)


def _positions(view: View, positions: Iterable[list[object]]) -> list[list[object]]:
    return [_position(view, each) for each in positions]


def _position(view: View, known: list[object]) -> list[object]:
    """The present position of a stream, in the shape of a known one: with its items, or without."""
    head = view.head(bytes.fromhex(str(known[0])))
    return [known[0], head.rules.seq, head.items.seq][: len(known)]
