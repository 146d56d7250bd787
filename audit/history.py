"""A whole stream, checked by the one who holds its keys: nothing left out, nothing changed, nothing added.

What this cannot see is an event after the last one shown; its tag is `Checked.next_tag`, and must not be in the log.
Page: docs/spec/event.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.errors import IncompleteError, ProofError, SplitViewError
from audit.merkle import leaf_hash
from audit.opening import Opening, check_opening
from audit.stream import NO_PREVIOUS, event_link, event_tag, parse_leaf

EPOCH_SCHEMA = "epoch/v1"
ERASURE_SCHEMA = "erasure/v1"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event as shown: its number, its leaf of 97 bytes, its opening, or None when the payload was erased."""

    seq: int
    leaf: bytes
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class StreamHead:
    """How far a stream was checked: last number, its leaf hash, and SHA-256 of the key of the next event.

    `first_head` starts from the key hash that stands in the signed statement which created the stream.
    """

    seq: int
    leaf_hash: bytes
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the new head, the shown fields by number, the erased numbers, the tag that must be absent."""

    head: StreamHead
    events: Mapping[int, Mapping[str, str]]
    erased: tuple[int, ...]
    next_tag: bytes | None


def first_head(key_hash: bytes) -> StreamHead:
    """Return the head of a stream without events, given SHA-256 of its first key as pinned."""
    return StreamHead(0, NO_PREVIOUS, key_hash)


def verify_stream(stream: str, keys: Sequence[bytes], events: Sequence[StreamEvent], head: StreamHead) -> Checked:
    """Check the events that follow `head`, in order; `keys` are those of the epochs from the head on.

    Raise IncompleteError for a gap, a missing key or an event erased without saying so, SplitViewError for a leaf that
    is not the stream's, ProofError for fields that are not those committed to. Messages name the number of the event.
    """
    walk = _Walk(stream, list(keys), head)
    for event in events:
        walk.step(event)
    missing = set(walk.erased) - walk.accounted
    if missing:
        raise IncompleteError(f"event {min(missing)}: payload is gone and no later event says why")
    key = walk.current()
    next_tag = event_tag(key, walk.head.seq + 1) if key is not None else None
    return Checked(walk.head, walk.shown, tuple(walk.erased), next_tag)


class _Walk:
    """The state of one check."""

    def __init__(self, stream: str, keys: list[bytes], head: StreamHead) -> None:
        self.stream, self.keys, self.head = stream, keys, head
        self.shown: dict[int, Mapping[str, str]] = {}
        self.erased: list[int] = []
        self.accounted: set[int] = set()

    def current(self) -> bytes | None:
        """Return the key of the next event if it is held and is the one committed to."""
        if not self.keys:
            return None
        if not hmac.compare_digest(hashlib.sha256(self.keys[0]).digest(), self.head.key_hash):
            raise SplitViewError(f"event {self.head.seq + 1}: stream key is not the one that was committed to")
        return self.keys[0]

    def step(self, event: StreamEvent) -> None:
        """Check one event and move the head over it."""
        if event.seq != self.head.seq + 1:
            raise IncompleteError(f"event {self.head.seq + 1}: not shown")
        key = self.current()
        if key is None:
            raise IncompleteError(f"event {event.seq}: key of its epoch is not there")
        self._check_leaf(key, event)
        self.head = StreamHead(event.seq, leaf_hash(event.leaf), self.head.key_hash)
        if event.opening is None:
            self.erased.append(event.seq)
        else:
            self._take(event.seq, self._fields(event, event.opening))

    def _check_leaf(self, key: bytes, event: StreamEvent) -> None:
        leaf = parse_leaf(event.leaf)
        if not hmac.compare_digest(leaf.tag, event_tag(key, event.seq)):
            raise SplitViewError(f"event {event.seq}: leaf is not of this stream and number")
        if not hmac.compare_digest(leaf.link, event_link(key, event.seq, self.head.leaf_hash)):
            raise SplitViewError(f"event {event.seq}: leaf does not follow the one before it")

    def _fields(self, event: StreamEvent, opening: Opening) -> dict[str, str]:
        try:
            return check_opening(event.leaf, opening)
        except ProofError as error:
            raise ProofError(f"event {event.seq}: {error}") from error

    def _take(self, seq: int, fields: dict[str, str]) -> None:
        self.shown[seq] = fields
        if fields["schema"] == EPOCH_SCHEMA:
            # The event that commits the next key is the last of its epoch.
            self.keys.pop(0)
            self.head = StreamHead(seq, self.head.leaf_hash, bytes.fromhex(fields.get("next", "")))
        if fields["schema"] == ERASURE_SCHEMA and fields.get("stream") == self.stream:
            self.accounted.add(int(fields.get("seq") or 0))
