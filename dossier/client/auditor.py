"""The auditor's side: events of all streams, each held against its leaf in the public log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import AuditError
from audit.history import ERASURE_SCHEMA
from audit.opening import check_opening, opening_from_json
from audit.tags import tag_of
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from dossier.client.errors import UntrustedError
from dossier.client.history import LoggedTags
from dossier.client.session import Session

WAITS = (0.3, 1.0, 4.0, 15.0, 40.0)
"""Seconds after which the list is asked for again when an erasure is not in the log yet: the merge delay in all."""


@dataclass(frozen=True, slots=True)
class AuditedEvent:
    """An event as an auditor sees it: place in the log, stream, seq, id, and the fields shown.

    An erased one has none; `erased_by` is then the seq of the event that says so, else 0.
    """

    index: int
    stream: str
    seq: int
    event: str
    fields: Mapping[str, str]
    erased_by: int = 0


@dataclass
class Auditor:
    """Somebody whose supervisor attests that they audit, signed in."""

    session: Session

    def events(self, stream: str = "", after: int = 0, logged: LoggedTags | None = None) -> Iterator[AuditedEvent]:
        """Yield events in the order of the log, page by page; every page is an event of the supervisor itself.

        Raise UntrustedError for fields that are not those of the leaf, for a payload that is gone without an erasure
        among these events and, with `logged`, for a leaf that the log has not; RefusedError unless the role is attested.
        """
        gone, waits, newest = _Gone(), iter(WAITS), -1
        while True:
            page = self.session.get("/v1/events", {"after": after, "stream": stream})
            for shown in page["events"]:
                found = audited(shown, logged)
                if found.index <= newest:
                    continue  # the last page is asked for again
                newest = found.index
                gone.see(found)
                yield found
            following = int(page.get("next", 0))
            if following > after:
                after = following
            elif not gone.awaits():
                return
            elif (wait := next(waits, None)) is not None:
                time.sleep(wait)
            else:
                raise UntrustedError(gone.told())

    def proof(self, event: str) -> bytes:
        """Fetch the tlog-proof of an event; RefusedError with status 409 before the log has it."""
        return self.session.send("GET", f"/v1/events/{event}/proof").content


def audited(shown: Mapping[str, Any], logged: LoggedTags | None = None) -> AuditedEvent:
    """Check one shown event; raise UntrustedError."""
    try:
        leaf = decode_base64(shown["leaf"])
        fields = check_opening(leaf, opening_from_json(shown["openings"])) if shown.get("openings") else {}
        erased = 0 if fields else int(shown.get("erasedBy", 0))
        found = AuditedEvent(int(shown["index"]), shown["stream"], int(shown["seq"]), shown["event"], fields, erased)
    except (AuditError, CryptoError, KeyError, TypeError, ValueError) as error:
        raise UntrustedError("an event is not what its leaf commits to") from error
    if not found.fields and not found.erased_by:
        raise UntrustedError(f"event {found.seq}: its payload is gone, and no later event says why")
    # A log that was read before this page may lack its newest events, but never has another leaf.
    if logged is not None and found.index < logged.checkpoint.size and logged.leaves.get(tag_of(leaf) or b"") != leaf:
        raise UntrustedError("an event is not in the log")
    return found


class _Gone:
    """Which payloads are gone until the erasure comes that names each, in its own stream and at the place told."""

    def __init__(self) -> None:
        self._gone: dict[tuple[str, int], int] = {}
        self._last: dict[str, int] = {}

    def see(self, found: AuditedEvent) -> None:
        """Take note of the next event of a stream."""
        self._last[found.stream] = found.seq
        if found.erased_by:
            self._gone[found.stream, found.seq] = found.erased_by
        if found.fields.get("schema") == ERASURE_SCHEMA and found.fields.get("stream") == found.stream:
            named = found.stream, int(found.fields["seq"])
            if self._gone.get(named) == found.seq:
                del self._gone[named]

    def awaits(self) -> bool:
        """Whether some erasure is still to come; raise UntrustedError if the event told of came and erased nothing."""
        if any(self._last[stream] >= by for (stream, _), by in self._gone.items()):
            raise UntrustedError(self.told())
        return bool(self._gone)

    def told(self) -> str:
        """Name the first that is gone."""
        return f"event {next(iter(self._gone))[1]}: its payload is gone, and the event that is said to say why does not"
