"""Publishing the keys of a person in one capacity: the first opens the person's stream, each later one replaces.

The chain is checked link by link: the first statement is signed by its own key, every later one by the key before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.entry import Append, Claim, Fact, Opening, Outcome, View
from crypto.encoding import decode_base64, sha256
from crypto.statements import Statement
from dossier.answers import keep, promise
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, InvalidRequestError
from dossier.facts.parties import Chain
from dossier.parties import rows
from dossier.parties.actor import Actor, require_step_up
from dossier.parties.acts import Done, PartyAct, check_signed, person_facts, require_self


@dataclass(frozen=True, slots=True)
class NewKeys:
    """What a person's client sends: the statement, and with the first one the stream key K (else empty)."""

    statement: Statement
    stream_key: bytes = field(repr=False)


class PublishKeys(PartyAct[Done]):
    """Publish the first or next keys of the actor, or refuse: InvalidRequestError, ForbiddenError, ConflictError."""

    answer_type = Done

    def __init__(
        self, actor: Actor, person: bytes, new: NewKeys, previous: Statement | None, claim: Claim | None
    ) -> None:
        super().__init__(actor, claim)
        require_self(actor, person)
        self._person, self._new, self._previous = person, new, previous
        self.streams = (person,)

    def verify(self) -> None:
        """Check owner, capacity, order and signature."""
        payload, statement = self._new.statement.payload, self._new.statement
        organisation = self.actor.organisation.hex() if self.actor.organisation else ""
        wanted = {"person": self._person.hex(), "signer": self._person.hex(), "organisation": organisation}
        if any(payload[name] != value for name, value in wanted.items()):
            raise InvalidRequestError("the keys are another's, or for another capacity")
        if self._previous is not None and self._previous.hash == statement.hash:
            return  # Published before: asked again after a lost answer it gets the same one, else `judge` refuses it.
        before = self._previous or statement
        if self._previous is None:
            if payload["streamKeyHash"] != sha256(self._new.stream_key).hex() or len(self._new.stream_key) != 32:  # noqa: PLR2004 - the size of K
                raise InvalidRequestError("the stream key is not the one that was signed")
        elif self._new.stream_key or payload["streamKeyHash"] != self._previous.payload["streamKeyHash"]:
            raise InvalidRequestError("the stream key stays what it was")
        check_signed(statement, decode_base64(before.payload["signingKey"]))

    def judge(self, view: View) -> Outcome[Done]:
        """Check that the statement follows the head of the chain as it stands."""
        require_step_up(self.actor, view.now)
        payload = self._new.statement.payload
        check_fresh(payload["issuedAt"], view.now)
        facts = person_facts(view, self._person)
        if facts.revoked:
            raise ConflictError("this person's keys were revoked", code="revoked")
        self._check_follows(facts.chains.get(payload["organisation"]), view.exists(self._person))
        return Outcome(
            appends=(self._append(view.now),),
            answer=lambda receipts: Done(self._person.hex(), promise(receipts[0], "owner")),
            writes=(
                rows.statement_row(self._person, self._new.statement, self._subject, payload["sequence"], view.now),
            ),
            openings=(Opening(self._person, "person", self._new.stream_key),) if self._previous is None else (),
            keep=keep,
        )

    @property
    def _subject(self) -> bytes:
        """What the chain is filed under: the organisation, or the person for the citizen's."""
        return self.actor.organisation or self._person

    def _check_follows(self, chain: Chain | None, known: bool) -> None:  # noqa: FBT001 - whether the stream exists
        payload = self._new.statement.payload
        place = (0, "") if chain is None else (chain.sequence + 1, chain.head)
        if (payload["sequence"], payload["previous"]) != place or known != (chain is not None):
            raise ConflictError("the chain has another head by now", code="stale-chain")

    def _append(self, now: int) -> Append:
        statement = self._new.statement
        sequence = statement.payload["sequence"]
        event = self.key_event(now, "key-chain", self._person, statement=statement, sequence=sequence)
        return Append(self._person, event, (Fact("rules", "key-chain", self._person, statement.payload),))
