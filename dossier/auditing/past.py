"""The past as a decision saw it: the facts of every stream that an event names, folded up to the position it names.

"As it was" is the fold up to that position. "As corrected later" adds what was written afterwards and says of itself
that it counts from an instant before: an authority that turns out to have ended, an item that turns out to be another
person's. What only changes the future (a withdrawal, a new consent) corrects nothing. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from audit.entry import FactRecord, Head, Position, View
from audit.event import Event
from audit.stream import NO_PREVIOUS
from crypto.errors import CryptoError
from dossier.facts.compiler import Compiled, Compiler
from dossier.items.state import ItemState, compile_item

KEPT: Final = 16
"""Compiled values that a history remembers: decisions come in order, from several streams at once."""

COUNTS_FROM: Final[Mapping[str, str]] = {
    "authority-ended": "until",
    "attestation-end": "until",
    "member-end": "until",
    "system-end": "until",
    "participation-end": "issuedAt",
    "case-closure": "issuedAt",
}
"""Kinds of rules facts that say from which instant (UTC seconds) they count, which may lie before they were written."""

ALWAYS_COUNTED: Final = frozenset({"quarantine"})
"""Kinds of items facts that say what an item was from the beginning."""

ItemRecord = tuple[int, str, Mapping[str, Any]]


class NotReplayableError(Exception):
    """What the decision was made on is not there; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Which facts a decision used: the rules position of each stream, and the dossier with its items position."""

    rules: Mapping[bytes, int]
    dossier: bytes | None
    items: int

    @classmethod
    def of(cls, event: Event) -> Seen:
        """Read the positions of an event; raise NotReplayableError."""
        rules: dict[bytes, int] = {}
        dossier, items = None, 0
        try:
            for stream, seq, *more in event.items("positions"):
                rules[bytes.fromhex(stream)] = int(seq)
                if more:
                    dossier, items = bytes.fromhex(stream), int(more[0])
        except (TypeError, ValueError, CryptoError) as error:
            raise NotReplayableError("the positions are not well-formed") from error
        return cls(rules, dossier, items)


class History:
    """The facts of one stream at every position up to `last`. Compiled values are remembered: decisions come in order."""

    def __init__(
        self, kind: str, last: int, rules: Sequence[FactRecord], items: Sequence[FactRecord], compiler: Compiler
    ) -> None:
        self.kind, self.last = kind, last
        self._rules, self._compiler = rules, compiler
        self._seqs = [record.seq for record in rules]
        self._items: dict[bytes, list[ItemRecord]] = defaultdict(list)
        self._in_order: list[tuple[int, bytes, ItemRecord]] = []
        for record in items:
            line = (record.seq, record.kind, record.body)
            self._items[record.subject].append(line)
            self._in_order.append((record.seq, record.subject, line))
        self._always = [record.seq for record in items if record.kind in ALWAYS_COUNTED]
        self._dated = [record for record in rules if record.kind in COUNTS_FROM]
        self._compiled: OrderedDict[Hashable, Compiled] = OrderedDict()
        self._states: tuple[int, dict[bytes, ItemState]] = (0, {})

    def compiled(self, seq: int) -> Compiled:
        """Return the compiled rules facts at a position."""
        count = bisect_right(self._seqs, seq)
        if count not in self._compiled:
            # Decisions and acts come in order: what was compiled last is extended, not made anew.
            near = max((each for each in self._compiled if isinstance(each, int) and each < count), default=0)
            before = self._compiled.get(near, Compiled(self.kind))
            self._compiled[count] = self._compiler.extend(before, self._rules[near:count])
        return self._kept(count, ())

    def corrected(self, seq: int, now: int) -> Compiled:
        """Return the compiled rules facts at a position with what was corrected later and counts at `now`."""
        later = self.corrections(seq, now)
        if not later:
            return self.compiled(seq)
        count = bisect_right(self._seqs, seq)
        return self._kept((count, tuple(later)), [*self._rules[:count], *(self._rules[at] for at in later)])

    def corrections(self, seq: int, now: int) -> list[int]:
        """Where in the stream's facts those corrections stand that were written after a position."""
        start = bisect_right(self._seqs, seq)
        if not self._dated or self._dated[-1].seq <= seq:
            return []
        return [at for at in range(start, len(self._rules)) if _counts(self._rules[at], now)]

    def is_corrected(self, seen: Seen, stream: bytes, now: int) -> bool:
        """Whether anything that a decision saw of this stream was corrected later."""
        dossier = stream == seen.dossier and any(seq > seen.items for seq in self._always)
        return dossier or (stream in seen.rules and bool(self.corrections(seen.rules[stream], now)))

    def item(self, item: bytes, seq: int, *, corrected: bool = False) -> ItemState | None:
        """Return one item as it stood at a position, None if it was not there or removed."""
        records = [
            record
            for record in self._items.get(item, ())
            if record[0] <= seq or (corrected and record[1] in ALWAYS_COUNTED)
        ]
        state = compile_item(item.hex(), records)
        return None if state is None or state.removed else state

    def items(self, seq: int, *, corrected: bool = False) -> Mapping[bytes, ItemState]:
        """Return all items as they stood at a position."""
        reached, states = self._states if self._states[0] <= seq else (0, {})
        first = bisect_right(self._in_order, reached, key=lambda line: line[0])
        last = bisect_right(self._in_order, seq, key=lambda line: line[0])
        states = dict(states)
        for _, item, record in self._in_order[first:last]:
            state = compile_item(item.hex(), (record,), states.get(item))
            if state is not None:
                states[item] = state
        self._states = seq, states
        return states if not corrected else {item: self._corrected(item, seq, each) for item, each in states.items()}

    def _corrected(self, item: bytes, seq: int, state: ItemState) -> ItemState:
        later = [each for each in self._items[item] if each[0] > seq and each[1] in ALWAYS_COUNTED]
        return compile_item(item.hex(), later, state) or state

    def _kept(self, name: Hashable, records: Sequence[FactRecord]) -> Compiled:
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = self._compiler.compile(self.kind, records)
        self._compiled.move_to_end(name)
        while len(self._compiled) > KEPT:
            self._compiled.popitem(last=False)
        return found


