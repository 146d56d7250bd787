"""Co-signing a proposal: what one holder signed becomes a fact once enough different holders have signed it too.

Each co-signer signs a statement of their own, for the dossier as it stands at that moment; whoever waits and signs later
answers for what they see then. A proposal that nobody completes dies of age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Want, Write
from consent.errors import NotAuthorisedError
from consent.grant import Consent, parse_consent
from consent.lifecycle import PROPOSAL_SECONDS
from consent.verification import check_authority
from crypto.encoding import decode_base64, encode_base64
from crypto.statements import Statement, parse_statement
from dossier.answers import keep, kept, promise
from dossier.dossiers.acts import ACTS, facts_of
from dossier.dossiers.authority import check_position, check_signature, holder_state
from dossier.dossiers.govern import Accepted, proposal_event
from dossier.dossiers.store import statement_write
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.dossiers import PROPOSAL, DossierState
from dossier.items.state import ItemState
from dossier.items.store import INSERT_PLACED_KEY
from dossier.parties.actor import Actor
from dossier.sharing.consents import check_rule, reach_now, sections_of
from dossier.sharing.store import AllItemsWant

OF_CONSENTS = ("consent", "withdrawal")
"""Kinds that give or end the consent that they name."""

DONE: Mapping[str, Any] = {"statement": "", "cosigners": [], "at": 0}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A statement that waits, and who has co-signed it.

    `kept` is what came with it: for a placement `sealedKey` (base64) and the `version` of the item that it is the key
    of; for a consent that answers an access request `answer`, the statement (base64) of that answer.
    """

    statement: Statement
    cosigners: tuple[Statement, ...]
    at: int
    kept: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """What a proposal becomes: the facts of its statement, events that follow, and rows."""

    facts: tuple[Fact, ...] = ()
    appends: tuple[Append, ...] = ()
    writes: tuple[Write, ...] = ()


class Countersign(Entry[Accepted]):
    """Add one signature to a proposal; refuse with InvalidRequest-, Forbidden-, Stale- or ConflictError."""

    def __init__(self, actor: Actor, dossier: bytes, statement: Statement, claim: Claim) -> None:
        if statement.kind != "countersignature":
            raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
        self._actor, self._dossier, self._statement, self.claim = actor, dossier, statement, claim
        self.streams: tuple[bytes, ...] = (dossier,)
        self.foreign = (actor.id,)
        self._items = AllItemsWant(dossier)
        self.wants: tuple[Want, ...] = (self._items,)

    def judge(self, view: View) -> Outcome[Accepted]:
        """Check the signature for this position, then whether enough have signed."""
        state = holder_state(view, self._dossier, self._actor)
        proposal = find_proposal(state, self._statement.payload["proposal"], view.now)
        check_signature(self._statement, self._actor, view)
        check_position(self._statement, view, self._dossier)
        items: Mapping[bytes, ItemState] = view.rows(self._items) or {}
        sections = _sections(proposal.statement, state, items)
        self._check_new(proposal)
        signers = (*proposal.cosigners, self._statement)
        enough = _enough(proposal.statement, signers, sections, state, view.now)
        if enough:
            self.check_still(view, proposal, state, items)
        return self._outcome(view, proposal, signers, enough=enough)

    def recall(self, claimed: Claimed, view: View) -> Accepted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Accepted)

    def check_still(
        self, view: View, proposal: Proposal, state: DossierState, items: Mapping[bytes, ItemState]
    ) -> None:
        """Check what must hold when the statement takes effect; subclasses look at more than the dossier alone."""
        check_sense(proposal.statement, state, items, view.now)
        _check_newest(proposal, items)

    def completion(self, view: View, proposal: Proposal) -> Completion:  # noqa: ARG002 - subclasses look at it
        """What follows beside the event of the statement itself; for subclasses to add to."""
        return Completion(_facts(proposal.statement), writes=_placed(proposal))

    def _check_new(self, proposal: Proposal) -> None:
        signed = {one.payload["signer"] for one in (proposal.statement, *proposal.cosigners)}
        if self._statement.payload["signer"] in signed:
            raise ConflictError("this person has signed it already", code="signed-before")

    def _outcome(
        self, view: View, proposal: Proposal, signers: tuple[Statement, ...], *, enough: bool
    ) -> Outcome[Accepted]:
        statement, name = proposal.statement, proposal.statement.hash[:16]
        body = dict(DONE) if enough else _body(proposal, signers)
        event = proposal_event(statement, self._actor, self.claim, view.now, 1 + len(signers))
        appends = [Append(self._dossier, event, (Fact("rules", PROPOSAL, name, body),))]
        more = self.completion(view, proposal) if enough else Completion()
        if enough:
            request = self.claim.key if self.claim else b""
            subject = statement.payload["consent"] if statement.kind == "withdrawal" else self._dossier.hex()
            accepted = statement_event(statement, self._actor, request, view.now, [subject])
            appends += [Append(self._dossier, accepted, more.facts, evidence=statement.envelope), *more.appends]
        seq = view.head(self._dossier).seq + 1
        answer = "accepted" if enough else "proposed"
        return Outcome(
            tuple(appends),
            answer=lambda receipts: Accepted(statement.hash.hex(), answer, promise(receipts[int(enough)], "owner")),
            writes=(statement_write(self._dossier, self._statement, name, seq), *more.writes),
            keep=keep,
        )


