"""Giving a consent or a denial: signed by one who holds the dossier, with the keys that it opens, in one act.

Only a key holder with authority creates or widens a consent (P6); what was previewed is what was signed: the statement
names the position of the rules that its signer saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from audit.event import Event
from consent.errors import ConsentError, NotAuthorisedError
from consent.facts import DossierFacts
from consent.grant import Consent, parse_consent
from consent.verification import check_sense, consent_sections
from crypto.capsules import Capsule
from crypto.encoding import BUCKET_SIZE, encode_base64
from crypto.statements import Statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import check_act, holder_state, refusal
from dossier.dossiers.govern import proposal_event
from dossier.dossiers.store import statement_write
from dossier.errors import ConflictError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.dossiers import PROPOSAL
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.sharing.coverage import check_capsules
from dossier.sharing.ending import next_look
from dossier.sharing.store import AllItemsWant, UsedIdWant, due_write, shared_writes


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A consent statement with one capsule for each verified key of its grantee."""

    dossier: bytes
    statement: Statement
    capsules: Sequence[Capsule] = ()


class Given(Answer, frozen=True):
    """A consent that was taken in: `active`, or `proposed` until enough have signed it."""

    consent: str
    statement: str
    state: str
    promise: Promise


class GiveConsent(Entry[Given]):
    """Take in one consent or denial; refuse with InvalidRequest-, Forbidden-, NotFound-, Stale- or ConflictError.

    `within` is the answer to an access request that gives it: if it must wait, the answer waits with it.
    """

    def __init__(self, actor: Actor, new: NewConsent, claim: Claim, within: Statement | None = None) -> None:
        self._actor, self._new, self.claim = actor, new, claim
        self._within = within
        self._consent = _parse(new)
        self._id = bytes.fromhex(self._consent.id)
        self.streams = (new.dossier,)
        self.foreign = (actor.id,)
        self._items = AllItemsWant(new.dossier)
        self._used = UsedIdWant(new.dossier, self._id)
        self.wants = (self._items, self._used)

    def verify(self) -> None:
        """Check what needs no database."""
        if self._new.statement.payload["dossier"] != self._new.dossier.hex():
            raise InvalidRequestError("the consent is about another dossier", code="wrong-dossier")
        if self._id[:BUCKET_SIZE] != self._new.dossier[:BUCKET_SIZE]:
            raise InvalidRequestError("the id of a consent begins as its dossier's", code="invalid-id")

    def judge(self, view: View) -> Outcome[Given]:
        """Check signature, position, authority, sense and keys, in that order."""
        new, rules = self._new, holder_state(view, self._new.dossier, self._actor).rules
        items: Mapping[bytes, ItemState] = view.rows(self._items) or {}
        sections = sections_of(self._consent, items, rules)
        enough = check_act(new.statement, self._actor, view, new.dossier, sections)
        check_rule(self._consent, rules, view.now)
        if view.rows(self._used):
            raise ConflictError("this id is in use", code="id-in-use")
        seq = view.head(new.dossier).seq + 1
        consent = parse_consent(new.statement.payload, seq)
        catalogue = rules.catalogues.versions.get(consent.catalogue)
        check_capsules(consent, new.statement.hash, new.dossier, new.capsules, items, catalogue)
        return self._accept(view, seq) if enough else self._propose(view, seq)

    def recall(self, claimed: Claimed, view: View) -> Given:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Given)

    def _accept(self, view: View, seq: int) -> Outcome[Given]:
        statement = self._new.statement
        event = statement_event(statement, self._actor, _key(self.claim), view.now, self._subjects())
        fact = Fact("rules", "consent", self._id, statement.payload)
        return self._outcome("active", event, fact, self._writes(view, seq))

    def _propose(self, view: View, seq: int) -> Outcome[Given]:
        statement = self._new.statement
        body: dict[str, Any] = {"statement": encode_base64(statement.envelope), "cosigners": [], "at": view.now}
        if self._within is not None:
            body["answer"] = encode_base64(self._within.envelope)
        fact = Fact("rules", PROPOSAL, statement.hash[:16], body)
        event = proposal_event(statement, self._actor, self.claim, view.now)
        return self._outcome("proposed", event, fact, self._writes(view, seq))

    def _subjects(self) -> list[str]:
        grantee = self._consent.grantee
        named = (grantee.person, grantee.system, grantee.organisation, grantee.case)
        return [self._consent.id, *(each for each in dict.fromkeys(named) if each)]

    def _writes(self, view: View, seq: int) -> tuple[Write, ...]:
        new = self._new
        row = statement_write(new.dossier, new.statement, self._id, seq)
        consent = self._consent
        case = bytes.fromhex(consent.case) if consent.case else None
        due = due_write(self._id, new.dossier, case, next_look(consent, view.now))
        return (row, due, *shared_writes(new.dossier, new.capsules, view.now))

    def _outcome(self, state: str, event: Event, fact: Fact, writes: tuple[Write, ...]) -> Outcome[Given]:
        names = self._consent.id, self._new.statement.hash.hex(), state
        return Outcome(
            appends=(Append(self._new.dossier, event, (fact,), evidence=self._new.statement.envelope),),
            answer=lambda receipts: Given(*names, promise(receipts[0], "owner")),
            writes=writes,
            keep=keep,
        )


def check_rule(consent: Consent, rules: DossierFacts, now: int) -> None:
    """Raise InvalidRequestError for a consent without sense now, ConflictError if what it replaces does not stand."""
    try:
        check_sense(consent, rules, now)
    except NotAuthorisedError as error:
        raise InvalidRequestError(str(error), code="senseless-consent") from error
    replaced = consent.replaces
    if replaced and all(each.id != replaced for each in (*rules.permits, *rules.denials)):
        raise ConflictError("the consent to be replaced has ended or never began", code="not-standing")


def sections_of(consent: Consent, items: Mapping[bytes, ItemState], rules: DossierFacts) -> frozenset[str] | None:
    """The sections that a consent reaches, None for all; raise ForbiddenError if it lists an item that is not there.

    A consent that names sections may list items as well: where these stand counts too, and so does what it replaces.
    """
    places = {item.hex(): state.facts.section for item, state in items.items()}
    try:
        reached = consent_sections(consent, places)
    except ConsentError as error:
        raise refusal(error) from error
    replaced = next((each for each in (*rules.permits, *rules.denials) if each.id == consent.replaces), None)
    if reached is None or replaced is None:
        return reached
    before = sections_of(replaced, items, rules)
    return None if before is None else reached | before


def reach_now(consent: Consent, items: Mapping[bytes, ItemState]) -> frozenset[str] | None:
    """Where a consent reaches now, None for all; one whose items are gone reaches nowhere that needs more authority."""
    if consent.scope.items and not consent.scope.sections and len(items) < len(consent.scope.items):
        return frozenset(state.facts.section for state in items.values()) or None
    return consent_sections(consent, {item.hex(): state.facts.section for item, state in items.items()})


def _parse(new: NewConsent) -> Consent:
    try:
        return parse_consent(new.statement.payload, 0)
    except ConsentError as error:
        raise refusal(error) from error


def _key(claim: Claim | None) -> bytes:
    return claim.key if claim else b""