def _counts(record: FactRecord, now: int) -> bool:
    name = COUNTS_FROM.get(record.kind)
    instant = record.body.get(name) if name else None
    return isinstance(instant, int) and instant <= now


@dataclass(frozen=True, slots=True)
class Past:
    """The facts that one event used, as they stood, or as they were corrected later."""

    seen: Seen
    histories: Mapping[bytes, History]
    corrected: bool
    view: View = field(repr=False)
    now: int

    @classmethod
    def of(cls, event: Event, histories: Mapping[bytes, History], *, corrected: bool = False) -> Past:
        """Take the facts at the positions of an event; raise NotReplayableError for a stream that does not exist."""
        seen, now = Seen.of(event), event.number("time")
        if not seen.rules.keys() <= histories.keys():
            raise NotReplayableError("a stream that was used does not exist")
        return cls(seen, histories, corrected, _view(seen, histories, now, {}, corrected=corrected), now)

    def item(self, item: bytes) -> ItemState | None:
        """Return one item of the dossier, None if there is no dossier, or it was not there or removed."""
        history = self._dossier()
        return history.item(item, self.seen.items, corrected=self.corrected) if history else None

    def items(self) -> Mapping[bytes, ItemState]:
        """Return all items of the dossier."""
        history = self._dossier()
        return history.items(self.seen.items, corrected=self.corrected) if history else {}

    def with_rows(self, rows: Mapping[Hashable, Any]) -> View:
        """Return the view with the rows that an entry wants."""
        return _view(self.seen, self.histories, self.now, rows, corrected=self.corrected)

    def _dossier(self) -> History | None:
        return self.histories[self.seen.dossier] if self.seen.dossier is not None else None


def _view(
    seen: Seen, histories: Mapping[bytes, History], now: int, rows: Mapping[Hashable, Any], *, corrected: bool
) -> View:
    heads = {stream: _head(stream, histories[stream].kind, seq, seen) for stream, seq in seen.rules.items()}
    compiled = {
        stream: histories[stream].corrected(seq, now) if corrected else histories[stream].compiled(seq)
        for stream, seq in seen.rules.items()
    }
    return View(now * 1000, heads, compiled, rows)


def _head(stream: bytes, kind: str, seq: int, seen: Seen) -> Head:
    items = Position(seen.items if stream == seen.dossier else 0, NO_PREVIOUS)
    return Head(stream, kind, rules=Position(seq, NO_PREVIOUS), items=items)
