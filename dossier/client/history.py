"""The owner's own check: the list of events shown is whole and unchanged, and the public log has every one of them.

What the service shows is held against three things that it cannot bend: the stream key pinned by a signed statement,
the leaves in the public log, and the tag of the next event, whose absence there proves that nothing follows (P5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audit.checkpoint import Checkpoint, verify_checkpoint
from audit.errors import AuditError, IncompleteError, SplitViewError
from audit.history import EPOCH_SCHEMA, Checked, StreamEvent, StreamHead, first_head, verify_stream
from audit.merkle import leaf_hashes, tree_root
from audit.note import VerifierKey
from audit.opening import opening_from_json
from audit.published import Fetcher, Published
from audit.tags import tag_of
from audit.tiles import TILE_WIDTH, Bundle
from crypto.chains import DossierChain
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from dossier.client.errors import UntrustedError
from dossier.client.holding import HeldDossier
from dossier.client.session import Session

MERGE_SECONDS: Final = 60
"""Within this many seconds a promised event must be in the log (docs/spec/promise.md)."""


@dataclass(frozen=True, slots=True)
class History:
    """A checked list: fields by seq, erased ones, those too young to be in the log yet, and the ids of events by seq."""

    checked: Checked
    waiting: tuple[int, ...]
    ids: Mapping[int, str] = field(default_factory=dict)

    @property
    def head(self) -> StreamHead:
        """Where the check ended: what the next one starts from."""
        return self.checked.head


def dossier_history(session: Session, held: HeldDossier, logged: LoggedTags) -> History:
    """Fetch and check all events of a dossier that one holds, from the first on.

    `logged` must have been read before: then no event can be in the log that the list could not have.
    Raise UntrustedError or AuditError with what is wrong, ClientError when the service does not answer.
    """
    name = held.dossier.hex()
    shown = session.get(f"/v1/streams/{name}/keys")["keys"]
    try:
        keys = [decode_base64(each["key"]) for each in shown]
    except (CryptoError, KeyError, TypeError) as error:
        raise UntrustedError("the keys of the stream are not well-formed") from error
    # The first key is the one whose hash the dossier's own first statement names.
    pinned = bytes.fromhex(held.chain.statements[0].payload["streamKeyHash"])
    shown_events = list(_events(session, name))
    events = [stream_event(each) for each in shown_events]
    found = check_history(name, keys, events, first_head(pinned), logged, session.now())
    check_epochs(held.chain, found.checked)
    return replace(found, ids={int(each["seq"]): str(each.get("event", "")) for each in shown_events})


def check_epochs(chain: DossierChain, checked: Checked) -> None:
    """Check that each successor of the dossier key names the stream key that stood when it was taken in.

    So a full holder who joins later, and knows the chain alone, holds the service to the same epochs as everybody else.
    Raise SplitViewError for another key, IncompleteError for a successor without an event.
    """
    standing, seen = chain.statements[0].payload["streamKeyHash"], dict[str, str]()
    for _seq, fields in sorted(checked.events.items()):
        if fields.get("kind") == "dossier-key":
            seen[fields["statement"]] = standing
        standing = fields["next"] if fields["schema"] == EPOCH_SCHEMA else standing
    for statement in chain.statements[1:]:
        named = seen.get(statement.hash.hex())
        if named is None and not checked.erased:
            raise IncompleteError("a dossier key was taken in without an event")
        if named is not None and named != statement.payload["streamKeyHash"]:
            raise SplitViewError("a dossier key names another stream key than stood then")


def _events(session: Session, dossier: str) -> Iterator[Mapping[str, Any]]:
    after = 0
    while True:
        page = session.get(f"/v1/dossiers/{dossier}/events", {"after": after})
        yield from page["events"]
        following = int(page.get("next", 0))
        if following <= after:
            return
        after = following


def stream_event(shown: Mapping[str, Any]) -> StreamEvent:
    """Read one event of `GET /v1/dossiers/{id}/events`; raise UntrustedError for anything malformed."""
    try:
        opening = opening_from_json(shown["openings"]) if shown.get("openings") else None
        return StreamEvent(int(shown["seq"]), decode_base64(shown["leaf"]), opening)
    except (AuditError, CryptoError, KeyError, TypeError, ValueError) as error:
        raise UntrustedError("an event is not well-formed") from error


def check_history(
    stream: str, keys: Sequence[bytes], events: Sequence[StreamEvent], head: StreamHead, logged: LoggedTags, now: int
) -> History:
    """Check events after `head` against the stream's keys and the log as read; `now` in UTC seconds.

    Raise what `audit.history.verify_stream` raises; IncompleteError for an event that should be in the log and is not,
    SplitViewError for a leaf that differs there, and for an event that the log has and the list leaves out.
    """
    checked = verify_stream(stream, keys, events, head)
    waiting = tuple(event.seq for event in events if not _is_logged(event, checked, logged, now))
    if checked.next_tag is not None and checked.next_tag in logged.leaves:
        raise SplitViewError(f"event {checked.head.seq + 1}: it is in the log and was not shown")
    return History(checked, waiting)


def _is_logged(event: StreamEvent, checked: Checked, logged: LoggedTags, now: int) -> bool:
    tag = tag_of(event.leaf) or b""
    found = logged.leaves.get(tag)
    if found is not None and found != event.leaf:
        raise SplitViewError(f"event {event.seq}: the log has another leaf for it")
    if found is None and not _is_young(event, checked, now):
        raise IncompleteError(f"event {event.seq}: it is not in the log")
    return found is not None


def _is_young(event: StreamEvent, checked: Checked, now: int) -> bool:
    """Whether the event's own time, which its leaf commits to, is within the merge delay."""
    fields = checked.events.get(event.seq, {})
    return abs(now - int(fields.get("time") or 0)) <= MERGE_SECONDS


