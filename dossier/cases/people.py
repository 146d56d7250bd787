"""Who takes part in a case: brought in by the coordinator (network members also by an owner), and how they leave.

Leaving narrows: it goes first, and one's own part ends without a key (P7).
"""

from __future__ import annotations

from typing import Any

from audit.entry import Claim, Outcome, View
from consent.catalogue import Catalogue
from consent.terms import FOREVER
from crypto.statements import Statement
from dossier.cases.acts import CaseAct, CaseDone
from dossier.cases.authority import (
    check_head,
    check_link,
    check_signer,
    known_case,
    require_open,
    require_standing,
    streams_of,
)
from dossier.cases.file import LINK_HASH, Capacity, CaseFile, Part, capacity_of
from dossier.cases.store import party_write
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dossier.parties.actor import Actor

ONE_DAY = 24 * 3600
LEFT = "left"


def require_known(file: CaseFile, actor: Actor, now: int) -> None:
    """Raise NotFoundError unless the actor takes part, coordinates, or accepted the case for a dossier."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    person = actor.id.hex()
    own = file.coordinator[:2] == (person, organisation)
    if (
        not own
        and not file.knows(person, organisation, now)
        and not (not organisation and file.accepted_by(person, now))
    ):
        raise NotFoundError


class AddParticipant(CaseAct):
    """Let somebody take part, with the keys that the statement names; a link, so what it follows on must still be last.

    Refuse with NotFound-, InvalidRequest-, Forbidden-, Conflict- or StaleError.
    """

    def __init__(self, actor: Actor, case: bytes, statement: Statement, catalogue: Catalogue, claim: Claim) -> None:
        self._participant = capacity_of(statement.payload["participant"])
        super().__init__(actor, case, claim, streams_of(self._participant))
        self._statement, self._catalogue = statement, catalogue

    def verify(self) -> None:
        """Check that the statement is about this case and makes sense by itself."""
        payload = self._statement.payload
        if payload["case"] != self.case.hex():
            raise InvalidRequestError("the statement is about another case", code="wrong-case")
        if payload["kind"] != ("professional" if self._participant.organisation else "network"):
            raise InvalidRequestError("a professional acts for an organisation, a citizen for none", code="wrong-kind")
        if payload["purpose"] not in self._catalogue.purposes:
            raise InvalidRequestError("a code is unknown", code="unknown-code")

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check who adds whom, and until when."""
        file, payload = known_case(view, self.case), self._statement.payload
        require_known(file, self.actor, view.now)
        require_open(file)
        signer = check_signer(self._statement, self.actor, view)
        check_fresh(payload["issuedAt"], view.now)
        if not self._may_add(file, signer, view.now):
            raise ForbiddenError("only the coordinator brings people in", code="not-coordinator")
        if not max(view.now, payload["from"]) < payload["until"] < FOREVER:
            raise InvalidRequestError("the period is over, empty or without end", code="empty-period")
        require_standing(view, self._participant)
        check_head(view, self._participant, payload["chainHead"])
        check_link(file, payload)
        values = self.values(
            view.now,
            "participation",
            statement=self._statement,
            about=self._participant,
            purpose=payload["purpose"],
            until=payload["until"],
        )
        # A part never begins before its event: else a consent without later members would cover who came later.
        start = max(payload["from"], view.now)
        values["from"] = start
        person = bytes.fromhex(self._participant.person)
        return self.outcome(
            view,
            "added",
            values,
            ("case-participation", person, {**payload, "from": start, LINK_HASH: self._statement.hash.hex()}),
            statement=self._statement,
            writes=(party_write(person, self.case, "participant", payload["until"]),),
            tell=file.acceptances,
        )

    def _may_add(self, file: CaseFile, signer: Capacity, now: int) -> bool:
        """The coordinator brings in anybody; an owner people of their own network, or anybody if nobody coordinates."""
        owner = not signer.organisation and file.accepted_by(signer.person, now)
        free = not self._participant.organisation or not file.is_coordinated(now)
        return file.coordinates(signer, now) or (owner and free)


class EndParticipation(CaseAct):
    """End somebody's part: by the coordinator or an owner with a key, one's own part also without.

    An end is no link, so that it is never refused for what others did meanwhile; the next link names it.

    An owner who steps out ends their own acceptance the same way. Consents that they gave stand until they end.
    """

    narrowing = True

    def __init__(self, actor: Actor, case: bytes, person: bytes, statement: Statement | None, claim: Claim) -> None:
        super().__init__(actor, case, claim)
        self._person, self._statement = person, statement

    def verify(self) -> None:
        """Check that the statement, if there is one, is about this person and case."""
        if self._statement is None:
            return
        payload = self._statement.payload
        if (payload["case"], payload["person"]) != (self.case.hex(), self._person.hex()):
            raise InvalidRequestError("the statement ends another's part", code="wrong-case")

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check who ends it; a part that is over cannot end again."""
        file = known_case(view, self.case)
        require_known(file, self.actor, view.now)
        about = next((part.capacity for part in reversed(file.parts) if self._stands(part, view.now)), None)
        if about is None and self.actor.id == self._person and file.accepted_by(self._person.hex(), view.now):
            about = Capacity(self._person.hex())
        payload = self._payload(file, view)
        if about is None:
            raise ConflictError("this has ended before, or never began", code="not-standing")
        values = self.values(
            view.now, "participation-end", statement=self._statement, about=about, reason=payload["reason"]
        )
        return self.outcome(
            view,
            "ended",
            values,
            ("participation-end", self._person, payload),
            statement=self._statement,
            tell=file.acceptances,
        )

    def _stands(self, part: Part, now: int) -> bool:
        return part.capacity.person == self._person.hex() and now < part.period.end

    def _payload(self, file: CaseFile, view: View) -> dict[str, Any]:
        own = self.actor.id == self._person
        if self._statement is None:
            if not own:
                raise ForbiddenError("ending another's part is signed with a key", code="key-needed")
            return {"case": self.case.hex(), "person": self._person.hex(), "reason": LEFT, "issuedAt": view.now}
        signer = check_signer(self._statement, self.actor, view)
        check_fresh(self._statement.payload["issuedAt"], view.now, ONE_DAY)
        owner = not signer.organisation and file.accepted_by(signer.person, view.now)
        if not (own or owner or file.coordinates(signer, view.now)):
            raise ForbiddenError("only the coordinator or an owner ends another's part", code="not-coordinator")
        # It ends at its event, whatever the signer's clock said.
        return {**self._statement.payload, "issuedAt": view.now}
