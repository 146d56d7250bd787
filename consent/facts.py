"""Everything a decision may rest on, compiled from the fact records of one dossier plus a few foreign facts.

`compile_facts` folds the records of the dossier's stream, in order, into `DossierFacts`; the result depends on nothing
else, so it may be cached by the stream's `rules` position and a past position can be compiled again for replay.
`ForeignFacts` come from other streams (person, organisation, case) and are read afresh. Only verified statements may
become records (`consent.verification`).

Record kinds and payloads (a statement kind has the payload of `crypto/kinds.json`):

| kind | effect |
|---|---|
| dossier-key | names the owner; a later one must name the same |
| authority-list | replaces all holders |
| authority-ended | `{"person", "until"}`: that person's entries end at `until` at the latest (register event, step-down) |
| source-admission, admission-end | an organisation may add to these sections (empty list = all); until ended |
| block, block-end | a natural person is shut out; until ended |
| emergency-opt-in | emergency access is possible in these sections (empty list = none); replaces the earlier opt-in |
| consent | a permit or denial; ends the consent it replaces |
| withdrawal | ends the consent it names |
| consent-ended | `{"consent", "reason"}`: ends it (sweeper, or stopped without key) |
| order | a statutory order |
| order-ended | `{"order"}`: ends it |
| emergency-use | somebody declared an emergency |
| emergency-approval | `{"emergency", "person"}`: a second person approved it |
| emergency-review | `{"emergency"}`: it was reviewed afterwards |
| placement, removal, section-key, rotation, countersignature | carry item or key facts: no effect here |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from consent.catalogue import Catalogues
from consent.errors import FactsError
from consent.grant import Consent
from consent.terms import Grantee, Period


@dataclass(frozen=True, slots=True)
class FactRecord:
    """One fact-changing event: its position, kind, the id of what it is about, and the payload."""

    seq: int
    kind: str
    subject: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Holder:
    """One entry of the authority list. `capacity`: owner, legal-representative or mandate.

    Covers an item if `full` or the item's section is listed. `threshold` counts for signing, never for reading.
    """

    person: str
    capacity: str
    sections: frozenset[str]
    full: bool
    threshold: int
    period: Period


@dataclass(frozen=True, slots=True)
class Admission:
    """The owner lets an organisation deliver; empty `sections` = all."""

    id: str
    organisation: str
    sections: frozenset[str]
    period: Period


@dataclass(frozen=True, slots=True)
class Block:
    """A natural person is shut out of the dossier in every role and organisation."""

    id: str
    person: str
    period: Period


@dataclass(frozen=True, slots=True)
class Order:
    """Access on law or court order: its listed items and actions only, never vault.

    Counts only with a non-empty article and at least two different persons among `approvers`. `notice_from`: the owner
    is told then (at once if in the past). `overrides_block`: both approvers signed that it goes before a block.
    """

    id: str
    article: str
    grantee: Grantee
    items: frozenset[str]
    actions: frozenset[str]
    overrides_block: bool
    period: Period
    notice_from: int
    approvers: frozenset[str]
    issued: int


@dataclass(frozen=True, slots=True)
class OptIn:
    """The owner allows emergency access to these sections."""

    id: str
    sections: frozenset[str]
    period: Period


@dataclass(frozen=True, slots=True)
class EmergencyUse:
    """A person in a capacity declared an emergency for some sections; at most 24 hours from its start.

    `approver` is the second person, empty if none; `reviewed` whether it was reviewed afterwards.
    """

    id: str
    person: str
    organisation: str
    role: str
    sections: frozenset[str]
    reason: str
    period: Period
    approver: str
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How an actor stands: the result of checking key chain and attestation, looked up by (id, organisation).

    Citizen: `key_hash` of their current identity key, no roles. Professional: the attestation whose chain head equals
    the person's; `roles` and `conflicts` from it. System: its attestation, no roles. Outside `period` the actor does
    not stand. `conflicts` are pseudonyms of the person and of relatives as far as known.
    """

    key_hash: str
    period: Period
    roles: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Participant:
    """One person in one capacity taking part in a case. `kind`: professional or network (organisation, role empty)."""

    person: str
    organisation: str
    role: str
    kind: str
    period: Period


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case as it stands. `closed` is the instant of closing, FOREVER while open."""

    id: str
    participants: tuple[Participant, ...]
    closed: int


@dataclass(frozen=True, slots=True)
class ForeignFacts:
    """Facts of other streams: standings by (actor id, organisation), cases by id, the owner's pseudonyms."""

    standings: Mapping[tuple[str, str], Standing]
    cases: Mapping[str, CaseState] = field(default_factory=dict)
    pseudonyms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """The rules of one dossier at position `seq`; tuples are in id order. Ended facts are no longer here."""

    seq: int
    owner: str
    holders: tuple[Holder, ...]
    permits: tuple[Consent, ...]
    denials: tuple[Consent, ...]
    blocks: tuple[Block, ...]
    admissions: tuple[Admission, ...]
    orders: tuple[Order, ...]
    opt_in: OptIn | None
    emergencies: tuple[EmergencyUse, ...]
    catalogues: Catalogues


@dataclass(frozen=True, slots=True)
class Facts:
    """All that `decide` may look at."""

    dossier: DossierFacts
    foreign: ForeignFacts


def compile_facts(records: Iterable[FactRecord], catalogues: Catalogues) -> DossierFacts:
    """Fold fact records, in stream order, into the rules that stand after the last one.

    Raises FactsError when positions go down, a kind is unknown or no owner is named, and MalformedGrantError when a
    payload is not of its kind: an unreadable rule must never be skipped, for it could be a denial.
    """
    raise FactsError


def compile_case(case: str, records: Iterable[FactRecord]) -> CaseState:
    """Fold the records of a case's stream: case-opening, case-participation, participation-end, case-closure.

    The opener's coordinator takes part from the opening on; `participation-end` and `case-closure` count from their
    `issuedAt`. Acceptances and transfers have no effect here. Raises FactsError on an unknown kind.
    """
    raise FactsError
