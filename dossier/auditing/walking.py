"""One stream from its first event to its head: numbers, tags, links and payloads against leaves. Pure."""

from __future__ import annotations

import hmac

from audit.history import ERASURE_SCHEMA
from audit.merkle import leaf_hash
from audit.stream import NO_PREVIOUS, commitment, event_digests, event_link, event_tag, parse_leaf
from dossier.auditing.outcome import Place, Replayed
from dossier.auditing.store import EventRow, Opened, StreamRow


class Walk:
    """The check of one stream; `keys` are those of its epochs by the seq of their first event."""

    def __init__(self, stream: StreamRow, result: Replayed, keys: list[tuple[int, bytes]]) -> None:
        self.stream, self.result, self.keys = stream, result, keys
        self.last = 0
        self.hash = NO_PREVIOUS
        self.erased: set[int] = set()
        self.accounted: set[int] = set()

    def find(self, row: EventRow, text: str) -> None:
        """Report something wrong with an event."""
        self.result.findings.append(Place.of(row, text))

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
