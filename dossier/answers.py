"""What the service answers after a write: values that become JSON at the edge and are kept for a repeated request.

Bytes travel as base64 (msgspec writes what is a `bytes` here so), ids and hashes as lower-case hex, times as UTC seconds.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from audit.entry import Receipt


class Answer(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of all answers: camelCase on the wire."""


class OpeningField(Answer, frozen=True, omit_defaults=True):
    """One field of an event: its salt, name and value if it is shown, else the digest that the leaf commits to."""

    digest: bytes | None = None
    salt: bytes | None = None
    name: str | None = None
    value: str | None = None


class Promise(Answer, frozen=True):
    """A signed promise that the event is in the log within the merge delay, with what its reader may open.

    `leaf` is the event's 97 bytes, `index` and `path` lead from its hash to the root in `note`; `openings` has every
    field of the event in order, shown or as its digest (docs/spec/promise.md).
    """

    note: str
    leaf: bytes
    index: int
    path: list[bytes]
    event: str
    seq: int
    openings: list[OpeningField]


AnswerType = TypeVar("AnswerType", bound=Answer)


def promise(receipt: Receipt, audience: str) -> Promise:
    """Make the promise of one event for an audience: owner, actor or auditor."""
    return Promise(
        note=receipt.promise.note.decode(),
        leaf=receipt.leaf,
        index=receipt.index,
        path=list(receipt.path),
        event=receipt.event_id.hex(),
        seq=receipt.seq,
        openings=_openings(receipt, audience),
    )


def _openings(receipt: Receipt, audience: str) -> list[OpeningField]:
    """What `audit.opening.open_fields` gives, of the salts and digests that were made for the leaf already."""
    schema, values = receipt.event.schema, receipt.event.values
    fields = [OpeningField(digest) for digest in receipt.digests]
    for at in schema.visible(audience):
        fields[at] = OpeningField(None, receipt.salts[at], schema.fields[at].name, values[at].decode())
    return fields


def keep(answer: Any) -> bytes:
    """Return the bytes under which an answer is kept for its idempotency key."""
    return msgspec.json.encode(answer)


def kept(data: bytes, answer: type[AnswerType]) -> AnswerType:
    """Return the answer that `keep` made bytes of."""
    return msgspec.json.decode(data, type=answer)
