"""The next dossier key: whoever held the old one in full and lost that signs nothing any more, and opens nothing new.

One request brings all of it: the successor signed by the old key, the authority list as it stands signed by the new one,
both keys sealed to every remaining full holder, older section secrets under the new root, and a new epoch of every
section. Two at once: one is let through. Page: docs/spec/rotation.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from consent.terms import VAULT
from crypto.capsules import Capsule
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, verify
from dossier.answers import keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_position, holder_state
from dossier.dossiers.govern import Accepted
from dossier.dossiers.lists import (
    check_holders,
    check_keys,
    check_signatures,
    full_persons,
    is_standing,
    newest_chain,
    served,
)
from dossier.dossiers.rotation import Epoch, NewEpoch, Standing
from dossier.dossiers.statements import check_fresh
from dossier.epochs.store import EpochWant, SectionsWant, wrap_write
from dossier.errors import ConflictError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.dossiers import DossierState
from dossier.parties.actor import Actor

Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a full holder sends: the statements, capsules for full holders, wraps by (section, lane, epoch), epochs."""

    key: Statement
    authority: Statement
    capsules: Sequence[Capsule]
    wraps: Mapping[Place, bytes]
    epochs: Sequence[NewEpoch]


class SucceededError(ConflictError):
    """The dossier has another key by now; `extra` names the present one."""

    code = "wrong-sequence"

    def __init__(self, state: DossierState) -> None:
        super().__init__("the dossier has another key by now")
        self.extra = {"current": {"sequence": state.key_sequence, "statement": state.key_head}}


