"""The register: which key speaks for which organisation, signed k of n by the register keys, one chain over all.

An organisation enters with its first administrator's account, so that it can manage itself from then on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from audit.entry import Append, Claim, Fact, Opening, Outcome, View, Write
from audit.stream import KEY_SIZE
from crypto.encoding import new_id
from crypto.errors import CryptoError
from crypto.register import RegisterKeys, verify_register_entry
from crypto.statements import Statement, parse_statement
from dossier.answers import Answer, Promise, keep, promise
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.parties import rows
from dossier.parties.actor import ADMINISTRATOR, REGISTRAR, Actor, require_step_up
from dossier.parties.acts import PartyAct
from dossier.parties.wants import AccountWant, RegisterWant

KIND = "register-entry"
FOREVER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Administrator:
    """The first administrator: the account at a provider, and the name to show."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What a registrar sends: the signed entry; for a new organisation its kind and administrator."""

    statement: Statement
    kind: Literal["agency", "supervisor"]
    administrator: Administrator | None


class Entered(Answer, frozen=True):
    """The organisation, the person id of its administrator (absent for a later entry), and the promise."""

    organisation: str
    promise: Promise
    administrator: str = ""


class EnterOrganisation(PartyAct[Entered]):
    """Enter an organisation, or the next key of one, or refuse: InvalidRequestError, ForbiddenError, ConflictError."""

    answer_type = Entered

    def __init__(self, actor: Actor, new: NewEntry, register: RegisterKeys, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        if not actor.has_role(REGISTRAR):
            raise ForbiddenError("only a registrar may do this")
        self._new, self._register = new, register
        self._organisation = bytes.fromhex(new.statement.payload["organisation"])
        self._person = new_id()
        # The service makes the key of an organisation's stream; its administrators may fetch it.
        self._stream_key = secrets.token_bytes(KEY_SIZE)
        self._last = RegisterWant()
        account = new.administrator
        self._account = AccountWant(account.issuer, account.subject) if account else None
        self.streams = (self._organisation,)
        self.wants = (self._last, self._account) if self._account else (self._last,)
        self.alone = True

    def verify(self) -> None:
        """Check that enough register keys signed."""
        payload = self._new.statement.payload
        try:
            verify_register_entry(self._new.statement, self._register)
        except CryptoError as error:
            raise InvalidRequestError(
                "the entry is not signed by the register keys", code="invalid-signature"
            ) from error
        if not payload["name"] or payload["from"] >= payload["until"]:
            raise InvalidRequestError("an entry has a name and a period")

    def judge(self, view: View) -> Outcome[Entered]:
        """Check that the entry is the next of the register."""
        require_step_up(self.actor, view.now)
        payload = self._new.statement.payload
        check_fresh(payload["issuedAt"], view.now)
        last = view.rows(self._last)
        place = (0, "") if last is None else (last.ordinal + 1, parse_statement(last.envelope).hash.hex())
        if (payload["sequence"], payload["previous"]) != place:
            raise ConflictError("the register has another end by now", code="stale-register")
        if view.exists(self._organisation):
            return self._outcome(view.now, (), (), "")
        return self._first(view)

    def _first(self, view: View) -> Outcome[Entered]:
        new, organisation, now = self._new, self._organisation, view.now
        admin = new.administrator
        if admin is None or self._account is None:
            raise InvalidRequestError("a new organisation needs its first administrator")
        if view.rows(self._account) is not None:
            raise ConflictError("this account is in use", code="account-taken")
        name = new.statement.payload["name"]
        writes = (
            rows.organisation_row(organisation, name, new.kind, admin.issuer, now),
            *rows.account_rows(self._person, admin.name, admin.issuer, admin.subject, organisation, now),
            rows.member_row(organisation, self._person, admin.name, (ADMINISTRATOR,), now, FOREVER),
        )
        member = {"person": self._person.hex(), "roles": [ADMINISTRATOR], "from": now, "until": FOREVER}
        event = self.key_event(now, "member", self._person, cause="added")
        fact = Fact("rules", "member", self._person, member)
        appends = (Append(organisation, event, (fact,)),)
        opening = (Opening(organisation, "organisation", self._stream_key),)
        outcome = self._outcome(now, appends, writes, self._person.hex())
        return Outcome(outcome.appends, outcome.answer, outcome.writes, opening, keep)

    def _outcome(self, now: int, more: tuple[Append, ...], writes: tuple[Write, ...], person: str) -> Outcome[Entered]:
        statement, organisation = self._new.statement, self._organisation
        sequence = statement.payload["sequence"]
        event = self.key_event(now, KIND, organisation, statement=statement, sequence=sequence)
        fact = Fact("rules", KIND, organisation, statement.payload)
        stored = rows.statement_row(organisation, statement, organisation, sequence, now)
        return Outcome(
            appends=(Append(organisation, event, (fact,)), *more),
            answer=lambda receipts: Entered(organisation.hex(), promise(receipts[0], "actor"), person),
            writes=(stored, *writes),
            keep=keep,
        )
