"""Accepting a case: a holder of a dossier lets it take part. From here on the case's people may ask for access.

Acceptance opens nothing by itself: what is read still needs a consent. Where several must sign, it waits as a proposal
in the dossier, and the case hears of it only when enough have signed.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.entry import Append, Claim, Fact, Outcome, View, Write
from audit.event import make_event
from crypto.encoding import encode_base64
from crypto.statements import Statement
from dossier.answers import keep, promise
from dossier.cases.acts import CaseAct, CaseDone, notices
from dossier.cases.authority import known_case, require_open
from dossier.cases.file import CaseFile
from dossier.cases.store import InvitationWant, accepted_write, party_write
from dossier.dossiers.authority import check_act, holder_state
from dossier.dossiers.govern import proposal_event
from dossier.dossiers.store import statement_write
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.events import statement_event
from dossier.facts.dossiers import PROPOSAL, DossierState
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.sharing.countersigning import Completion, Countersign, Proposal


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
        self.check(view, self.actor.id.hex())
        enough = check_act(self._statement, self.actor, view, self._dossier, None)
        return self._accept(view) if enough else self._propose(view)

    def check(self, view: View, person: str) -> None:
        """Refuse unless somebody may know of the case, and it can be accepted now as the statement says."""
        file = known_case(view, self.case)
        if view.rows(self._invitation) is None and not self._knows(file, person, view.now):
            raise NotFoundError
        require_open(file)
        payload = self._statement.payload
        if payload["caseHash"] != file.hash or payload["until"] <= view.now:
            raise InvalidRequestError("the acceptance is of another case, or over", code="invalid-acceptance")

    def effects(self, view: View) -> tuple[Append, tuple[Write, ...]]:
        """The event in the case's stream, and the rows by which the case is found and others hear of it."""
        statement, until = self._statement, self._statement.payload["until"]
        file, invitation = known_case(view, self.case), view.rows(self._invitation)
        values = self.values(view.now, "acceptance", statement=statement, purpose=file.purpose, until=until)
        values["subjects"] = [self._dossier.hex()]
        fact = Fact("rules", "case-acceptance", self._dossier, statement.payload)
        others = tuple(each for each in file.acceptances if each.dossier != self._dossier.hex())
        writes = (
            statement_write(self.case, statement, self._dossier, view.head(self.case).seq + 1),
            party_write(bytes.fromhex(statement.payload["signer"]), self.case, "owner", until),
            party_write(self._dossier, self.case, "dossier", until),
            *((accepted_write(invitation),) if invitation else ()),
            # Another owner hears that somebody joined the case, not which dossier.
            *notices(others, values | {"subjects": []}, view.now),
        )
        return Append(self.case, make_event("case/v1", values), (fact,)), writes

    def _knows(self, file: CaseFile, person: str, now: int) -> bool:
        """Who takes part as a citizen, or accepted before, needs no invitation."""
        return file.knows(person, "", now) or any(each.dossier == self._dossier.hex() for each in file.acceptances)

    def _accept(self, view: View) -> Outcome[CaseDone]:
        statement = self._statement
        own = statement_event(statement, self.actor, self._key(), view.now, [self.case.hex()])
        append, writes = self.effects(view)
        return self._outcome(
            view, "accepted", (Append(self._dossier, own, evidence=statement.envelope), append), writes
        )

    def _propose(self, view: View) -> Outcome[CaseDone]:
        """Let it wait for more signatures: nobody in the case hears of it before."""
        statement = self._statement
        body = {"statement": encode_base64(statement.envelope), "cosigners": [], "at": view.now}
        fact = Fact("rules", PROPOSAL, statement.hash[:16], body)
        event = proposal_event(statement, self.actor, self.claim, view.now)
        append = Append(self._dossier, event, (fact,), evidence=statement.envelope)
        return self._outcome(view, "proposed", (append,), ())

    def _outcome(
        self, view: View, state: str, appends: tuple[Append, ...], writes: tuple[Write, ...]
    ) -> Outcome[CaseDone]:
        row = statement_write(self._dossier, self._statement, self.case, view.head(self._dossier).seq + 1)
        return Outcome(
            appends=appends,
            answer=lambda receipts: CaseDone(self.case.hex(), state, promise(receipts[0], "owner")),
            writes=(row, *writes),
            keep=keep,
        )

    def _key(self) -> bytes:
        return self.claim.key if self.claim else b""


class CountersignAcceptance(Countersign):
    """Add one signature to the acceptance of a case; with the last one the dossier takes part."""

    def __init__(self, actor: Actor, statement: Statement, acceptance: Statement, claim: Claim) -> None:
        case, dossier = (bytes.fromhex(acceptance.payload[name]) for name in ("case", "dossier"))
        super().__init__(actor, dossier, statement, claim)
        self._accepting = AcceptCase(actor, case, acceptance, claim)
        self._signer = str(acceptance.payload["signer"])
        self.streams = (dossier, case)
        self.wants = (*self.wants, *self._accepting.wants)

    def check_still(
        self,
        view: View,
        proposal: Proposal,  # noqa: ARG002 - there is one acceptance, known from the start
        state: DossierState,  # noqa: ARG002 - it is the case that must stand
        items: Mapping[bytes, ItemState],  # noqa: ARG002 - no item is touched
    ) -> None:
        """See `Countersign.check_still`: the case must be open still, and the dossier be invited to it."""
        self._accepting.check(view, self._signer)

    def completion(self, view: View, proposal: Proposal) -> Completion:  # noqa: ARG002 - there is one acceptance
        """See `Countersign.completion`."""
        append, writes = self._accepting.effects(view)
        return Completion(appends=(append,), writes=writes)