class Succeed(Entry[Accepted]):
    """Put a new dossier key in the place of the old; refuse with InvalidRequest-, Forbidden-, Stale-, ConflictError."""

    alone = True

    def __init__(self, actor: Actor, dossier: bytes, new: NewKey, claim: Claim) -> None:
        if (new.key.kind, new.authority.kind) != ("dossier-key", "authority-list"):
            raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
        self._actor, self._dossier, self._new, self.claim = actor, dossier, new, claim
        self._epochs = [Epoch(dossier, each) for each in new.epochs]
        named = {each["person"] for name in ("holders", "actors") for each in new.authority.payload[name]}
        self.streams = (dossier,)
        self.foreign = tuple({actor.id, *(bytes.fromhex(person) for person in named)})
        self._sections, self._stream = SectionsWant(dossier), EpochWant(dossier)
        self.wants = (self._sections, self._stream, *(want for each in self._epochs for want in each.wants))

    @cached_property
    def _sequence(self) -> int:
        return int(self._new.key.payload["sequence"])

    def verify(self) -> None:
        """Check that everything belongs to this dossier and this list."""
        if {each.payload["dossier"] for each in (self._new.key, self._new.authority)} != {self._dossier.hex()}:
            raise InvalidRequestError("the statements are about another dossier", code="wrong-dossier")
        if any(capsule.statement_hash != self._new.authority.hash for capsule in self._new.capsules):
            raise InvalidRequestError("a capsule is for another statement", code="invalid-capsule")
        for epoch in self._epochs:
            epoch.verify()

    def judge(self, view: View) -> Outcome[Accepted]:
        """Check the key against the one before, the list by the new key, then that nothing and nobody is left out."""
        state = holder_state(view, self._dossier, self._actor)
        self._check_key(state, view)
        check_position(self._new.authority, view, self._dossier)
        self._check_list(state, view)
        self._check_whole(state, view)
        listed = self._new.authority
        stand = Standing(state, decode_base64(self._new.key.payload["key"]), self._sequence, listed.hash)
        for epoch in self._epochs:
            epoch.check(view, self._actor, stand)
        return self._outcome(view)

    def recall(self, claimed: Claimed, view: View) -> Accepted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Accepted)

    def _check_key(self, state: DossierState, view: View) -> None:
        payload = self._new.key.payload
        if (self._sequence, payload["previous"]) != (state.key_sequence + 1, state.key_head):
            raise SucceededError(state)
        if (payload["owner"], payload["nature"]) != (state.owner, state.nature):
            raise InvalidRequestError("a new key changes neither owner nor nature of a dossier", code="wrong-dossier")
        if decode_base64(payload["key"]) == state.key or decode_base64(payload["inboxKey"]) == state.inbox:
            raise InvalidRequestError("a new epoch has new keys", code="same-key")
        if payload["streamKeyHash"] != stream_key_hash(view, self._dossier, self._stream):
            raise ConflictError("the stream has another key by now", code="other-stream-key")
        check_fresh(payload["issuedAt"], view.now)
        try:
            verify(self._new.key, state.key)
        except CryptoError as error:
            raise InvalidRequestError("the successor is not signed by the dossier key", code="wrong-signer") from error

    def _check_list(self, state: DossierState, view: View) -> None:
        """The list stays as it stands, without those who ended."""
        listed, payload = self._new.authority, self._new.authority.payload
        if (payload["sequence"], payload["previous"]) != (state.authority_sequence + 1, state.authority_head):
            raise ConflictError("the list does not follow the present one", code="wrong-sequence")
        if not is_standing(payload["holders"], state, view.now):
            raise ConflictError("the list is not the one that stands", code="other-holders")
        persons = {each["person"] for each in (*payload["holders"], *payload["actors"])}
        chains = {person: newest_chain(person, view) for person in persons}
        key = decode_base64(self._new.key.payload["key"])
        check_signatures(listed, self._actor, state, key, chains, view.now)
        check_holders(payload, state, chains, view.now)
        self._check_served(payload["holders"])

    def _check_served(self, holders: Sequence[Mapping[str, Any]]) -> None:
        """Every full holder gets the new keys, and nobody more than their entry covers."""
        check_keys(self._new.capsules, self._dossier, self._sequence, holders)
        if full_persons(holders) != served(self._new.capsules, self._dossier, self._sequence):
            raise InvalidRequestError("every full holder gets the new keys in the same request", code="left-out")

    def _check_whole(self, state: DossierState, view: View) -> None:
        """Every secret comes under the new root and every section gets a new epoch; the vault's when the owner acts."""
        owns = self._actor.id.hex() == state.owner
        rows = [row for row in view.rows(self._sections) or () if owns or row.lane != VAULT]
        if {(row.section, row.lane, row.epoch) for row in rows} != self._new.wraps.keys():
            raise InvalidRequestError("not just every older section secret is wrapped under the new root")
        places = [(each.section, each.lane) for each in self._epochs]
        if len(places) != len(set(places)) or set(places) != {(row.section, row.lane) for row in rows}:
            raise InvalidRequestError("not just every section has one new epoch", code="left-out")

    def _outcome(self, view: View) -> Outcome[Accepted]:
        request, now = self.claim.key if self.claim else b"", view.now
        subjects, first = [self._dossier.hex()], view.head(self._dossier).seq + 1
        appends = [self._append(each, request, now, subjects) for each in (self._new.key, self._new.authority)]
        writes = self._writes(first, now)
        for epoch in self._epochs:
            writes += epoch.writes(first + len(appends), self._sequence, now)
            appends += epoch.appends(self._actor, request, now)
        digest = self._new.key.hash.hex()
        return Outcome(
            tuple(appends),
            answer=lambda receipts: Accepted(digest, "accepted", promise(receipts[0], "owner")),
            writes=tuple(writes),
            keep=keep,
        )

    def _append(self, statement: Statement, request: bytes, now: int, subjects: list[str]) -> Append:
        event = statement_event(statement, self._actor, request, now, subjects)
        return Append(self._dossier, event, (Fact("rules", statement.kind, self._dossier, statement.payload),))

    def _writes(self, first: int, now: int) -> list[Write]:
        new = self._new
        return [
            store.statement_write(self._dossier, new.key, self._dossier, first),
            store.statement_write(self._dossier, new.authority, self._dossier, first + 1),
            *store.capsule_writes(self._dossier, new.capsules, now),
            *(wrap_write(self._dossier, place, self._sequence, wrapped) for place, wrapped in new.wraps.items()),
        ]


def stream_key_hash(view: View, dossier: bytes, want: EpochWant) -> str:
    """SHA-256 (hex) of the stream key that stands: of the newest epoch, else of the one that the first key named."""
    epoch, _times = view.rows(want)
    if epoch is not None:
        return str(epoch.key_hash)
    state: DossierState = view.facts(dossier).value
    return state.stream_key_hash
