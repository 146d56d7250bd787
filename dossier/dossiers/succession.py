"""Changing who holds a dossier: the next authority list, signed by the dossier key and by the holders who act.

Whoever is on the list is there with the very key chain that stands in their own stream; whoever holds in full gets a
capsule of the dossier's keys in the same request. The owner never leaves the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View
from crypto.capsules import Capsule
from crypto.errors import CryptoError
from crypto.statements import Statement, verify_threshold
from dossier.answers import keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_position, holder_state
from dossier.dossiers.govern import Accepted
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.dossiers import DossierState
from dossier.facts.parties import Chain, PersonFacts
from dossier.parties.actor import Actor


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
        chains = {person: _chain(person, view) for person in self._persons()}
        self._check_signatures(state, chains, view.now)
        self._check_holders(state, chains)
        return self._outcome(view)

    def recall(self, claimed: Claimed, view: View) -> Accepted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Accepted)

    def _persons(self) -> set[str]:
        return {each["person"] for each in (*self._payload["holders"], *self._payload["actors"])}

    def _check_signatures(self, state: DossierState, chains: Mapping[str, Chain], now: int) -> None:
        """Every acting person holds the dossier in full now, and as many act as the highest of their thresholds."""
        acting = [each["person"] for each in self._payload["actors"]]
        if self._actor.id.hex() not in acting or len(set(acting)) != len(acting):
            raise ForbiddenError("the sender acts on the list, and each person once", code="wrong-signer")
        full = {h.person: h for h in state.rules.holders if h.full and h.period.holds(now)}
        if any(person not in full for person in acting):
            raise ForbiddenError("only full holders change who holds", code="no-authority")
        if len(acting) < max(full[person].threshold for person in acting):
            raise ForbiddenError("too few full holders act", code="no-authority")
        if any(chains[each["person"]].key_hash != each["keyHash"] for each in self._payload["actors"]):
            raise ForbiddenError("an acting person is named with another key", code="wrong-signer")
        keys = [state.key, *(chains[person].signing_key for person in acting)]
        try:
            verify_threshold(self._new.statement, keys, len(keys))
        except CryptoError as error:
            raise ForbiddenError("the list is not signed by all who act and the dossier key") from error

    def _check_holders(self, state: DossierState, chains: Mapping[str, Chain]) -> None:
        holders: list[dict[str, Any]] = self._payload["holders"]
        owner = [each for each in holders if each["person"] == state.owner and each["capacity"] == "owner"]
        if not owner or not owner[0]["full"]:
            raise InvalidRequestError("the owner stays on the list, in full", code="owner-stays")
        if any(chains[each["person"]].head != each["chainHead"] for each in holders):
            raise ConflictError("somebody on the list has other keys by now", code="other-keys")
        if any(each["threshold"] < 1 or each["until"] <= each["from"] for each in holders):
            raise InvalidRequestError("a threshold is at least one and a period not empty")
        known = {each.person for each in state.rules.holders if each.full}
        new = {each["person"] for each in holders if each["full"]} - known
        if new - {capsule.grantee.hex() for capsule in self._new.capsules}:
            raise InvalidRequestError("a new full holder gets the dossier's keys in the same request", code="left-out")

    def _outcome(self, view: View) -> Outcome[Accepted]:
        statement = self._new.statement
        request = self.claim.key if self.claim else b""
        event = statement_event(statement, self._actor, request, view.now, [self._dossier.hex()])
        fact = Fact("rules", statement.kind, self._dossier, statement.payload)
        seq = view.head(self._dossier).seq + 1
        return Outcome(
            (Append(self._dossier, event, (fact,)),),
            answer=lambda receipts: Accepted(statement.hash.hex(), "accepted", promise(receipts[0], "owner")),
            writes=(
                store.statement_write(self._dossier, statement, self._dossier, seq),
                *store.capsule_writes(self._dossier, self._new.capsules, view.now),
            ),
            keep=keep,
        )


def _chain(person: str, view: View) -> Chain:
    stream = bytes.fromhex(person)
    facts = view.facts(stream).value if view.exists(stream) else None
    chain = facts.chains.get("") if isinstance(facts, PersonFacts) and not facts.revoked else None
    if chain is None:
        raise InvalidRequestError("somebody on the list has no keys", code="no-keys")
    return chain
