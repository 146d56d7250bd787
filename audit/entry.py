"""What the group writer takes and gives: entries, the view they are judged in, outcomes and receipts.

An entry names the streams it touches and judges itself, purely, against a `View` of their heads and facts as they
stand at that very position. Page: docs/spec/writer.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from audit.errors import RepeatedError, UnknownStreamError
from audit.event import Event
from audit.promise import PromiseBatch
from audit.stream import NO_PREVIOUS

T = TypeVar("T")
Want = Hashable
"""A row that an entry needs and the injected `BatchLoader` knows how to load, all of a batch in one statement."""

FactClass = Literal["rules", "items", "keys"]
"""What a fact moves: the stream's rules position, its items position, or (public keys to seal to) neither."""


class Position(msgspec.Struct, frozen=True):
    """A place in a stream: seq from 1 and the 32-byte hash of that leaf; seq 0 is before the first event."""

    seq: int
    leaf: bytes


START = Position(0, NO_PREVIOUS)


@dataclass(slots=True)
class Head:
    """Where a stream stands: last event, its time (UTC milliseconds), last change of rules and of items, key epoch."""

    stream: bytes
    kind: str
    seq: int = 0
    leaf: bytes = NO_PREVIOUS
    at_ms: int = 0
    rules: Position = START
    items: Position = START
    key_epoch: int = 0

    def copy(self) -> Head:
        """Return a head that may be moved without moving this one."""
        return Head(self.stream, self.kind, self.seq, self.leaf, self.at_ms, self.rules, self.items, self.key_epoch)


class Fact(msgspec.Struct, frozen=True):
    """One fact that an event adds to its stream: a row that is never changed; an ending is a row of its own.

    `kind` is a code, `subject` the 16-byte id of the thing, `body` a value of canonical JSON.
    """

    cls: FactClass
    kind: str
    subject: bytes
    body: Mapping[str, Any]


class FactRecord(msgspec.Struct, frozen=True):
    """A stored fact with its place: event `seq` of the stream, and the order within that event from 0."""

    seq: int
    ordinal: int
    kind: str
    subject: bytes
    body: Mapping[str, Any]


class Append(msgspec.Struct, frozen=True):
    """One event to append. Its time field must be `view.now`.

    The stream's rules or items position moves exactly if `facts` has a fact of that class. `evidence` is kept sealed
    beside the event (a signed request, say). `next_key` ends the key epoch: the event must be the epoch's last.
    `event_id` is the id to be given, of the stream's bucket; without it the writer draws one.
    """

    stream: bytes
    event: Event
    facts: tuple[Fact, ...] = ()
    evidence: bytes = b""
    next_key: bytes | None = None
    event_id: bytes | None = None

    def __repr__(self) -> str:
        """Name stream and schema; the next key is a secret."""
        return f"Append(stream={self.stream.hex()}, schema={self.event.schema.id})"


class Write(msgspec.Struct, frozen=True):
    """One plain statement of the same transaction; those with equal text run together.

    With `columns` the statement takes an array for each argument, and all rows of the batch are one execution.
    """

    statement: str
    args: tuple[Any, ...]
    columns: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """A stream that this outcome opens: 16-byte id, kind (dossier, person, organisation, case, service), 32-byte K."""

    stream: bytes
    kind: str
    key: bytes = field(repr=False)


class Receipt(msgspec.Struct, frozen=True):
    """What stands for an appended event: everything its reader needs to hold us to it.

    `leaf` is the 97 bytes, `promise` the batch's note with the path of leaf `index`; `seed` opens fields of `event`,
    by the `salts` and `digests` that the leaf was made of.
    """

    event_id: bytes
    stream: bytes
    seq: int
    leaf: bytes
    leaf_hash: bytes
    at_ms: int
    index: int
    promise: PromiseBatch
    event: Event
    seed: bytes
    salts: tuple[bytes, ...]
    digests: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Name the event; seed and salts would open its fields."""
        return f"Receipt(event_id={self.event_id.hex()}, seq={self.seq})"

    @property
    def path(self) -> list[bytes]:
        """The inclusion path of the leaf in the promise's tree, sibling first."""
        return self.promise.path(self.index)


class Claim(msgspec.Struct, frozen=True):
    """An idempotency key: 16-byte actor, 32-byte hash of method and path, 16-byte key, 32-byte hash of the body."""

    actor: bytes
    route: bytes
    key: bytes
    body: bytes


class Claimed(msgspec.Struct, frozen=True):
    """What is known of an earlier entry with the same claim: its first event, when, and the answer if it was kept."""

    stream: bytes
    seq: int
    event_id: bytes
    at_ms: int
    kept: bytes | None


