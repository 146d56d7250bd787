"""What all acts on parties share: who acts, under which idempotency key, and the event that says so."""

from __future__ import annotations

from typing import Generic, TypeVar

from audit.entry import Claim, Claimed, Entry, View
from audit.event import Event, make_event
from crypto.encoding import new_id
from crypto.errors import CryptoError
from crypto.statements import Statement, verify
from dossier.answers import Answer, Promise, kept
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.events import actor_fields
from dossier.facts.parties import OrganisationFacts, PersonFacts
from dossier.parties.actor import ADMINISTRATOR, Actor

T = TypeVar("T", bound=Answer)


class Done(Answer, frozen=True):
    """The act is done: the id of what it was about, and the promise of its event."""

    id: str
    promise: Promise


class PartyAct(Entry[T], Generic[T]):
    """An act of somebody on persons, organisations, members or systems; `answer_type` is kept for a repeat."""

    answer_type: type[T]

    def __init__(self, actor: Actor, claim: Claim | None) -> None:
        self.actor = actor
        self.claim = claim
        self.request = claim.key if claim is not None else new_id()

    def recall(self, claimed: Claimed, view: View) -> T:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", self.answer_type)

    def key_event(
        self,
        now: int,
        kind: str,
        subject: bytes,
        *,
        statement: Statement | None = None,
        sequence: int = 0,
        cause: str = "",
    ) -> Event:
        """The event of a change of keys, membership or attestation."""
        values = actor_fields(self.actor, self.request, now)
        values |= {"kind": kind, "subject": subject.hex(), "sequence": sequence, "cause": cause}
        if statement is not None:
            values |= {"statement": statement.hash.hex(), "keyHash": statement.payload.get("keyHash", "")}
        return make_event("key/v1", values)


def person_facts(view: View, person: bytes) -> PersonFacts:
    """Return a person's facts in this view; none before their stream exists."""
    if not view.exists(person):
        return PersonFacts()
    facts: PersonFacts = view.facts(person).value
    return facts


def organisation_facts(view: View, organisation: bytes) -> OrganisationFacts:
    """Return an organisation's facts in this view; raise audit.errors.UnknownStreamError when there is none."""
    facts: OrganisationFacts = view.facts(organisation).value
    return facts


def check_signed(statement: Statement, key: bytes) -> None:
    """Raise InvalidRequestError unless the statement is signed by this key, which it names."""
    try:
        verify(statement, key)
    except CryptoError as error:
        raise InvalidRequestError("the statement does not verify", code="invalid-signature") from error


def require_administrator(actor: Actor, organisation: bytes) -> None:
    """Raise ForbiddenError unless the actor administers this organisation: nobody manages another's people (P6)."""
    if actor.organisation != organisation or not actor.has_role(ADMINISTRATOR):
        raise ForbiddenError("only an administrator of this organisation may do this")


def require_self(actor: Actor, person: bytes) -> None:
    """Raise ForbiddenError unless the actor is this person."""
    if actor.kind != "person" or actor.id != person:
        raise ForbiddenError("only the person may do this")
