"""The auditor's side: events of all streams, each held against its leaf in the public log."""

from __future__ import annotations

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
        gone: dict[tuple[str, str], int] = {}
        while True:
            page = self.session.get("/v1/events", {"after": after, "stream": stream})
            for shown in page["events"]:
                found = audited(shown, logged)
                _note_erasure(found, gone)
                yield found
            following = int(page.get("next", 0))
            if following <= after:
                break
            after = following
        for _stream, seq in gone:
            raise UntrustedError(f"event {seq}: its payload is gone, and the event that is said to say why does not")

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


def _note_erasure(found: AuditedEvent, gone: dict[tuple[str, str], int]) -> None:
    """Keep which payloads are gone until the erasure comes that names each, in its own stream and at the place told."""
    if found.erased_by:
        gone[found.stream, str(found.seq)] = found.erased_by
    if found.fields.get("schema") == ERASURE_SCHEMA and found.fields.get("stream") == found.stream:
        named = found.stream, found.fields["seq"]
        if gone.get(named) == found.seq:
            del gone[named]
