"""Ending authority or an admission without a key: a signed-in holder does it in one step, and it goes first (P7)."""

from __future__ import annotations

from abc import abstractmethod

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View
from audit.event import make_event
from crypto.encoding import decode_base64
from crypto.statements import Statement, parse_statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import full_holders, listed_state
from dossier.epochs.streamkey import next_epoch
from dossier.errors import ConflictError, ForbiddenError
from dossier.events import actor_fields
from dossier.facts.dossiers import PROPOSAL, DossierState
from dossier.parties.actor import Actor
from dossier.sharing.countersigning import DONE


class Stopped(Answer, frozen=True):
    """What was ended, and from when on (UTC seconds)."""

    subject: str
    at: int
    promise: Promise


class _Stop(Entry[Stopped]):
    """End something of a dossier. Subclasses say what the subject is and what fact its end makes."""

    narrowing = True
    kind = ""

    def __init__(self, actor: Actor, dossier: bytes, subject: bytes, claim: Claim) -> None:
        self._actor, self._dossier, self._subject = actor, dossier, subject
        self.claim = claim
        self.streams = (dossier,)
        self.foreign = (actor.id,)

    def judge(self, view: View) -> Outcome[Stopped]:
        """End it; refuse with NotFoundError, ForbiddenError or ConflictError, never for lateness."""
        state = listed_state(view, self._dossier, self._actor)
        facts = self.ended(state, view.now)
        values = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        values |= {"type": self.kind, "subject": self._subject.hex(), "cause": "stopped-without-key"}
        now = view.now
        stopped = Append(self._dossier, make_event("stopped/v1", values), facts)
        return Outcome(
            (stopped, *self.followed(state, view)),
            answer=lambda receipts: Stopped(self._subject.hex(), now, promise(receipts[0], "owner")),
            keep=keep,
        )

    def recall(self, claimed: Claimed, view: View) -> Stopped:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Stopped)

    @abstractmethod
    def ended(self, state: DossierState, now: int) -> tuple[Fact, ...]:
        """The facts that end it; raise ForbiddenError or ConflictError if this actor cannot."""

    def followed(self, state: DossierState, view: View) -> tuple[Append, ...]:  # noqa: ARG002 - subclasses look
        """What else it brings with it, after its own event."""
        return ()

    def _rules_whole(self, state: DossierState, now: int) -> bool:
        """Whether the actor is the owner or holds the dossier in full."""
        person = self._actor.id.hex()
        holders = state.rules.holders
        return person == state.owner or any(h.person == person and h.full and h.period.holds(now) for h in holders)


class StopAuthority(_Stop):
    """End somebody's authority over a dossier: one's own, or another's by a full holder; never the owner's."""

    kind = "authority"

    def ended(self, state: DossierState, now: int) -> tuple[Fact, ...]:
        """See `_Stop.ended`."""
        person = self._subject.hex()
        if person == state.owner:
            raise ForbiddenError("an owner does not step down", code="owner-stays")
        if self._subject != self._actor.id and not self._rules_whole(state, now):
            raise ForbiddenError("only a full holder ends another's authority", code="no-authority")
        if not any(each.person == person and each.period.end > now for each in state.rules.holders):
            raise ConflictError("this has ended before, or never began", code="not-standing")
        return (Fact("rules", "authority-ended", self._subject, {"person": person, "until": now}),)

    def followed(self, state: DossierState, view: View) -> tuple[Append, ...]:
        """Whoever loses full authority ends the epoch of the stream's key."""
        if self._subject.hex() not in full_holders(state.rules, view.now):
            return ()
        who = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        return (next_epoch(view.head(self._dossier), who, "authority-ended"),)


class StopAdmission(_Stop):
    """End an admission: its organisation delivers no more. One that waits for signatures also its signer takes back."""

    kind = "admission"

    def ended(self, state: DossierState, now: int) -> tuple[Fact, ...]:
        """See `_Stop.ended`; what waits is over too, and nobody can complete it after this."""
        admission = self._subject.hex()
        waiting = [each for each in _waiting(state) if each.payload.get("admission") == admission]
        signed = any(each.payload["signer"] == self._actor.id.hex() for each in waiting)
        if not signed and not self._rules_whole(state, now):
            raise ForbiddenError("only a full holder ends an admission", code="no-authority")
        if not waiting and all(each.id != admission for each in state.rules.admissions):
            raise ConflictError("this has ended before, or never began", code="not-standing")
        body = {"admission": admission, "dossier": self._dossier.hex()}
        over = (Fact("rules", PROPOSAL, each.hash[:16], DONE) for each in waiting)
        return (Fact("rules", "admission-end", self._subject, body), *over)


def _waiting(state: DossierState) -> list[Statement]:
    """The source admissions that wait for signatures."""
    bodies = (each["statement"] for each in state.proposals.values() if each["statement"])
    statements = (parse_statement(decode_base64(each)) for each in bodies)
    return [each for each in statements if each.kind == "source-admission"]