def find_proposal(state: DossierState, digest: str, now: int) -> Proposal:
    """Return a proposal by its statement's hex hash; raise ConflictError if it was completed, died, or never was."""
    body = state.proposals.get(digest[:32])
    if body is None or not body["statement"]:
        raise ConflictError("there is no such proposal any more", code="not-standing")
    proposal = Proposal(_parse(body["statement"]), tuple(map(_parse, body["cosigners"])), int(body["at"]), _kept(body))
    if proposal.statement.hash.hex() != digest:
        raise ConflictError("there is no such proposal any more", code="not-standing")
    if now - proposal.at > PROPOSAL_SECONDS:
        raise ConflictError("the proposal is too old", code="proposal-expired")
    return proposal


def _sections(statement: Statement, state: DossierState, items: Mapping[bytes, ItemState]) -> Iterable[str] | None:
    payload = statement.payload
    if statement.kind == "withdrawal":
        denial = _denied(payload, state)
        listed = {item: found for item, found in items.items() if item.hex() in denial.scope.items}
        return reach_now(denial, listed)
    if statement.kind == "consent":
        return sections_of(parse_consent(payload, 0), items, state.rules)
    if statement.kind not in ACTS:
        return None
    act = ACTS[statement.kind]
    return act.sections(payload, items.get(bytes.fromhex(payload[act.item])) if act.item else None)


def _denied(payload: Mapping[str, Any], state: DossierState) -> Consent:
    """The denial that a withdrawal ends; raise ConflictError if it does not stand any more."""
    denial = next((each for each in state.rules.denials if each.id == payload["consent"]), None)
    if denial is None:
        raise ConflictError("the denial has ended meanwhile", code="not-standing")
    return denial


def _enough(
    statement: Statement, signers: Iterable[Statement], sections: Iterable[str] | None, state: DossierState, now: int
) -> bool:
    scope = None if sections is None else list(sections)
    cosigned = [one.payload for one in signers]
    try:
        check_authority(statement.payload, scope, state.rules, now, cosigners=cosigned, needs_threshold=False)
    except NotAuthorisedError as error:
        raise ForbiddenError(str(error), code="no-authority") from error
    try:
        check_authority(statement.payload, scope, state.rules, now, cosigners=cosigned)
    except NotAuthorisedError:
        return False
    return True


def check_sense(statement: Statement, state: DossierState, items: Mapping[bytes, ItemState], now: int) -> None:
    """Raise unless what the statement says makes sense now."""
    if statement.kind == "consent":
        consent = parse_consent(statement.payload, 0)
        check_rule(consent, state.rules, now)
        if any(each.id == consent.id for each in (*state.rules.permits, *state.rules.denials)):
            raise ConflictError("this id is in use", code="id-in-use")
        return
    if statement.kind == "withdrawal":
        _denied(statement.payload, state)
        return
    act = ACTS[statement.kind]
    item = items.get(bytes.fromhex(statement.payload[act.item])) if act.item else None
    act.check(statement.payload, state.rules, item, now)


def _check_newest(proposal: Proposal, items: Mapping[bytes, ItemState]) -> None:
    """The key that waited opens one version only: whoever moves the item seals that of the newest."""
    if "version" not in proposal.kept:
        return
    item = items.get(bytes.fromhex(proposal.statement.payload["item"]))
    if item is not None and item.version != proposal.kept["version"]:
        raise ConflictError("a newer version came while the placement waited", code="newer-version")


def _facts(statement: Statement) -> tuple[Fact, ...]:
    if statement.kind not in (*ACTS, *OF_CONSENTS):
        return ()
    if statement.kind in OF_CONSENTS:
        return (Fact("rules", statement.kind, bytes.fromhex(statement.payload["consent"]), statement.payload),)
    return facts_of(statement, ACTS[statement.kind])


def _body(proposal: Proposal, signers: Iterable[Statement]) -> dict[str, Any]:
    return {
        "statement": encode_base64(proposal.statement.envelope),
        "cosigners": [encode_base64(one.envelope) for one in signers],
        "at": proposal.at,
        **proposal.kept,
    }


def _kept(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("sealedKey", "version", "answer") if name in body}


def _placed(proposal: Proposal) -> tuple[Write, ...]:
    """The key for the new place, written when the item goes there."""
    if "sealedKey" not in proposal.kept:
        return ()
    item = bytes.fromhex(proposal.statement.payload["item"])
    sealed = decode_base64(proposal.kept["sealedKey"])
    return (Write(INSERT_PLACED_KEY, (item, proposal.kept["version"], proposal.statement.hash, sealed)),)


def _parse(text: str) -> Statement:
    return parse_statement(decode_base64(text))
