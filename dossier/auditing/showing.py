"""Events as they are shown: the leaf, and the fields that an audience may see, each with what proves it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from audit.opening import open_fields, opening_to_json
from crypto.encoding import encode_base64
from dossier.answers import Answer, Promise
from dossier.auditing.store import EventRow, Opened


class ShownEvent(Answer, frozen=True, omit_defaults=True):
    """One event: `leaf` is the base64 of its 97 bytes, `at` UTC milliseconds, `openings` every field in order.

    Without `openings` its payload is gone; `erasedBy` is the seq of the event that says so. `index` is its place in
    the public log, where that is shown.
    """

    stream: str
    seq: int
    event: str
    at: int
    leaf: str
    openings: list[dict[str, str]] = msgspec.field(default_factory=list)
    erased_by: int = 0
    index: int = 0


class ShownHead(Answer, frozen=True):
    """Where a stream stands: seq and hex leaf hash of its last event."""

    seq: int
    leaf: str


class StreamPage(Answer, frozen=True, omit_defaults=True):
    """Events of one stream in order; `next` is the seq after which to go on, if there are more."""

    stream: str
    head: ShownHead
    events: list[ShownEvent]
    next: int = 0


class AuditPage(Answer, frozen=True, omit_defaults=True):
    """Events in the order of the log; `next` is the index after which to go on; `promise` is of this very look."""

    events: list[ShownEvent]
    promise: Promise
    next: int = 0


def shown(row: EventRow, opened: Opened | None, audience: str, index: int = 0) -> ShownEvent:
    """Make the value of one event for an audience."""
    return ShownEvent(
        stream=row.stream.hex(),
        seq=row.seq,
        event=row.event.hex(),
        at=row.at,
        leaf=encode_base64(row.leaf),
        openings=opening_to_json(open_fields(opened.event, opened.seed, audience)) if opened else [],
        erased_by=row.erased_by or 0,
        index=index,
    )


def next_after(events: Sequence[int], size: int) -> int:
    """Return the cursor after a page: the last of a full page, else 0."""
    return events[-1] if len(events) == size else 0
