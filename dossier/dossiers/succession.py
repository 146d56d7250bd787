"""Changing who holds a dossier: the next authority list, signed by the dossier key and by the holders who act.

Whoever is on the list is there with the very key chain that stands in their own stream; whoever holds in full gets a
capsule of the dossier's keys in the same request. The owner never leaves the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View
from consent.terms import VAULT
from crypto.capsules import Capsule, KeyId
from crypto.errors import CryptoError
from crypto.statements import Statement, verify_threshold
from dossier.answers import keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_position, full_holders, holder_state
from dossier.dossiers.govern import Accepted
from dossier.epochs.store import due_writes
from dossier.epochs.streamkey import next_epoch
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.events import actor_fields, statement_event
from dossier.facts.dossiers import DossierState
from dossier.facts.parties import Chain, PersonFacts
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


def check_signatures(
    statement: Statement, actor: Actor, state: DossierState, key: bytes, chains: Mapping[str, Chain], now: int
) -> None:
    """Check that the dossier key and full holders signed a list, as many as the highest of their thresholds.

    `key` is the public dossier key that must have signed. A list on which nobody is new and nobody's entry changed needs
    one of them. Raise ForbiddenError.
    """
    payload = statement.payload
    acting = [each["person"] for each in payload["actors"]]
    if actor.id.hex() not in acting or len(set(acting)) != len(acting):
        raise ForbiddenError("the sender acts on the list, and each person once", code="wrong-signer")
    full = {h.person: h for h in state.rules.holders if h.full and h.period.holds(now)}
    if any(person not in full for person in acting):
        raise ForbiddenError("only full holders change who holds", code="no-authority")
    needed = 1 if is_standing(payload["holders"], state, now) else max(full[person].threshold for person in acting)
    if len(acting) < needed:
        raise ForbiddenError("too few full holders act", code="no-authority")
    if any(chains[each["person"]].key_hash != each["keyHash"] for each in payload["actors"]):
        raise ForbiddenError("an acting person is named with another key", code="wrong-signer")
    keys = [key, *(chains[person].signing_key for person in acting)]
    try:
        verify_threshold(statement, keys, len(keys))
    except CryptoError as error:
        raise ForbiddenError("the list is not signed by all who act and the dossier key") from error


def is_standing(holders: Iterable[Mapping[str, Any]], state: DossierState, now: int) -> bool:
    """Whether a list names just those who stand on the present one, ended entries left out; key chains may have grown."""
    names = ("person", "capacity", "full", "threshold", "from", "until")
    new = [(*(each[name] for name in names), frozenset(each["sections"])) for each in holders]
    standing = [
        (h.person, h.capacity, h.full, h.threshold, h.period.start, h.period.end, h.sections)
        for h in state.rules.holders
        if h.period.end > now
    ]
    return len(new) == len(set(new)) and set(new) == set(standing)


def check_holders(payload: Mapping[str, Any], state: DossierState, chains: Mapping[str, Chain], now: int) -> None:
    """Check everybody on a list: the owner in full, newest chains, periods. Raise InvalidRequest- or ConflictError."""
    holders: list[dict[str, Any]] = payload["holders"]
    owner = [each for each in holders if each["person"] == state.owner and each["capacity"] == "owner"]
    if not owner or not owner[0]["full"]:
        raise InvalidRequestError("the owner stays on the list, in full", code="owner-stays")
    if any(chains[each["person"]].head != each["chainHead"] for each in holders):
        raise ConflictError("somebody on the list has other keys by now", code="other-keys")
    if any(each["threshold"] < 1 or each["until"] <= max(each["from"], now) for each in holders):
        raise InvalidRequestError("a threshold is at least one and a period neither empty nor over")


def check_keys(
    capsules: Iterable[Capsule], dossier: bytes, sequence: int, holders: Iterable[Mapping[str, Any]]
) -> None:
    """Check that capsules of a list hold no more than their grantees' entries cover; raise InvalidRequestError.

    `sequence` is that of the dossier key whose seed and root they may hold.
    """
    listed = list(holders)
    own, full = own_keys(dossier, sequence), full_persons(listed)
    for capsule in capsules:
        person = capsule.grantee.hex()
        fits = (
            each in own if person in full else _in_scope(each, dossier, person, listed)
            for each in capsule.key_ids
            if each.kind != "stream" or person not in full
        )
        if not all(fits):
            raise InvalidRequestError("a capsule holds more than its grantee may hold", code="invalid-capsule")


def _in_scope(key_id: KeyId, dossier: bytes, person: str, holders: Iterable[Mapping[str, Any]]) -> bool:
    if key_id.kind != "section" or key_id.fields[0] != dossier or key_id.fields[2] == VAULT.encode():
        return False
    return any(each["person"] == person and key_id.fields[1].decode() in each["sections"] for each in holders)


def own_keys(dossier: bytes, sequence: int) -> frozenset[KeyId]:
    """The dossier's own keys of one sequence: what a full holder gets."""
    return frozenset({KeyId.dossier_key(dossier, sequence), KeyId.dossier_root(dossier, sequence)})


def served(capsules: Iterable[Capsule], dossier: bytes, sequence: int) -> set[str]:
    """The persons (hex) who get the dossier's own keys."""
    return {each.grantee.hex() for each in capsules if own_keys(dossier, sequence) <= set(each.key_ids)}


def full_persons(holders: Iterable[Mapping[str, Any]]) -> set[str]:
    """The persons (hex) whom a list names in full."""
    return {each["person"] for each in holders if each["full"]}


def newest_chain(person: str, view: View) -> Chain:
    """The key chain of a citizen (hex id) as it stands; raise InvalidRequestError without one."""
    stream = bytes.fromhex(person)
    facts = view.facts(stream).value if view.exists(stream) else None
    chain = facts.chains.get("") if isinstance(facts, PersonFacts) and not facts.revoked else None
    if chain is None:
        raise InvalidRequestError("somebody on the list has no keys", code="no-keys")
    return chain
