"""Handing over the reins of a case: signed by who gives them and by who takes them, told to every owner.

There is exactly one coordinator at every moment. Who leaves a case stays its coordinator in name, without access, until
another takes over; then an owner may give the reins in their place.
"""

from __future__ import annotations

from audit.entry import Claim, Outcome, View
from crypto.errors import CryptoError
from crypto.keys import key_hash
from crypto.statements import Statement, verify_threshold
from dossier.cases.acts import CaseAct, CaseDone
from dossier.cases.authority import chain_key, check_link, known_case, require_open, require_standing, streams_of
from dossier.cases.file import LINK_HASH, Capacity, CaseFile, capacity_of
from dossier.cases.people import require_known
from dossier.cases.store import party_write
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.parties.actor import Actor


class TransferCoordinator(CaseAct):
    """Make another participant the coordinator, by a link of the case.

    Refuse with NotFound-, InvalidRequest-, Forbidden-, Conflict- or StaleError.
    """

    def __init__(self, actor: Actor, case: bytes, statement: Statement, claim: Claim) -> None:
        self._to = capacity_of(statement.payload["to"])
        giver = bytes.fromhex(statement.payload["from"])
        super().__init__(actor, case, claim, (giver, *streams_of(self._to)))
        self._statement = statement

    def verify(self) -> None:
        """Check that the statement is about this case and sent by one of the two."""
        payload = self._statement.payload
        if payload["case"] != self.case.hex():
            raise InvalidRequestError("the statement is about another case", code="wrong-case")
        if payload["from"] == self._to.person:
            raise InvalidRequestError("the reins go to another person", code="wrong-coordinator")
        if self.actor.id.hex() not in (payload["from"], self._to.person):
            raise ForbiddenError("one of the two who signed sends the transfer", code="wrong-signer")

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check that it comes from the coordinator as it stands, goes to a participant, and that both signed."""
        file, payload = known_case(view, self.case), self._statement.payload
        require_known(file, self.actor, view.now)
        require_open(file)
        check_fresh(payload["issuedAt"], view.now)
        giver = _giver(file, payload["from"], view.now)
        if not file.takes_part(self._to, view.now):
            raise ForbiddenError("the new coordinator does not take part", code="not-a-participant")
        require_standing(view, self._to)
        self._check_signatures(giver, view)
        check_link(file, payload)
        values = self.values(view.now, "coordinator-transfer", statement=self._statement, about=self._to)
        taker = bytes.fromhex(self._to.person)
        return self.outcome(
            view,
            "transferred",
            values,
            ("coordinator-transfer", taker, {**payload, LINK_HASH: self._statement.hash.hex()}),
            statement=self._statement,
            writes=(party_write(taker, self.case, "participant"),),
            tell=file.acceptances,
        )

    def _check_signatures(self, giver: Capacity, view: View) -> None:
        """Both, each with their newest key in their own capacity, and the statement names these very keys."""
        both = (giver, self._to)
        keys = [chain_key(view, each) for each in both]
        actors = [{"person": each.person, "keyHash": key_hash(key).hex()} for each, key in zip(both, keys, strict=True)]
        try:
            verify_threshold(self._statement, keys, 2)
        except CryptoError as error:
            raise ForbiddenError("the transfer is not signed by both", code="wrong-signer") from error
        if self._statement.payload["actors"] != actors:
            raise InvalidRequestError("the transfer names other keys than it is signed with", code="wrong-signer")


def _giver(file: CaseFile, person: str, now: int) -> Capacity:
    """Who gives the reins: the coordinator, or an owner when the coordinator has left; raise ConflictError."""
    if person == file.coordinator.person:
        return file.coordinator
    if not file.is_coordinated(now) and file.accepted_by(person, now):
        return Capacity(person)
    raise ConflictError("another coordinates by now", code="not-coordinator")
