"""Attestations: an organisation's key says who holds which role with exactly which keys, and which systems it has.

An attestation of a person lasts 31 days at most and names the head of the key chain: with other keys nobody stands for
the organisation until it attests again. Ending one needs no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audit.entry import Append, Claim, Fact, Outcome, View, Write
from consent.verification import CLOCK_SLACK
from crypto.register import MAX_ATTESTATION
from crypto.statements import Statement
from dossier.answers import keep, promise
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError
from dossier.facts.parties import OrganisationFacts
from dossier.parties import rows
from dossier.parties.actor import Actor, require_step_up
from dossier.parties.acts import (
    Done,
    PartyAct,
    check_signed,
    organisation_facts,
    person_facts,
    require_administrator,
)
from dossier.parties.wants import MemberWant, NewestWant, SystemWant

PERSON, SYSTEM = "person-attestation", "system-attestation"


class AttestPerson(PartyAct[Done]):
    """Attest a member's keys and roles, or refuse: InvalidRequestError, ConflictError, NotFoundError."""

    answer_type = Done

    def __init__(
        self, actor: Actor, organisation: bytes, key: bytes, statement: Statement, claim: Claim | None
    ) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation)
        self._organisation, self._key, self._statement = organisation, key, statement
        self._person = bytes.fromhex(statement.payload["person"])
        self._member = MemberWant(organisation, self._person)
        self._last = NewestWant(organisation, PERSON, self._person)
        self.streams = (organisation,)
        self.foreign = (self._person,)
        self.wants = (self._member, self._last)
        self.alone = True

    def verify(self) -> None:
        """Check organisation, lifetime and signature."""
        payload = self._statement.payload
        _check_own(payload, self._organisation)
        if not 0 < payload["until"] - payload["from"] <= MAX_ATTESTATION:
            raise InvalidRequestError("an attestation lasts 31 days at most", code="attestation-too-long")
        check_signed(self._statement, self._key)

    def judge(self, view: View) -> Outcome[Done]:
        """Check member, roles, chain head, counter, and that the key still speaks for the organisation."""
        require_step_up(self.actor, view.now)
        payload, now = self._statement.payload, view.now
        facts = organisation_facts(view, self._organisation)
        last = view.rows(self._last)
        _check_current(payload, facts, self._key, last.ordinal if last else 0, now)
        member = view.rows(self._member)
        if member is None or member.until <= now:
            raise NotFoundError
        if not set(payload["roles"]) <= set(member.roles):
            raise InvalidRequestError("a role is not this member's", code="role-not-given")
        chain = person_facts(view, self._person).chains.get(self._organisation.hex())
        if chain is None or chain.head != payload["chainHead"]:
            raise ConflictError("the member's keys are others", code="stale-chain")
        return _outcome(
            self,
            self._organisation,
            self._statement,
            self._person,
            now,
            (rows.attested_row(self._organisation, self._person, min(payload["until"], member.until)),),
        )


class EndAttestation(PartyAct[Done]):
    """End an attestation now, without a key; the person's sessions for the organisation end too."""

    answer_type = Done

    def __init__(self, actor: Actor, organisation: bytes, person: bytes, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation)
        self._organisation, self._person = organisation, person
        self.streams = (organisation,)
        self.narrowing = True

    def judge(self, view: View) -> Outcome[Done]:
        """End it; raise NotFoundError when the person is not attested."""
        require_step_up(self.actor, view.now)
        organisation, person = self._organisation, self._person
        if person.hex() not in organisation_facts(view, organisation).attestations:
            raise NotFoundError
        return _ended(
            self,
            "attestation-end",
            organisation,
            person,
            view.now,
            rows.attestation_end_rows(organisation, person, view.now),
        )


@dataclass(frozen=True, slots=True)
class NewSystem:
    """A system to enter: its attestation, a name, and its JWKS (JSON text) or the address of one."""

    statement: Statement
    name: str
    key_set: str
    key_set_url: str


