"""What the service answers after a write: values that become JSON at the edge and are kept for a repeated request.

Bytes travel as base64, ids and hashes as lower-case hex, times as UTC seconds.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from audit.entry import Receipt
from audit.opening import salted_to_json
from crypto.encoding import encode_base64


class Answer(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of all answers: camelCase on the wire."""


class Promise(Answer, frozen=True):
    """A signed promise that the event is in the log within the merge delay, with what its reader may open.

    `leaf` is the event's 97 bytes, `index` and `path` lead from its hash to the root in `note`; `openings` has every
    field of the event in order, shown or as its digest (docs/spec/promise.md).
    """

    note: str
    leaf: str
    index: int
    path: list[str]
    event: str
    seq: int
    openings: list[dict[str, str]]


AnswerType = TypeVar("AnswerType", bound=Answer)


def promise(receipt: Receipt, audience: str) -> Promise:
    """Make the promise of one event for an audience: owner, actor or auditor."""
    return Promise(
        note=receipt.promise.note.decode(),
        leaf=encode_base64(receipt.leaf),
        index=receipt.index,
        path=[encode_base64(each) for each in receipt.path],
        event=receipt.event_id.hex(),
        seq=receipt.seq,
        openings=salted_to_json(receipt.event, receipt.salts, receipt.digests, audience),
    )


def keep(answer: Any) -> bytes:
    """Return the bytes under which an answer is kept for its idempotency key."""
    return msgspec.json.encode(answer)


def kept(data: bytes, answer: type[AnswerType]) -> AnswerType:
    """Return the answer that `keep` made bytes of."""
    return msgspec.json.decode(data, type=answer)
