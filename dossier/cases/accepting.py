"""Accepting a case: a holder of a dossier lets it take part. From here on the case's people may ask for access.

Acceptance opens nothing by itself: what is read still needs a consent.
"""

from __future__ import annotations

from audit.entry import Append, Claim, Fact, Outcome, View
from audit.event import make_event
from crypto.statements import Statement
from dossier.answers import keep, promise
from dossier.cases.acts import CaseAct, CaseDone, notices
from dossier.cases.authority import known_case, require_open
from dossier.cases.file import CaseFile
from dossier.cases.store import Invitation, InvitationWant, accepted_write, party_write
from dossier.dossiers.authority import check_act, holder_state
from dossier.dossiers.store import statement_write
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError
from dossier.events import statement_event
from dossier.parties.actor import Actor


class AcceptCase(CaseAct):
    """Let a dossier take part in a case; refuse with NotFound-, InvalidRequest-, Forbidden-, Stale- or ConflictError.

    One transaction: an event in the dossier's stream, where its holders see it, and one in the case's.
    """

    def __init__(self, actor: Actor, case: bytes, statement: Statement, claim: Claim) -> None:
        super().__init__(actor, case, claim)
        self._statement = statement
        self._dossier = bytes.fromhex(statement.payload["dossier"])
        self.streams = (self._dossier, case)
        self._invitation = InvitationWant(case, self._dossier)
        self.wants = (self._invitation,)

    def verify(self) -> None:
        """Check that the statement is about this case."""
        if self._statement.payload["case"] != self.case.hex():
            raise InvalidRequestError("the statement is about another case", code="wrong-case")

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check that the holder may know of the case, then signature, position and authority."""
        holder_state(view, self._dossier, self.actor)
        file = known_case(view, self.case)
        invitation: Invitation | None = view.rows(self._invitation)
        if invitation is None and not self._knows(file, view.now):
            raise NotFoundError
        require_open(file)
        payload = self._statement.payload
        if payload["caseHash"] != file.hash or payload["until"] <= view.now:
            raise InvalidRequestError("the acceptance is of another case, or over", code="invalid-acceptance")
        if not check_act(self._statement, self.actor, view, self._dossier, None):
            raise ForbiddenError("more holders must sign than have signed", code="too-few-signatures")
        return self._accept(view, file, invitation)

    def _knows(self, file: CaseFile, now: int) -> bool:
        """Who takes part as a citizen, or accepted before, needs no invitation."""
        return file.knows(self.actor.id.hex(), "", now) or any(
            each.dossier == self._dossier.hex() for each in file.acceptances
        )

    def _accept(self, view: View, file: CaseFile, invitation: Invitation | None) -> Outcome[CaseDone]:
        statement, until = self._statement, self._statement.payload["until"]
        key = self.claim.key if self.claim else b""
        own = statement_event(statement, self.actor, key, view.now, [self.case.hex()])
        values = self.values(view.now, "acceptance", statement=statement, purpose=file.purpose, until=until)
        values["subjects"] = [self._dossier.hex()]
        fact = Fact("rules", "case-acceptance", self._dossier, statement.payload)
        others = tuple(each for each in file.acceptances if each.dossier != self._dossier.hex())
        return Outcome(
            appends=(
                Append(self._dossier, own, evidence=statement.envelope),
                Append(self.case, make_event("case/v1", values), (fact,)),
            ),
            answer=lambda receipts: CaseDone(self.case.hex(), "accepted", promise(receipts[0], "owner")),
            writes=(
                statement_write(self._dossier, statement, self.case, view.head(self._dossier).seq + 1),
                statement_write(self.case, statement, self._dossier, view.head(self.case).seq + 1),
                party_write(self.actor.id, self.case, "owner", until),
                party_write(self._dossier, self.case, "dossier", until),
                *((accepted_write(invitation),) if invitation else ()),
                # Another owner hears that somebody joined the case, not which dossier.
                *notices(others, values | {"subjects": []}, view.now),
            ),
            keep=keep,
        )
