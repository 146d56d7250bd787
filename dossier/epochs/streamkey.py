"""The end of an epoch of a dossier's stream key: the event that commits to the next key is the last under the old one.

The service makes the next key; whoever may check the stream fetches it at `GET /v1/streams/{id}/keys`. Whoever lost
full authority cannot, and computes no tag of a later event. Page: docs/spec/event.md.
"""

from __future__ import annotations

import secrets

from audit.entry import Append, Fact, Head
from audit.event import make_event
from audit.stream import KEY_SIZE
from crypto.encoding import sha256
from dossier.events import Values

STREAM_KEY = "stream-key"
"""A fact of class `keys`: the epoch that begins, and SHA-256 of its key."""


def next_epoch(head: Head, who: Values, cause: str) -> Append:
    """The last event of the stream's epoch, with a new key; `who` as `dossier.events.actor_fields`, `cause` a code."""
    key = secrets.token_bytes(KEY_SIZE)
    epoch, digest = head.key_epoch + 1, sha256(key).hex()
    event = make_event("epoch/v1", {**who, "epoch": epoch, "next": digest, "cause": cause})
    fact = Fact("keys", STREAM_KEY, head.stream, {"epoch": epoch, "next": digest})
    return Append(head.stream, event, (fact,), next_key=key)
