"""What a reader gets: one version as its author sealed it, the keys to open it, and the promise of the event."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from audit.entry import Receipt
from dossier.answers import Answer, Promise, promise
from dossier.reading.store import Material


class PartAnswer(Answer, frozen=True, omit_defaults=True):
    """One part: bytes of ciphertext, and these themselves if the reading carries its content."""

    length: int
    content: bytes | None = None


class WrapAnswer(Answer, frozen=True):
    """The item key wrapped under the list key of a section."""

    section: str
    lane: str
    epoch: int
    wrapped: bytes


class ReadingAnswer(Answer, frozen=True, omit_defaults=True):
    """One reading. `reading` is the id of its event too; without content the parts are fetched until `leaseUntil`.

    `placement` is the statement that placed the item last and `placedKey` its item key sealed for that place.
    """

    reading: str
    dossier: str
    item: str
    version: int
    section: str
    lane: str
    epoch: int
    header: bytes
    sealed_key: bytes
    sealed_metadata: bytes
    capsules: list[bytes]
    wraps: list[WrapAnswer]
    parts: list[PartAnswer]
    lease_until: int
    holds_until: int
    notify: bool
    promise: Promise
    placement: bytes | None = None
    placed_key: bytes | None = None


def reading_answer(
    dossier: bytes,
    material: Material,
    receipt: Receipt,
    audience: str,
    lease_until: int,
    holds_until: int,
    rules: Collection[str],
    *,
    notify: bool,
) -> ReadingAnswer:
    """Put the answer together; pure, and given out only after the commit.

    Capsules go along of those consents alone that permit this reading (`rules`).
    """
    facts, promised = material.state.facts, promise(receipt, audience)
    return ReadingAnswer(
        reading=promised.event,
        dossier=dossier.hex(),
        item=facts.item,
        version=material.version,
        section=facts.section,
        lane=facts.lane,
        epoch=material.state.epoch,
        header=material.header,
        sealed_key=material.sealed_key,
        sealed_metadata=material.sealed_metadata,
        capsules=[capsule for consent, capsule in material.capsules if consent.hex() in rules],
        wraps=[WrapAnswer(*wrap) for wrap in material.wraps],
        parts=[PartAnswer(part.length, part.content) for part in material.parts],
        lease_until=lease_until,
        holds_until=holds_until,
        notify=notify,
        promise=promised,
        placement=material.placement or None,
        placed_key=material.placed_key or None,
    )


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a reading for its idempotency key: never its content, which is rebuilt or refused."""

    outcome: str
    code: str = ""
    lease_until: int = 0
    holds_until: int = 0
    audience: str = "actor"
    version: int = 0
