"""The auditor's side: events of all streams, each held against its leaf in the public log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import AuditError
from audit.opening import check_opening, opening_from_json
from audit.tags import tag_of
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from dossier.client.errors import UntrustedError
from dossier.client.history import LoggedTags
from dossier.client.session import Session


@dataclass(frozen=True, slots=True)
class AuditedEvent:
    """An event as an auditor sees it: place in the log, stream, seq, id, and the fields shown; none when erased."""

    index: int
    stream: str
    seq: int
    event: str
    fields: Mapping[str, str]


@dataclass
class Auditor:
    """Somebody whose supervisor attests that they audit, signed in."""

    session: Session

    def events(self, stream: str = "", after: int = 0, logged: LoggedTags | None = None) -> Iterator[AuditedEvent]:
        """Yield events in the order of the log, page by page; every page is an event of the supervisor itself.

        Raise UntrustedError for fields that are not those of the leaf and, with `logged`, for a leaf that the log has
        not or had not; RefusedError unless the role is attested.
        """
        while True:
            page = self.session.get("/v1/events", {"after": after, "stream": stream})
            for shown in page["events"]:
                yield audited(shown, logged)
            following = int(page.get("next", 0))
            if following <= after:
                return
            after = following

    def proof(self, event: str) -> bytes:
        """Fetch the tlog-proof of an event; RefusedError with status 409 before the log has it."""
        return self.session.send("GET", f"/v1/events/{event}/proof").content


def audited(shown: Mapping[str, Any], logged: LoggedTags | None = None) -> AuditedEvent:
    """Check one shown event; raise UntrustedError."""
    try:
        leaf = decode_base64(shown["leaf"])
        fields = check_opening(leaf, opening_from_json(shown["openings"])) if shown.get("openings") else {}
        found = AuditedEvent(int(shown["index"]), shown["stream"], int(shown["seq"]), shown["event"], fields)
    except (AuditError, CryptoError, KeyError, TypeError, ValueError) as error:
        raise UntrustedError("an event is not what its leaf commits to") from error
    # A log that was read before this page may lack its newest events, but never has another leaf.
    if logged is not None and found.index < logged.checkpoint.size and logged.leaves.get(tag_of(leaf) or b"") != leaf:
        raise UntrustedError("an event is not in the log")
    return found
