"""Facts about people and cases that come from other streams: how an actor stands, who takes part in a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from consent.errors import FactsError
from consent.fields import count, nested, text
from consent.terms import FOREVER, Actor, Period


class Standing(msgspec.Struct, frozen=True):
    """How an actor stands: the result of checking key chain and attestation, looked up by (id, organisation).

    Citizen: `key_hash` of their current identity key, no roles. Professional: the attestation whose chain head equals
    the person's; `roles` and `conflicts` from it. System: its attestation, no roles. Outside `period` the actor does
    not stand. `conflicts` are pseudonyms of the person and of relatives as far as known.
    """

    key_hash: str
    period: Period
    roles: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()


class Participant(msgspec.Struct, frozen=True):
    """One person in one capacity taking part in a case. `kind`: professional or network (organisation, role empty)."""

    person: str
    organisation: str
    role: str
    kind: str
    period: Period


class CaseState(msgspec.Struct, frozen=True):
    """A case as it stands. `closed` is the instant of closing, FOREVER while open."""

    id: str
    participants: tuple[Participant, ...]
    closed: int

    def participations(self, actor: Actor) -> Iterator[Participant]:
        """The entries, of any time, under which this actor takes part.

        A person takes part in one capacity; a system through any professional of its organisation.
        """
        for entry in self.participants:
            if actor.kind == "system":
                if entry.organisation == actor.organisation:
                    yield entry
            elif (entry.person, entry.organisation, entry.role) == (actor.id, actor.organisation, actor.role):
                yield entry


class ForeignFacts(msgspec.Struct, frozen=True):
    """Facts of other streams: standings by (actor id, organisation), cases by id, the owner's pseudonyms."""

    standings: Mapping[tuple[str, str], Standing]
    cases: Mapping[str, CaseState] = msgspec.field(default_factory=dict)
    pseudonyms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One event of a case's stream that changes who takes part: its position, statement kind and payload."""

    seq: int
    kind: str
    payload: Mapping[str, Any]


def compile_case(case: str, records: Iterable[CaseRecord]) -> CaseState:
    """Fold case-opening, case-participation, participation-end and case-closure, in stream order.

    The coordinator named at the opening takes part from then on; ends and closure count from their `issuedAt`.
    Acceptances and transfers change nothing here. Raises FactsError on an unknown kind.
    """
    state = CaseState(case, (), FOREVER)
    for record in records:
        if record.kind not in _CASE_STEPS:
            raise FactsError("kind of case record is unknown")
        state = _CASE_STEPS[record.kind](state, record.payload)
    return state


def _opened(state: CaseState, payload: Mapping[str, Any]) -> CaseState:
    start = Period(count(payload, "issuedAt"))
    coordinator = _participant(nested(payload, "coordinator"), start)
    return msgspec.structs.replace(state, participants=(*state.participants, coordinator), closed=FOREVER)


def _joined(state: CaseState, payload: Mapping[str, Any]) -> CaseState:
    period = Period(count(payload, "from"), count(payload, "until"))
    entry = msgspec.structs.replace(_participant(nested(payload, "participant"), period), kind=text(payload, "kind"))
    return msgspec.structs.replace(state, participants=(*state.participants, entry))


def _participant(payload: Mapping[str, Any], period: Period) -> Participant:
    organisation = text(payload, "organisation")
    kind = "professional" if organisation else "network"
    return Participant(text(payload, "person"), organisation, text(payload, "role"), kind, period)


def _left(state: CaseState, payload: Mapping[str, Any]) -> CaseState:
    person, end = text(payload, "person"), count(payload, "issuedAt")
    entries = (_cut(each, end) if each.person == person else each for each in state.participants)
    return msgspec.structs.replace(state, participants=tuple(entries))


def _cut(entry: Participant, end: int) -> Participant:
    return msgspec.structs.replace(entry, period=Period(entry.period.start, min(entry.period.end, end)))


def _closed(state: CaseState, payload: Mapping[str, Any]) -> CaseState:
    return msgspec.structs.replace(state, closed=min(state.closed, count(payload, "issuedAt")))


def _unchanged(state: CaseState, _payload: Mapping[str, Any]) -> CaseState:
    return state


_CASE_STEPS = {
    "case-opening": _opened,
    "case-participation": _joined,
    "participation-end": _left,
    "case-closure": _closed,
    "case-acceptance": _unchanged,
    "coordinator-transfer": _unchanged,
}
