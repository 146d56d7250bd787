"""Cases as they are shown: everybody in a case sees who else takes part, in which role, for what and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consent.terms import FOREVER
from crypto.encoding import encode_base64
from dossier.answers import Answer, Promise
from dossier.cases.file import Capacity, CaseFile, Part
from dossier.cases.store import KeptStatement


class ShownParticipant(Answer, frozen=True):
    """Somebody in a case. `addedBy` is the person (hex) who brought them in; `until` 0 for no end."""

    person: str
    name: str
    organisation: str
    organisation_name: str
    role: str
    kind: str
    purpose: str
    from_: int
    until: int
    coordinator: bool
    added_by: str


class ShownCaseDossier(Answer, frozen=True):
    """A dossier that accepted the case, with the chain of its key: the last names the inbox key for sealed words."""

    dossier: str
    until: int
    statements: list[str]


class ShownCaseStatement(Answer, frozen=True):
    """A signed statement of who takes part; `seq` is the position of its event in the case's stream."""

    seq: int
    statement: str


class ShownCaseChain(Answer, frozen=True):
    """Where the chain of links stands: number and hash of the last, and the persons whose part ended after it.

    The next link is number `sequence` + 1, and names `head` as the one before and exactly those of `ended`.
    """

    sequence: int
    head: str
    ended: list[str]


class ShownCase(Answer, frozen=True):
    """A case. `relation` is the caller's: participant, owner or invited; `closedAt` is 0 while it is open.

    `statements` prove the participants, in the order of the stream; acceptances only of dossiers that are shown. `promise` is
    that of the event which says that the caller looked.
    """

    case: str
    relation: str
    statement: str
    hash: str
    subject: str
    purpose: str
    basis: str
    opened_at: int
    closed_at: int
    closing_reason: str
    coordinator: str
    participants: list[ShownParticipant]
    dossiers: list[ShownCaseDossier]
    statements: list[ShownCaseStatement]
    chain: ShownCaseChain
    promise: Promise


class CaseSummary(Answer, frozen=True):
    """One line of a list of cases."""

    case: str
    relation: str
    subject: str
    purpose: str
    coordinator: str
    opened_at: int
    closed_at: int


class CaseList(Answer, frozen=True):
    """The cases that the caller takes part in, accepted, or is invited to."""

    cases: list[CaseSummary]


Names = dict[str, str]


def summary(file: CaseFile, relation: str) -> CaseSummary:
    """Show a case in one line."""
    person = file.coordinator.person
    return CaseSummary(file.id, relation, file.subject, file.purpose, person, file.opened, _closed(file))


@dataclass(frozen=True)
class Around:
    """What stands beside a case's own facts: its signed statements, names by hex id, and dossiers that one sees."""

    opening: bytes
    names: Names
    dossiers: list[ShownCaseDossier]
    kept: Sequence[KeptStatement]


def shown(file: CaseFile, relation: str, around: Around, now: int, promise: Promise) -> ShownCase:
    """Show a case with its present people."""
    names = around.names
    present = [part for part in file.parts if now < part.period.end]
    return ShownCase(
        case=file.id,
        relation=relation,
        statement=encode_base64(around.opening),
        hash=file.hash,
        subject=file.subject,
        purpose=file.purpose,
        basis=file.basis,
        opened_at=file.opened,
        closed_at=_closed(file),
        closing_reason=file.closing_reason,
        coordinator=file.coordinator.person,
        participants=[_participant(part, file.coordinator, names) for part in present],
        dossiers=around.dossiers,
        statements=_statements(around),
        chain=ShownCaseChain(file.sequence, file.head, sorted(file.ended)),
        promise=promise,
    )


def _statements(around: Around) -> list[ShownCaseStatement]:
    """An acceptance names a dossier and its owner: nobody sees it who does not see the dossier."""
    seen = {bytes.fromhex(each.dossier) for each in around.dossiers}
    told = (each for each in around.kept if each.kind != "case-acceptance" or each.subject in seen)
    return [ShownCaseStatement(each.seq, encode_base64(each.envelope)) for each in told]


def _participant(part: Part, coordinator: Capacity, names: Names) -> ShownParticipant:
    person, organisation, role = part.capacity
    return ShownParticipant(
        person=person,
        name=names.get(person, ""),
        organisation=organisation,
        organisation_name=names.get(organisation, ""),
        role=role,
        kind=part.kind,
        purpose=part.purpose,
        from_=part.period.start,
        until=0 if part.period.end == FOREVER else part.period.end,
        coordinator=part.capacity == coordinator,
        added_by=part.added_by,
    )


def _closed(file: CaseFile) -> int:
    return 0 if file.closed == FOREVER else file.closed
