"""Going through everything that was logged: each stream checked against its leaves, each decision made again.

The leaves come first: a payload that its leaf does not commit to was rewritten, and nothing in it is believed.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.errors import AuditError, IncompleteError
from audit.history import ERASURE_SCHEMA
from audit.merkle import leaf_hash
from audit.monthkeys import MonthKeys
from audit.payload import open_stream_key
from audit.stream import NO_PREVIOUS, commitment, event_digests, event_link, event_tag, parse_leaf
from consent.catalogue import Catalogues
from consent.errors import ConsentError
from dossier.auditing.store import EventRow, EventStore, Opened, StreamRow, open_row
from dossier.facts.compiler import Compiler
from dossier.replay import History, NotReplayableError, Seen, catalogues_of, is_decision, replay

PAGE = 500
KEPT_HISTORIES = 512

Progress = Callable[[int], None]
"""Called with the number of events gone through so far."""


@dataclass(frozen=True, slots=True)
class Place:
    """An event that something is to be said of: what, in one line of codes and ids."""

    stream: bytes
    seq: int
    event: bytes
    text: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"stream {self.stream.hex()} event {self.seq}: {self.text}"


@dataclass(slots=True)
class Replayed:
    """What going through gave: counts, what is wrong, and what cannot be decided again and why."""

    streams: int = 0
    events: int = 0
    decisions: int = 0
    findings: list[Place] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what was erased for a recorded ground is not."""
        return not self.findings


@dataclass
class Replayer:
    """Goes through the events of a store. `months` opens payloads; owned by one task."""

    store: EventStore
    months: MonthKeys
    catalogues: Catalogues
    progress: Progress = lambda _count: None
    _histories: OrderedDict[tuple[bytes, str], History] = field(default_factory=OrderedDict)

    async def run(self, only: bytes | None = None) -> Replayed:
        """Go through all streams, or one; raise nothing for what is wrong: it stands in the result."""
        result = Replayed()
        for stream in await self.store.streams():
            if only is None or stream.stream == only:
                await self._stream(stream, result)
        return result

    async def _stream(self, stream: StreamRow, result: Replayed) -> None:
        walk = _Walk(stream, result, await self._keys(stream.stream))
        after = 0
        while rows := await self.store.of_stream(stream.stream, after, PAGE):
            logged = await self.store.logged_leaves(stream.stream, after, len(rows))
            for row in rows:
                # What was appended since the head was read is the next run's.
                if row.seq <= stream.seq:
                    await self._event(row, walk, logged.get(row.seq))
            after = rows[-1].seq
        walk.finish()
        result.streams += 1

    async def _keys(self, stream: bytes) -> list[tuple[int, bytes]]:
        """The keys of a stream by the seq of their first event; none that cannot be opened."""
        found = []
        for row in await self.store.keys(stream):
            try:
                key = open_stream_key(self.months.find(row["month"]), stream, row["epoch"], row["wrapped"])
            except AuditError:
                continue
            found.append((row["from_seq"], key))
        return found

    async def _event(self, row: EventRow, walk: _Walk, logged: bytes | None) -> None:
        result = walk.result
        result.events += 1
        self.progress(result.events)
        walk.check_leaf(row, logged)
        opened = open_row(row, self.months)
        if opened is None:
            await self._missing(row, walk)
        elif walk.check_payload(row, opened) and is_decision(opened.event):
            await self._decision(row, opened, result)

    async def _missing(self, row: EventRow, walk: _Walk) -> None:
        if row.erased_by is not None:
            walk.erased.add(row.seq)
            by = await self.store.event_at(row.stream, row.erased_by)
            walk.result.gone.append(_place(row, f"not replayable: erased by event {by.hex() if by else row.erased_by}"))
        elif row.month is not None and not self._has_key(row.month):
            walk.result.gone.append(_place(row, f"not replayable: the key of {row.month} was destroyed"))
        elif row.month is not None:
            walk.find(row, "the payload does not open: it is not what was sealed there")
        else:
            walk.find(row, "the payload is gone and no event says why")

    def _has_key(self, month: str) -> bool:
        try:
            self.months.find(month)
        except IncompleteError:
            return False
        return True

    async def _decision(self, row: EventRow, opened: Opened, result: Replayed) -> None:
        result.decisions += 1
        try:
            catalogues = catalogues_of(opened.event, self.catalogues)
            histories = await self._of(Seen.of(opened.event), catalogues)
            differences = replay(opened.event, opened.evidence, histories, row.stream)
        except NotReplayableError as error:
            result.findings.append(_place(row, f"not replayable: {error}"))
        except ConsentError:
            result.findings.append(_place(row, "not replayable: the facts of that time do not compile"))
        else:
            result.findings += [_place(row, str(each)) for each in differences]

    async def _of(self, seen: Seen, catalogues: Catalogues) -> dict[bytes, History]:
        version = catalogues.current.hash
        known = {stream: self._histories.get((stream, version)) for stream in seen.rules}
        # A history that was read before may lack the newest facts.
        wanted = [s for s, history in known.items() if history is None or history.last < seen.rules[s]]
        for stream, row in (await self.store.heads(wanted)).items():
            rules, items = await self.store.facts(stream, "rules"), await self.store.facts(stream, "items")
            self._histories[stream, version] = History(row.kind, row.seq, rules, items, Compiler(catalogues))
        found = {stream: self._histories.get((stream, version)) for stream in seen.rules}
        while len(self._histories) > KEPT_HISTORIES:
            self._histories.popitem(last=False)
        return {stream: history for stream, history in found.items() if history is not None}