@dataclass(frozen=True, slots=True)
class LoggedTags:
    """The leaves of a log by their tags, as read and checked against its signed checkpoint."""

    checkpoint: Checkpoint
    leaves: Mapping[bytes, bytes]


def read_tags(log: Fetcher, key: VerifierKey, seen: Checkpoint | None = None) -> LoggedTags:
    """Read all entries of a log and check them against the signed root and what was `seen` before; raise AuditError.

    An owner need not trust the service for a single leaf; a large log calls for an index of tags, which comes later.
    """
    checkpoint = verify_checkpoint(log.checkpoint() or b"", key)
    leaves: dict[bytes, bytes] = {}
    hashes: list[bytes] = []
    for entries in _bundles(log, checkpoint.size):
        hashes += leaf_hashes(entries)
        for entry in entries:
            tag = tag_of(entry)
            if tag is not None and leaves.setdefault(tag, entry) != entry:
                raise SplitViewError("the log has two leaves of one tag")
    if tree_root(hashes) != checkpoint.root:
        raise SplitViewError("the entries of the log are not those of its signed root")
    if seen is not None:
        _check_growth(seen, checkpoint, hashes)
    return LoggedTags(checkpoint, leaves)


def _check_growth(seen: Checkpoint, now: Checkpoint, hashes: Sequence[bytes]) -> None:
    """Raise SplitViewError unless the log begins with all that was seen of it before."""
    if seen.origin != now.origin:
        raise SplitViewError("the log is another than the one seen before")
    if seen.size > now.size or tree_root(hashes[: seen.size]) != seen.root:
        raise SplitViewError("the log does not contain what was seen of it before")


def _bundles(log: Fetcher, size: int) -> Iterator[Sequence[bytes]]:
    published = Published(log)
    for index in range(-(-size // TILE_WIDTH)):
        entries, finding = published.entries(Bundle(index, min(TILE_WIDTH, size - index * TILE_WIDTH)))
        if entries is None:
            raise IncompleteError(str(finding))
        yield entries
