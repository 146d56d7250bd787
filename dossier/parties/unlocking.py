"""Unlock methods and keyrings: what lets a person open their keys on another device, sealed by their own client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from audit.entry import Append, Claim, Outcome, View
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from crypto.unlock import list_methods
from dossier.answers import keep, promise
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.parties import rows
from dossier.parties.actor import Actor, require_step_up
from dossier.parties.acts import Done, PartyAct, check_signed, person_facts, require_self
from dossier.parties.wants import KeyringWant, NewestWant

KIND = "unlock-methods"
MAX_SEALED = 4_096


class SealedMethod(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What belongs to one method: its wrapped seed and the root sealed to it, as base64."""

    wrapped_seed: str
    sealed_root: str


@dataclass(frozen=True, slots=True)
class NewMethods:
    """A signed list of methods, the signer's key chain head as stored, and what belongs to each method by hex id."""

    statement: Statement
    chain_head: Statement
    sealed: Mapping[str, SealedMethod]


class PutUnlockMethods(PartyAct[Done]):
    """Replace the actor's list of unlock methods: at least two, signed by the newest key, following the last list."""

    answer_type = Done

    def __init__(self, actor: Actor, person: bytes, new: NewMethods, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_self(actor, person)
        self._person, self._new = person, new
        self._newest = NewestWant(person, KIND, person)
        self.streams = (person,)
        self.wants = (self._newest,)
        self.alone = True

    def verify(self) -> None:
        """Check signature, list, and that something sealed came for exactly the methods of the list."""
        check_signed(self._new.statement, decode_base64(self._new.chain_head.payload["signingKey"]))
        try:
            methods = list_methods(self._new.statement, self._person)
        except CryptoError as error:
            raise InvalidRequestError("not a list of at least two methods", code="invalid-methods") from error
        if {method.method.hex() for method in methods} != self._new.sealed.keys():
            raise InvalidRequestError("something sealed is missing or belongs to no method")
        for sealed in self._new.sealed.values():
            for text in (sealed.wrapped_seed, sealed.sealed_root):
                _check_sealed(text)

    def judge(self, view: View) -> Outcome[Done]:
        """Check the key that signed, and that the list follows the last one."""
        require_step_up(self.actor, view.now)
        payload = self._new.statement.payload
        check_fresh(payload["issuedAt"], view.now)
        heads = {chain.head for chain in person_facts(view, self._person).chains.values()}
        if self._new.chain_head.hash.hex() not in heads:
            raise ConflictError("the keys changed", code="stale-chain")
        stored = view.rows(self._newest)
        last = parse_statement(stored.envelope) if stored is not None else None
        place = (0, "") if last is None else (last.payload["counter"] + 1, last.hash.hex())
        if (payload["counter"], payload["previous"]) != place:
            raise ConflictError("the list changed", code="stale-methods")
        document = msgspec.json.encode(self._new.sealed)
        statement = self._new.statement
        event = self.key_event(view.now, KIND, self._person, statement=statement, sequence=payload["counter"])
        return Outcome(
            appends=(Append(self._person, event),),
            answer=lambda receipts: Done(self._person.hex(), promise(receipts[0], "owner")),
            writes=(
                rows.statement_row(self._person, statement, self._person, payload["counter"], view.now),
                rows.unlock_row(self._person, statement.hash, document, view.now),
            ),
            keep=keep,
        )


class PutKeyring(PartyAct[Done]):
    """Replace the actor's wrapped identity; `version` is the one that it replaces plus one."""

    answer_type = Done

    def __init__(self, actor: Actor, person: bytes, wrapped: bytes, version: int, claim: Claim | None) -> None:
        super().__init__(actor, claim)
        require_self(actor, person)
        if not 0 < len(wrapped) <= MAX_SEALED:
            raise InvalidRequestError("the wrapped identity is too long or empty")
        self._person, self._wrapped, self._version = person, wrapped, version
        self._want = KeyringWant(person, actor.organisation or b"")
        self.streams = (person,)
        self.wants = (self._want,)
        self.alone = True

    def judge(self, view: View) -> Outcome[Done]:
        """Check that nobody replaced it meanwhile."""
        require_step_up(self.actor, view.now)
        if not person_facts(view, self._person).chains:
            raise ForbiddenError("publish your keys first", code="no-keys")
        before = view.rows(self._want)
        if self._version != (before.version if before is not None else 0) + 1:
            raise ConflictError("the keyring changed", code="stale-keyring")
        event = self.key_event(view.now, "keyring", self._person, sequence=self._version)
        where = self._want.organisation
        return Outcome(
            appends=(Append(self._person, event),),
            answer=lambda receipts: Done(self._person.hex(), promise(receipts[0], "owner")),
            writes=(rows.keyring_row(self._person, where, self._wrapped, self._version, view.now),),
            keep=keep,
        )


def _check_sealed(text: str) -> None:
    try:
        data = decode_base64(text)
    except CryptoError as error:
        raise InvalidRequestError("a field is not base64", code="invalid-base64") from error
    if not 0 < len(data) <= MAX_SEALED:
        raise InvalidRequestError("something sealed is too long or empty")
