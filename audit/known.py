"""What a writer keeps in memory of each stream: the key of its epoch, and its compiled facts at one rules position.

Nothing here is trusted by itself: a batch uses a value only if the head it has locked says that it is current.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.entry import FactCompiler, FactRecord, Head, Position
from audit.monthkeys import MonthKeys
from audit.payload import open_stream_key
from audit.store import StoredStream


@dataclass(slots=True)
class Known:
    """One stream: its kind, key epoch and key, and compiled facts at a rules position."""

    kind: str
    epoch: int
    key: bytes = field(repr=False)
    rules: Position
    compiled: Any


class KnownStreams:
    """A bounded memory of streams; the oldest entry goes first.

    `newest_ms` is the time of the newest event seen in any stream, in UTC milliseconds.
    """

    def __init__(self, compiler: FactCompiler, keys: MonthKeys, limit: int) -> None:
        self._streams: dict[bytes, Known] = {}
        self._absent: dict[bytes, None] = {}
        self._compiler = compiler
        self._keys = keys
        self._limit = limit
        self.newest_ms = 0

    def note_times(self, heads: Iterable[Head]) -> None:
        """Let `newest_ms` be no earlier than the last events of these streams."""
        self.newest_ms = max([self.newest_ms, *(head.at_ms for head in heads)])

    def missing(self, streams: Iterable[bytes]) -> list[bytes]:
        """Return those of which nothing is known, not even that they were not there."""
        return [stream for stream in streams if stream not in self._streams and stream not in self._absent]

    def note_absent(self, streams: Iterable[bytes]) -> None:
        """Remember that streams were looked for and not there, as long as one that is there would be remembered.

        So asking for what is not there costs what asking for what is there costs, the first time and every other.
        Nothing is decided by it: a stream that came since is seen by whoever locks or reads its head.
        """
        for stream in streams:
            if stream not in self._absent and len(self._absent) >= self._limit:
                del self._absent[next(iter(self._absent))]
            self._absent[stream] = None

    def current(self, heads: Iterable[Head]) -> tuple[dict[bytes, bytes], dict[bytes, Any]]:
        """Return keys, and compiled facts, of the streams for which they are current at these heads."""
        keys: dict[bytes, bytes] = {}
        compiled: dict[bytes, Any] = {}
        for head in heads:
            known = self._streams.get(head.stream)
            if known is not None:
                if known.epoch == head.key_epoch:
                    keys[head.stream] = known.key
                if known.rules == head.rules:
                    compiled[head.stream] = known.compiled
        return keys, compiled

    def spans(self, stored: Mapping[bytes, StoredStream]) -> list[tuple[bytes, int, int]]:
        """Return which facts to read, as (stream, after, last): only what is newer than what is known."""
        return [(stream, self._from(stream, one.head), one.head.rules.seq) for stream, one in stored.items()]

    def _from(self, stream: bytes, head: Head) -> int:
        known = self._streams.get(stream)
        older = known is not None and (known.rules == head.rules or known.rules.seq < head.rules.seq)
        return known.rules.seq if known is not None and older else 0

    def learn(self, stored: StoredStream, after: int, records: list[FactRecord]) -> None:
        """Take in a stream as read: facts up to its rules position, those up to `after` being known already."""
        head = stored.head
        self.note_times((head,))
        known = self._streams.get(head.stream)
        key = open_stream_key(self._keys.find(stored.month), head.stream, head.key_epoch, stored.wrapped)
        if known is not None and known.rules.seq == after and after:
            compiled = self._compiler.extend(known.compiled, records) if records else known.compiled
        elif after:
            return  # forgotten or moved while the rows were read: the next asking reads them all
        else:
            compiled = self._compiler.compile(head.kind, records)
        self.keep(head, key, compiled)

    def keep(self, head: Head, key: bytes, compiled: Any) -> None:
        """Remember a stream as it stands after a commit."""
        if head.stream not in self._streams and len(self._streams) >= self._limit:
            del self._streams[next(iter(self._streams))]
        self._absent.pop(head.stream, None)
        self._streams[head.stream] = Known(head.kind, head.key_epoch, key, head.rules, compiled)

    def forget(self, stream: bytes) -> None:
        """Drop what is known of a stream."""
        self._streams.pop(stream, None)
