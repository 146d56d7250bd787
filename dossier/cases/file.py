"""A case as its own stream tells it: who opened it, who coordinates, who takes part and why, which dossiers accepted.

Pure. The engine has its own, smaller view of the same records (consent.people); this one is for the case's people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from consent.facts import FactRecord
from consent.terms import FOREVER, Period
from crypto.statements import statement_hash

LINK_HASH = "statement"
"""The field that the fact of a link has beside its payload: the hash of the statement."""


class Capacity(NamedTuple):
    """A person in one capacity: hex ids, `organisation` and `role` empty for a citizen."""

    person: str
    organisation: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody taking part: in which capacity, for which purpose, when, and who brought them in (hex person id)."""

    capacity: Capacity
    kind: str
    purpose: str
    period: Period
    added_by: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A dossier whose holder accepted the case, until when (UTC seconds)."""

    dossier: str
    signer: str
    until: int


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case at one position of its stream. `hash` is that of the opening statement; `closed` FOREVER while open.

    `head` and `sequence` are hash and number of the last link (the opening, somebody brought in, the reins handed over),
    `ended` the persons whose part ended after it: what the next link must name.
    """

    id: str
    hash: str
    subject: str
    purpose: str
    basis: str
    opened: int
    coordinator: Capacity
    parts: tuple[Part, ...]
    acceptances: tuple[Acceptance, ...]
    closed: int = FOREVER
    closing_reason: str = ""
    head: str = ""
    sequence: int = 0
    ended: frozenset[str] = frozenset()

    def takes_part(self, capacity: Capacity, now: int) -> bool:
        """Whether somebody takes part now in exactly this capacity."""
        return any(part.capacity == capacity and part.period.holds(now) for part in self.parts)

    def knows(self, person: str, organisation: str, now: int) -> bool:
        """Whether a person takes part now for this organisation, in whatever role."""
        wanted = (person, organisation)
        return any(part.capacity[:2] == wanted and part.period.holds(now) for part in self.parts)

    def coordinates(self, capacity: Capacity, now: int) -> bool:
        """Whether this is the coordinator, and takes part still."""
        return capacity == self.coordinator and self.takes_part(capacity, now)

    def is_coordinated(self, now: int) -> bool:
        """Whether the coordinator takes part still."""
        return self.takes_part(self.coordinator, now)

    def accepted_by(self, person: str, now: int) -> bool:
        """Whether this citizen accepted the case for a dossier, and that stands now."""
        return any(each.signer == person and now < each.until for each in self.acceptances)

    def has_accepted(self, dossier: str, now: int) -> bool:
        """Whether a dossier takes part now."""
        return any(each.dossier == dossier and now < each.until for each in self.acceptances)


def case_file(records: Iterable[FactRecord]) -> CaseFile | None:
    """Fold the records of a case's stream; None before its opening."""
    found: CaseFile | None = None
    for record in records:
        if record.kind == "case-opening":
            found = _opened(record.payload)
        elif found is not None and record.kind in _STEPS:
            found = _STEPS[record.kind](found, record.payload)
    return found


def capacity_of(payload: Mapping[str, Any]) -> Capacity:
    """The capacity in a statement's `coordinator`, `participant` or `to`."""
    return Capacity(payload["person"], payload["organisation"], payload["role"])


def signer_of(payload: Mapping[str, Any]) -> Capacity:
    """The capacity in which a statement was signed."""
    return Capacity(payload["signer"], payload["organisation"], payload["role"])


def _opened(payload: Mapping[str, Any]) -> CaseFile:
    coordinator = capacity_of(payload["coordinator"])
    opening = statement_hash("case-opening", payload).hex()
    kind = "professional" if coordinator.organisation else "network"
    part = Part(coordinator, kind, payload["purpose"], Period(payload["issuedAt"]), payload["signer"])
    return CaseFile(
        id=payload["case"],
        hash=opening,
        subject=payload["subject"],
        purpose=payload["purpose"],
        basis=payload["basis"],
        opened=payload["issuedAt"],
        coordinator=coordinator,
        parts=(part,),
        acceptances=(),
        head=opening,
    )


def _linked(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    """The next link: it names those whose part ended since the one before, so that nobody is left to name."""
    return replace(file, head=payload[LINK_HASH], sequence=payload["sequence"], ended=frozenset())


def _joined(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    period = Period(payload["from"], payload["until"])
    part = Part(
        capacity_of(payload["participant"]), payload["kind"], payload["purpose"], period, payload.get("signer", "")
    )
    return replace(_linked(file, payload), parts=(*file.parts, part))


def _left(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    parts = (
        _cut(part, payload["issuedAt"]) if part.capacity.person == payload["person"] else part for part in file.parts
    )
    acceptances = file.acceptances
    # Who steps out themselves takes along what they accepted; nobody else can end that.
    if payload.get("signer", payload["person"]) == payload["person"]:
        acceptances = tuple(_until(each, payload) for each in acceptances)
    ended = file.ended | {payload["person"]}
    return replace(file, parts=tuple(parts), acceptances=acceptances, ended=ended)


def _until(acceptance: Acceptance, payload: Mapping[str, Any]) -> Acceptance:
    if acceptance.signer != payload["person"]:
        return acceptance
    return replace(acceptance, until=min(acceptance.until, payload["issuedAt"]))


def _cut(part: Part, end: int) -> Part:
    return replace(part, period=Period(part.period.start, min(part.period.end, end)))


def _accepted(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    new = Acceptance(payload["dossier"], payload["signer"], payload["until"])
    others = (each for each in file.acceptances if each.dossier != new.dossier)
    return replace(file, acceptances=(*others, new))


def _transferred(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    return replace(_linked(file, payload), coordinator=capacity_of(payload["to"]))


def _closed(file: CaseFile, payload: Mapping[str, Any]) -> CaseFile:
    return replace(file, closed=min(file.closed, payload["issuedAt"]), closing_reason=payload["reason"])


_STEPS = {
    "case-participation": _joined,
    "participation-end": _left,
    "case-acceptance": _accepted,
    "coordinator-transfer": _transferred,
    "case-closure": _closed,
}