class AttestSystem(PartyAct[Done]):
    """Enter a system of an organisation with its keys, or its next keys, or refuse."""

    answer_type = Done

    def __init__(self, actor: Actor, organisation: bytes, key: bytes, new: NewSystem, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation)
        self._organisation, self._key, self._new = organisation, key, new
        self._system = bytes.fromhex(new.statement.payload["system"])
        self._last = NewestWant(organisation, SYSTEM, self._system)
        self._owners = SystemWant(self._system)
        self.streams = (organisation,)
        self.wants = (self._last, self._owners)
        self.alone = True

    def verify(self) -> None:
        """Check organisation, place of the id, and signature."""
        _check_own(self._new.statement.payload, self._organisation)
        if self._system[:2] != self._organisation[:2]:
            raise InvalidRequestError("the id of a system begins as its organisation's")
        check_signed(self._new.statement, self._key)

    def judge(self, view: View) -> Outcome[Done]:
        """Check the counter, that the key still speaks for the organisation, and that the id was never another's.

        Sign-in, consents and the register name a system by its id alone.
        """
        require_step_up(self.actor, view.now)
        if (view.rows(self._owners) or frozenset()) - {self._organisation}:
            raise ConflictError("the id of this system is another organisation's", code="id-in-use")
        statement, now = self._new.statement, view.now
        facts = organisation_facts(view, self._organisation)
        last = view.rows(self._last)
        _check_current(statement.payload, facts, self._key, last.ordinal if last else 0, now)
        new = self._new
        row = rows.system_row(self._organisation, self._system, new.name, new.key_set, new.key_set_url, now)
        return _outcome(self, self._organisation, statement, self._system, now, (row,))


class EndSystem(PartyAct[Done]):
    """Take a system away: its keys and its tokens count no more."""

    answer_type = Done

    def __init__(self, actor: Actor, organisation: bytes, system: bytes, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_administrator(actor, organisation)
        self._organisation, self._system = organisation, system
        self.streams = (organisation,)
        self.narrowing = True

    def judge(self, view: View) -> Outcome[Done]:
        """End it; raise NotFoundError when the organisation has no such system."""
        require_step_up(self.actor, view.now)
        organisation, system = self._organisation, self._system
        if system.hex() not in organisation_facts(view, organisation).systems:
            raise NotFoundError
        gone = rows.system_end_rows(organisation, system)
        return _ended(self, "system-end", organisation, system, view.now, gone)


def _check_own(payload: Mapping[str, Any], organisation: bytes) -> None:
    if payload["organisation"] != organisation.hex() or payload["signer"] != organisation.hex():
        raise InvalidRequestError("the attestation is another organisation's")


def _check_current(payload: Mapping[str, Any], facts: OrganisationFacts, key: bytes, counter: int, now: int) -> None:
    check_fresh(payload["issuedAt"], now)
    if facts.key != key:
        raise ConflictError("the organisation has another key by now", code="stale-key")
    if not facts.period.start <= now < facts.period.end:
        raise ConflictError("the organisation's register entry has ended", code="register-ended")
    if payload["counter"] <= counter:
        raise ConflictError("an attestation with this counter was made before", code="stale-counter")
    if not payload["from"] - CLOCK_SLACK <= now < payload["until"]:
        raise InvalidRequestError("the attestation does not hold now")


def _outcome(
    act: PartyAct[Done],
    organisation: bytes,
    statement: Statement,
    subject: bytes,
    now: int,
    more: tuple[Write, ...],
) -> Outcome[Done]:
    counter = statement.payload["counter"]
    event = act.key_event(now, statement.kind, subject, statement=statement, sequence=counter)
    return Outcome(
        appends=(Append(organisation, event, (Fact("rules", statement.kind, subject, statement.payload),)),),
        answer=lambda receipts: Done(subject.hex(), promise(receipts[0], "actor")),
        writes=(rows.statement_row(organisation, statement, subject, counter, now), *more),
        keep=keep,
    )


def _ended(
    act: PartyAct[Done],
    kind: Literal["attestation-end", "system-end"],
    organisation: bytes,
    subject: bytes,
    now: int,
    writes: tuple[Write, ...],
) -> Outcome[Done]:
    event = act.key_event(now, kind, subject, cause="ended")
    return Outcome(
        appends=(Append(organisation, event, (Fact("rules", kind, subject, {"until": now}),)),),
        answer=lambda receipts: Done(subject.hex(), promise(receipts[0], "actor")),
        writes=writes,
        keep=keep,
    )
