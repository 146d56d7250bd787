"""Changing who holds a dossier: the next authority list, signed by the dossier key and by the holders who act.

Whoever is on the list is there with the very key chain that stands in their own stream; whoever holds in full gets a
capsule of the dossier's keys in the same request. The owner never leaves the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View
from crypto.capsules import Capsule
from crypto.statements import Statement
from dossier.answers import keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_position, full_holders, holder_state
from dossier.dossiers.govern import Accepted
from dossier.dossiers.lists import (
    check_ends,
    check_holders,
    check_keys,
    check_signatures,
    full_persons,
    newest_chain,
    served,
)
from dossier.epochs.store import due_writes
from dossier.epochs.streamkey import next_epoch
from dossier.errors import ConflictError, InvalidRequestError
from dossier.events import actor_fields, statement_event
from dossier.facts.dossiers import DossierState
from dossier.parties.actor import Actor
from dossier.sharing.store import shared_writes


@dataclass(frozen=True, slots=True)
class NewList:
    """The next authority list, and capsules of the dossier's keys for its full holders."""

    statement: Statement
    capsules: Sequence[Capsule]


class ChangeAuthority(Entry[Accepted]):
    """Put a new authority list in the place of the old; refuse with InvalidRequest-, Forbidden-, Stale-, ConflictError."""

    def __init__(self, actor: Actor, dossier: bytes, new: NewList, claim: Claim) -> None:
        self._actor, self._dossier, self._new, self.claim = actor, dossier, new, claim
        if new.statement.kind != "authority-list":
            raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
        self._payload = new.statement.payload
        named = [each["person"] for each in (*self._payload["holders"], *self._payload["actors"])]
        self.streams = (dossier,)
        self.foreign = tuple({actor.id, *(bytes.fromhex(person) for person in named)})

    def verify(self) -> None:
        """Check that everything belongs to this dossier and this list."""
        if self._payload["dossier"] != self._dossier.hex():
            raise InvalidRequestError("the list is about another dossier", code="wrong-dossier")
        if any(capsule.statement_hash != self._new.statement.hash for capsule in self._new.capsules):
            raise InvalidRequestError("a capsule is for another statement", code="invalid-capsule")

    def judge(self, view: View) -> Outcome[Accepted]:
        """Check position, place in the chain, the acting holders' signatures, and everybody on the list."""
        state = holder_state(view, self._dossier, self._actor)
        check_position(self._new.statement, view, self._dossier)
        if (self._payload["sequence"], self._payload["previous"]) != (
            state.authority_sequence + 1,
            state.authority_head,
        ):
            raise ConflictError("the list does not follow the present one", code="wrong-sequence")
        chains = {person: newest_chain(person, view) for person in self._persons()}
        check_signatures(self._new.statement, self._actor, state, state.key, chains, view.now)
        check_holders(self._payload, state, chains, view.now)
        check_ends(self._payload, state, view.now)
        self._check_capsules(state, view.now)
        return self._outcome(view, state)

    def recall(self, claimed: Claimed, view: View) -> Accepted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Accepted)

    def _persons(self) -> set[str]:
        return {each["person"] for each in (*self._payload["holders"], *self._payload["actors"])}

    def _check_capsules(self, state: DossierState, now: int) -> None:
        """New full holders get the dossier's keys with the list; nobody gets more than their entry covers."""
        dossier, sequence = self._dossier, state.key_sequence
        check_keys(self._new.capsules, dossier, sequence, self._payload["holders"])
        new = full_persons(self._payload["holders"]) - full_holders(state.rules, now)
        if new - served(self._new.capsules, dossier, sequence):
            raise InvalidRequestError("a new full holder gets the dossier's keys in the same request", code="left-out")

    def _outcome(self, view: View, state: DossierState) -> Outcome[Accepted]:
        statement = self._new.statement
        request = self.claim.key if self.claim else b""
        event = statement_event(statement, self._actor, request, view.now, [self._dossier.hex()])
        fact = Fact("rules", statement.kind, self._dossier, statement.payload)
        seq = view.head(self._dossier).seq + 1
        listed = Append(self._dossier, event, (fact,))
        return Outcome(
            (listed, *self._followed(view, state)),
            answer=lambda receipts: Accepted(statement.hash.hex(), "accepted", promise(receipts[0], "owner")),
            writes=(
                store.statement_write(self._dossier, statement, self._dossier, seq),
                *shared_writes(self._dossier, self._new.capsules, view.now),
                *due_writes(self._dossier, self._payload["holders"]),
            ),
            keep=keep,
        )

    def _followed(self, view: View, state: DossierState) -> tuple[Append, ...]:
        """Whoever loses full authority by the list ends the epoch of the stream's key."""
        if full_holders(state.rules, view.now) <= full_persons(self._payload["holders"]):
            return ()
        who = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        return (next_epoch(view.head(self._dossier), who, "authority-ended"),)