class Outcome(msgspec.Struct, Generic[T], frozen=True):
    """What an entry does: all of it in one transaction or nothing.

    `answer` makes the caller's value of one receipt per append; it must be pure, and its value is given out only after
    the commit. `writes` are statements, or a pure function that makes them of the receipts. `keep` gives the bytes
    stored for the entry's claim; without it `Entry.recall` gets None.
    """

    appends: tuple[Append, ...]
    answer: Callable[[tuple[Receipt, ...]], T]
    writes: Sequence[Write] | Callable[[tuple[Receipt, ...]], Sequence[Write]] = ()
    openings: tuple[Opening, ...] = ()
    keep: Callable[[T], bytes] | None = None

    @property
    def rows(self) -> int:
        """How many rows this outcome stores, as far as it is known before the receipts."""
        writes = 0 if callable(self.writes) else len(self.writes)
        return writes + len(self.openings) + sum(1 + len(append.facts) for append in self.appends)


class FactsMissingError(Exception):
    """The compiled facts of a stream are not at hand at the running position; the writer loads them and tries again."""

    def __init__(self, stream: bytes) -> None:
        super().__init__("facts of a stream are not at hand")
        self.stream = stream


class View:
    """One batch as its entries see it: heads and compiled facts at the running position, rows, and the time.

    `at_ms` is the time of every event of the batch in UTC milliseconds. `clock_behind` says that the database's clock
    is behind the stream's last event, `closed` why nothing new may be released now, else empty (only narrowing entries
    ever see either).
    """

    __slots__ = ("_compiled", "_heads", "_rows", "at_ms", "clock_behind", "closed", "now")

    def __init__(
        self,
        at_ms: int,
        heads: Mapping[bytes, Head],
        compiled: Mapping[bytes, Any],
        rows: Mapping[Want, Any],
        *,
        clock_behind: bool = False,
        closed: str = "",
    ) -> None:
        self.at_ms = at_ms
        self.now = at_ms // 1000
        self.clock_behind = clock_behind
        self.closed = closed
        self._heads = heads
        self._compiled = compiled
        self._rows = rows

    def head(self, stream: bytes) -> Head:
        """Return the running head of a named stream; it must not be changed. Raise UnknownStreamError."""
        head = self._heads.get(stream)
        if head is None:
            raise UnknownStreamError("no such stream")
        return head

    def exists(self, stream: bytes) -> bool:
        """Whether a named stream exists."""
        return stream in self._heads

    def facts(self, stream: bytes) -> Any:
        """Return the compiled rules facts of a named stream at exactly its running rules position.

        Raise UnknownStreamError; FactsMissingError is the writer's to catch.
        """
        if stream not in self._heads:
            raise UnknownStreamError("no such stream")
        try:
            return self._compiled[stream]
        except KeyError:
            raise FactsMissingError(stream) from None

    def rows(self, want: Want) -> Any:
        """Return what the loader found for a want of this batch, None when there is nothing."""
        return self._rows.get(want)


class Entry(ABC, Generic[T]):
    """One act to be judged and written. Subclasses set the attributes; T is the type of the answer.

    `streams` are locked and may be appended to; `foreign` are read, unlocked. A narrowing entry ends access: it goes
    first in its batch and is never refused for a clock, a lag or a queue. An entry that changes rows which other
    entries want goes `alone`, so that no batch ever judges by rows that it has itself made old.
    """

    streams: tuple[bytes, ...] = ()
    foreign: tuple[bytes, ...] = ()
    wants: tuple[Want, ...] = ()
    claim: Claim | None = None
    narrowing: bool = False
    alone: bool = False

    def verify(self) -> None:
        """Do the work that needs no database (verify signatures); runs in a worker thread. Raise to refuse."""

    @abstractmethod
    def judge(self, view: View) -> Outcome[T]:
        """Decide, purely and without await. Raise a domain error to refuse: then nothing is stored."""

    def recall(self, claimed: Claimed, view: View) -> T:  # noqa: ARG002 - the arguments are for subclasses
        """Answer again for a claim that was used before with the same body; pure, nothing is stored.

        Raise a domain error when the answer cannot be given again.
        """
        raise RepeatedError("this act was done before")


class FactCompiler(Protocol):
    """How the application turns a stream's fact rows into the value its entries judge by. Pure; never mutates."""

    def compile(self, kind: str, records: Sequence[FactRecord]) -> Any:
        """Compile all rules facts of a stream of this kind, in order."""

    def extend(self, compiled: Any, records: Sequence[FactRecord]) -> Any:
        """Return what `compile` would with these records behind the others."""


class BatchLoader(Protocol):
    """How the application loads the rows that entries want."""

    async def load(self, connection: Any, wants: Sequence[Want]) -> Mapping[Want, Any]:
        """Load all wants of a batch, in one statement, on the batch's connection (asyncpg)."""
