"""Closing a case: by its coordinator, or by the owner if there is one only. Every consent that ends with it ends.

The engine refuses readings in a closed case from the closing event on; each dossier hears of it by outbox, and there the
consents end by an event of their own (dossier.cases.telling).
"""

from __future__ import annotations

from audit.entry import Claim, Outcome, View
from crypto.statements import Statement
from dossier.cases.acts import CaseAct, CaseDone
from dossier.cases.authority import check_signer, known_case, require_open
from dossier.cases.file import Capacity, CaseFile
from dossier.cases.people import require_known
from dossier.cases.store import closed_write
from dossier.dossiers.statements import check_fresh
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.parties.actor import Actor


class CloseCase(CaseAct):
    """Close a case; refuse with NotFound-, InvalidRequest-, Forbidden- or ConflictError."""

    narrowing = True

    def __init__(self, actor: Actor, case: bytes, statement: Statement, claim: Claim) -> None:
        super().__init__(actor, case, claim)
        self._statement = statement

    def verify(self) -> None:
        """Check that the statement is about this case."""
        if self._statement.payload["case"] != self.case.hex():
            raise InvalidRequestError("the statement is about another case", code="wrong-case")

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check who closes it."""
        file, payload = known_case(view, self.case), self._statement.payload
        require_known(file, self.actor, view.now)
        require_open(file)
        signer = check_signer(self._statement, self.actor, view)
        check_fresh(payload["issuedAt"], view.now)
        if not file.coordinates(signer, view.now) and not _is_sole_owner(file, signer, view.now):
            raise ForbiddenError("the coordinator closes the case", code="not-coordinator")
        values = self.values(view.now, "closure", statement=self._statement, reason=payload["reason"])
        return self.outcome(
            view,
            "closed",
            values,
            # It is closed from its event on, whatever the signer's clock said.
            ("case-closure", self.case, {**payload, "issuedAt": view.now}),
            statement=self._statement,
            writes=(closed_write(self.case),),
            tell=file.acceptances,
        )


def _is_sole_owner(file: CaseFile, signer: Capacity, now: int) -> bool:
    standing = [each for each in file.acceptances if now < each.until]
    return not signer.organisation and [each.signer for each in standing] == [signer.person]