class _Walk:
    """The check of one stream from its first event to the head."""

    def __init__(self, stream: StreamRow, result: Replayed, keys: list[tuple[int, bytes]]) -> None:
        self.stream, self.result, self.keys = stream, result, keys
        self.last = 0
        self.hash = NO_PREVIOUS
        self.erased: set[int] = set()
        self.accounted: set[int] = set()

    def find(self, row: EventRow, text: str) -> None:
        """Report something wrong with an event."""
        self.result.findings.append(_place(row, text))

    def check_leaf(self, row: EventRow, logged: bytes | None) -> None:
        """Check number, tag and link of a leaf, and that the log has the same."""
        if row.seq != self.last + 1:
            self.find(row, f"event {self.last + 1} is not there")
        if logged is not None and logged != row.leaf:
            self.find(row, "the log has another leaf")
        key = next((key for first, key in reversed(self.keys) if first <= row.seq), None)
        if key is not None and not _follows(row, key, self.hash):
            self.find(row, "the leaf is not of this stream and number, or does not follow the one before it")
        self.last, self.hash = row.seq, leaf_hash(row.leaf)

    def check_payload(self, row: EventRow, opened: Opened) -> bool:
        """Check that the leaf commits to the payload; an erasure accounts for the event it names."""
        event = opened.event
        if not hmac.compare_digest(commitment(event_digests(opened.seed, event)), parse_leaf(row.leaf).commit):
            self.find(row, "the payload is not what its leaf commits to: it was rewritten")
            return False
        if event.schema.id == ERASURE_SCHEMA and event["stream"] == row.stream.hex():
            self.accounted.add(event.number("seq"))
        return True

    def finish(self) -> None:
        """Check the end of the stream, and that every erased payload was erased by an event that says so."""
        stream = self.stream
        end = EventRow(stream.stream, stream.seq, b"", b"", 0, None, None, None, None)
        if (self.last, self.hash) != (stream.seq, stream.leaf):
            self.find(end, "the stream does not end where its head says")
        for seq in sorted(self.erased - self.accounted):
            self.find(end._replace(seq=seq), "the payload was erased by no event that says so")


def _follows(row: EventRow, key: bytes, previous: bytes) -> bool:
    leaf = parse_leaf(row.leaf)
    right_tag = hmac.compare_digest(leaf.tag, event_tag(key, row.seq))
    return right_tag and hmac.compare_digest(leaf.link, event_link(key, row.seq, previous))


def _place(row: EventRow, text: str) -> Place:
    return Place(row.stream, row.seq, row.event, text)
