"""Capsules that follow a consent: for items that came later, later members of a role or team, persons attested anew.

They come from one who holds the dossier, or from a holder of the same consent if it includes later members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from audit.entry import Append, Claim, Claimed, Entry, Outcome, View, Want
from audit.event import make_event
from consent.grant import Consent, parse_consent
from crypto.capsules import Capsule
from crypto.statements import parse_statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import is_seen
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError
from dossier.events import actor_fields
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_streams
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.sharing.coverage import check_capsules
from dossier.sharing.opening import opens
from dossier.sharing.shown import case_streams
from dossier.sharing.store import AllItemsWant, CapsuleCountWant, SharedRow, shared_writes

MOST_PASSED_ON = 64
"""Capsules that one colleague may add for another under one consent; a holder of the dossier adds more."""


class Added(Answer, frozen=True):
    """How many capsules were taken in, and the promise of the event."""

    consent: str
    added: int
    promise: Promise


class AddCapsules(Entry[Added]):
    """Add capsules to a standing consent; refuse with NotFoundError, ConflictError or InvalidRequestError."""

    alone = True
    """Each counts those that were added before it."""

    def __init__(self, actor: Actor, shared: SharedRow, capsules: Sequence[Capsule], claim: Claim) -> None:
        self._actor, self._shared, self._capsules, self.claim = actor, shared, capsules, claim
        self._consent = parse_consent(parse_statement(shared.envelope).payload, shared.seq)
        self.streams = (shared.dossier,)
        self.foreign = (*foreign_streams(actor), *case_streams([self._consent]))
        self._items = AllItemsWant(shared.dossier)
        self._kept = CapsuleCountWant(shared.dossier, shared.hash, actor.id)
        self.wants = (self._items, self._kept)

    @staticmethod
    def kinds(consent: bytes) -> tuple[Want, ...]:
        """Wants of the kinds that adding capsules has, for a consent that is not there."""
        return (AllItemsWant(consent), CapsuleCountWant(consent, consent, consent))

    def judge(self, view: View) -> Outcome[Added]:
        """Check who adds them, that the consent stands, and that it covers every key."""
        state: DossierState = view.facts(self._shared.dossier).value
        holds = is_seen(view, self._shared.dossier, self._actor)
        if not holds and not self._passes_on(state, view):
            raise NotFoundError
        consent = next((each for each in state.rules.permits if each.id == self._consent.id), None)
        if consent is None or view.now >= consent.period.end:
            raise ConflictError("the consent has ended or is not complete", code="not-standing")
        if not self._capsules:
            raise InvalidRequestError("no capsule came with the request", code="invalid-capsule")
        self._check(consent, state, view.rows(self._items) or {})
        if not holds:
            self._check_room(view.rows(self._kept) or {})
        return self._outcome(view)

    def recall(self, claimed: Claimed, view: View) -> Added:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Added)

    def _passes_on(self, state: DossierState, view: View) -> bool:
        """To whom a consent with later members opens something now may pass its keys on to them: the engine's word."""
        return self._consent.grantee.later_members and opens(self._consent, state, self._actor, view, view.now)

    def _check(self, consent: Consent, state: DossierState, items: Mapping[bytes, ItemState]) -> None:
        catalogue = state.rules.catalogues.versions.get(consent.catalogue)
        check_capsules(consent, self._shared.hash, self._shared.dossier, self._capsules, items, catalogue)

    def _check_room(self, kept: Mapping[bytes, int]) -> None:
        """One who passes keys on cannot fill a colleague's list: nobody but the colleague can tell bad ones from good.

        What others added does not count: nobody stands in the way of a colleague who adds good ones.
        """
        added = Counter(capsule.grantee for capsule in self._capsules)
        if any(kept.get(grantee, 0) + count > MOST_PASSED_ON for grantee, count in added.items()):
            raise ConflictError("you added as many capsules for this grantee as you may", code="too-many-capsules")

    def _outcome(self, view: View) -> Outcome[Added]:
        values = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        values |= {
            "kind": "capsules",
            "subject": self._consent.id,
            "sequence": len(self._capsules),
            "statement": self._shared.hash.hex(),
        }
        count = len(self._capsules)
        return Outcome(
            appends=(Append(self._shared.dossier, make_event("key/v1", values)),),
            answer=lambda receipts: Added(self._consent.id, count, promise(receipts[0], "owner")),
            writes=shared_writes(self._shared.dossier, self._capsules, view.now, self._actor.id),
            keep=keep,
        )
