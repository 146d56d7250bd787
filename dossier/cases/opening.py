"""Opening a case, from any side. The owners it is about are invited under the HMAC of an identifier.

Nobody looks whether such an owner exists: the answer, the work and the time are the same, and no data flows before an
owner accepts (design 9).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from audit.entry import Claim, Opening, Outcome, View
from consent.catalogue import Catalogue
from crypto.encoding import BUCKET_SIZE, new_id
from crypto.statements import Statement
from dossier.cases.acts import CaseAct, CaseDone
from dossier.cases.authority import check_head, check_signer, require_standing, streams_of
from dossier.cases.file import Capacity, capacity_of
from dossier.cases.store import file_write, invitation_writes, party_write
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, InvalidRequestError, TooLargeError
from dossier.parties.actor import Actor

MOST_OWNERS = 20
KEY_SIZE = 32


class OpenCase(CaseAct):
    """Open a case and let its invitations wait; refuse with InvalidRequest-, Forbidden- or ConflictError."""

    def __init__(
        self, actor: Actor, statement: Statement, owners: Sequence[bytes], catalogue: Catalogue, claim: Claim
    ) -> None:
        self._statement, self._catalogue = statement, catalogue
        self._coordinator = capacity_of(statement.payload["coordinator"])
        super().__init__(actor, bytes.fromhex(statement.payload["case"]), claim, streams_of(self._coordinator))
        if len(owners) > MOST_OWNERS:
            raise TooLargeError("a case names at most 20 owners")
        self._owners = [(hmac, new_id(hmac[:BUCKET_SIZE])) for hmac in dict.fromkeys(owners)]
        self._key = secrets.token_bytes(KEY_SIZE)

    def judge(self, view: View) -> Outcome[CaseDone]:
        """Check signer, codes and coordinator; the case must be new."""
        payload = self._statement.payload
        signer = check_signer(self._statement, self.actor, view)
        check_fresh(payload["issuedAt"], view.now)
        if payload["purpose"] not in self._catalogue.purposes or payload["basis"] not in self._catalogue.bases:
            raise InvalidRequestError("a code is unknown", code="unknown-code")
        self._check_coordinator(signer, view)
        if view.exists(self.case):
            raise ConflictError("this id is in use", code="id-in-use")
        values = self.values(
            view.now, "opening", statement=self._statement, about=self._coordinator, purpose=payload["purpose"]
        )
        return self.outcome(
            view,
            "invited",
            values,
            ("case-opening", self.case, payload),
            statement=self._statement,
            writes=(
                file_write(
                    self.case,
                    self.actor.id,
                    self.actor.organisation,
                    payload["purpose"],
                    self._statement.envelope,
                    view.now,
                ),
                party_write(bytes.fromhex(self._coordinator.person), self.case, "participant"),
                *invitation_writes(self.case, self._owners, self._statement.envelope, view.now),
            ),
            openings=(Opening(self.case, "case", self._key),),
        )

    def _check_coordinator(self, signer: Capacity, view: View) -> None:
        """Whoever opens a case holds the reins at first; an agency's system names a professional of the agency."""
        head = self._statement.payload["chainHead"]
        if self.actor.kind == "person":
            if self._coordinator != signer:
                raise InvalidRequestError("who opens a case coordinates it at first", code="wrong-coordinator")
            check_head(view, self._coordinator, head)
            return
        if head:
            raise InvalidRequestError("a system names no keys of the coordinator", code="wrong-coordinator")
        if self._coordinator.organisation != signer.organisation:
            raise InvalidRequestError("a system names a coordinator of its organisation", code="wrong-coordinator")
        require_standing(view, self._coordinator)
