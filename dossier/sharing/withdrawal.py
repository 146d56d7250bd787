"""Ending a consent: one step, by one holder within scope or by the grantee, with or without a key (P7).

Ending a permit narrows: it goes before everything else in its batch and is never refused for position, age, gate or rate.
Ending a denial widens: that takes a signed statement of the last minutes and as many signatures as giving does; with too
few it waits as a proposal. A denial that itself waits for signatures shuts nobody out: one signature takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from audit.event import Event, make_event
from consent.errors import ConsentError
from consent.facts import DossierFacts
from consent.grant import parse_consent
from consent.verification import check_withdrawal
from crypto.encoding import encode_base64
from crypto.statements import Statement, parse_statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import check_signature, is_holder, refusal
from dossier.dossiers.govern import proposal_event
from dossier.dossiers.statements import check_fresh
from dossier.dossiers.store import statement_write
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, UnavailableError
from dossier.events import actor_fields, statement_event
from dossier.facts.dossiers import PROPOSAL, DossierState
from dossier.items.state import ItemState
from dossier.items.store import ItemWant
from dossier.parties.actor import Actor
from dossier.sharing.consents import reach_now
from dossier.sharing.countersigning import DONE
from dossier.sharing.store import SharedRow

CAPACITIES = ("owner", "legal-representative", "mandate", "grantee")
"""In what order a capacity is looked for when somebody ends a consent without a key."""


class Ended(Answer, frozen=True):
    """A consent that has ended, and what ending cannot undo: keys and copies that its grantee has had.

    `state` is withdrawn, or for a denial proposed: it stands until others have signed its end too.
    """

    consent: str
    state: str
    by_key: bool
    remains: str
    promise: Promise


REMAINS = "no new reading is permitted from now on; what was read before this moment cannot be taken back"
REMAINS_BEFORE = (
    "this consent had ended before; what was read under it cannot be taken back, and what replaced it stands by itself"
)
"""What is said where nothing was there to end: another consent may stand in its place."""


REMAINS_DENIED = "this denial stands until others have signed its end too"
"""What is said of a denial whose end waits for signatures."""

Items = Mapping[bytes, ItemState]


class Withdraw(Entry[Ended]):
    """End one consent; refuse with NotFound-, Forbidden- or InvalidRequestError.

    Only a denial's end is refused as StaleError, and as UnavailableError while nothing new may be released.
    """

    # Also of a denial: were its end turned away at the door, a stranger would learn that there is one.
    narrowing = True

    def __init__(self, actor: Actor, shared: SharedRow, statement: Statement | None, claim: Claim) -> None:
        self._actor, self._shared, self._statement, self.claim = actor, shared, statement, claim
        self._consent = parse_consent(parse_statement(shared.envelope).payload, shared.seq)
        self.streams = (shared.dossier,)
        self.foreign = (actor.id,)
        # Only what the consent lists: ending it must not take longer as the dossier grows.
        listed = sorted(map(bytes.fromhex, self._consent.scope.items))
        self._items = tuple(ItemWant(shared.dossier, item) for item in listed)
        # Always one kind of row, as for a consent that is not there (`kinds`).
        self.wants = self._items or self.kinds(self._shared.consent)

    @staticmethod
    def kinds(consent: bytes) -> tuple[ItemWant, ...]:
        """A want of the kind that ending a consent has, for none that is there."""
        return (ItemWant(consent, consent),)

    def judge(self, view: View) -> Outcome[Ended]:
        """Check who it is and, with a key, the signature; an ended consent ends again without effect.

        One that still waits for signatures ends as a proposal: nobody can complete it after this.
        """
        state: DossierState = view.facts(self._shared.dossier).value
        if not self._may_know(state.rules, view):
            raise NotFoundError
        if self._consent.effect == "deny" and view.closed:
            raise UnavailableError(view.closed)
        self._check_about()
        items = {want.item: found for want in self._items if (found := view.rows(want)) is not None}
        if self._statement is None:
            capacity = self._capacity(state.rules, items, view.now)
            return self._stop(view, capacity, state)
        check_signature(self._statement, self._actor, view)
        self._check(self._statement.payload, state.rules, items, view.now)
        if self._consent.effect == "deny":
            # It widens: what somebody signed long ago and never sent must not open anything now.
            check_fresh(self._statement.payload["issuedAt"], view.now)
        if not self._enough(self._statement, state.rules, items, view.now):
            return self._propose(view, self._statement, state)
        return self._withdraw(view, self._statement, state)

    def recall(self, claimed: Claimed, view: View) -> Ended:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Ended)

    def _check_about(self) -> None:
        """Check that the statement, if there is one, ends this very consent.

        Only once it is sure that the actor may know of the consent: the refusal says that there is one.
        """
        if self._statement is None:
            return
        payload = self._statement.payload
        wanted = (self._consent.id, self._shared.hash.hex(), self._shared.dossier.hex())
        if (payload["consent"], payload["consentHash"], payload["dossier"]) != wanted:
            raise InvalidRequestError("the statement ends another consent", code="wrong-consent")

    def _may_know(self, rules: DossierFacts, view: View) -> bool:
        """A holder, or the person whom a permit names; a denial is nobody's to know whom it shuts out."""
        named = self._actor.kind == "person" and self._consent.grantee.person == self._actor.id.hex()
        return is_holder(rules, self._actor, view.now) or (named and self._consent.effect == "permit")

    def _capacity(self, rules: DossierFacts, items: Mapping[bytes, ItemState], now: int) -> str:
        """The first capacity in which the actor may end this without a key; raise ForbiddenError."""
        if self._consent.effect == "deny":
            raise ForbiddenError("ending a denial widens access: sign it with a key", code="key-needed")
        for capacity in CAPACITIES:
            signed = {"signer": self._actor.id.hex(), "capacity": capacity, "keyHash": ""}
            try:
                self._check(signed, rules, items, now)
            except ForbiddenError:
                continue
            return capacity
        raise ForbiddenError("this consent lies outside your authority", code="no-authority")

    def _check(
        self, signed: Mapping[str, Any], rules: DossierFacts, items: Items, now: int, *, whole: bool = False
    ) -> None:
        try:
            check_withdrawal(signed, self._consent, reach_now(self._consent, items), rules, now, needs_threshold=whole)
        except ConsentError as error:
            raise refusal(error) from error

    def _enough(self, statement: Statement, rules: DossierFacts, items: Items, now: int) -> bool:
        """Whether one signature does it: a denial that stands ends by as many as giving it takes, if others may sign."""
        if not self._stands(rules):
            return True
        try:
            self._check(statement.payload, rules, items, now, whole=True)
        except ForbiddenError:
            return False
        return True

    def _stands(self, rules: DossierFacts) -> bool:
        return any(each.id == self._consent.id for each in (*rules.permits, *rules.denials))

    def _facts(self, end: Fact, state: DossierState) -> tuple[Fact, ...]:
        """The end as a fact if there is something to end, and the end of what waits for signatures."""
        name = self._shared.hash[:16]
        if state.proposals.get(name.hex(), DONE)["statement"]:
            return end, Fact("rules", PROPOSAL, name, DONE)
        return (end,) if self._stands(state.rules) else ()

    def _stop(self, view: View, capacity: str, state: DossierState) -> Outcome[Ended]:
        values = actor_fields(self._actor, self._key(), view.now)
        values |= {
            "type": "consent",
            "capacity": capacity,
            "subject": self._consent.id,
            "cause": "withdrawn",
            "flag": "without-key",
        }
        body = {"consent": self._consent.id, "reason": "withdrawn"}
        fact = Fact("rules", "consent-ended", bytes.fromhex(self._consent.id), body)
        return self._outcome(make_event("stopped/v1", values), self._facts(fact, state), (), by_key=False)

    def _propose(self, view: View, statement: Statement, state: DossierState) -> Outcome[Ended]:
        """Let the end of a denial wait for more signatures, as giving it did."""
        name = statement.hash[:16]
        if state.proposals.get(name.hex(), DONE)["statement"]:
            raise ConflictError("this waits for signatures already", code="signed-before")
        body = {"statement": encode_base64(statement.envelope), "cosigners": [], "at": view.now}
        event = proposal_event(statement, self._actor, self.claim, view.now)
        seq = view.head(self._shared.dossier).seq + 1
        row = statement_write(self._shared.dossier, statement, bytes.fromhex(self._consent.id), seq)
        return Outcome(
            appends=(Append(self._shared.dossier, event, (Fact("rules", PROPOSAL, name, body),)),),
            answer=lambda receipts: Ended(
                self._consent.id,
                "proposed",
                by_key=True,
                remains=REMAINS_DENIED,
                promise=promise(receipts[0], "owner"),
            ),
            writes=(row,),
            keep=keep,
        )

    def _withdraw(self, view: View, statement: Statement, state: DossierState) -> Outcome[Ended]:
        seq = view.head(self._shared.dossier).seq + 1
        consent = bytes.fromhex(self._consent.id)
        event = statement_event(statement, self._actor, self._key(), view.now, [self._consent.id])
        fact = Fact("rules", "withdrawal", consent, statement.payload)
        row = statement_write(self._shared.dossier, statement, consent, seq)
        # The same statement may come twice: ending again is no error.
        row = Write(f"{row.statement} ON CONFLICT DO NOTHING", row.args)
        return self._outcome(event, self._facts(fact, state), (row,), by_key=True)

    def _outcome(
        self, event: Event, facts: tuple[Fact, ...], writes: tuple[Write, ...], *, by_key: bool
    ) -> Outcome[Ended]:
        evidence = self._statement.envelope if self._statement else b""
        remains = REMAINS if facts else REMAINS_BEFORE
        return Outcome(
            appends=(Append(self._shared.dossier, event, facts, evidence=evidence),),
            answer=lambda receipts: Ended(
                self._consent.id, "withdrawn", by_key, remains, promise(receipts[0], "owner")
            ),
            writes=writes,
            keep=keep,
        )

    def _key(self) -> bytes:
        return self.claim.key if self.claim else b""
