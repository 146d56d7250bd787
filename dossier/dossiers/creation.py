"""Making a dossier: its key, its first authority list, a key for every section, all in one act of its owner.

The owner's client makes every key. The service keeps statements as signed, secrets as wrapped, and the stream key,
which comes once, only to be put under the key of the month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.entry import Append, Claim, Claimed, Entry, Fact, FactClass, Opening, Outcome, View, Write
from crypto.capsules import Capsule
from crypto.chains import verify_dossier_chain, verify_section_key
from crypto.encoding import decode_base64, sha256
from crypto.errors import CryptoError
from crypto.statements import Statement, verify_threshold
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.parties import PersonFacts
from dossier.parties.actor import Actor

START = {"seq": 0, "leaf": "00" * 32}


@dataclass(frozen=True, slots=True)
class NewDossier:
    """What an owner sends: statements in order (dossier-key, authority-list, section-key...), the stream key K.

    `capsules` hold the owner's own keys; `wrapped` the section secrets under the dossier root, by (section, lane).
    `identifier` is the HMAC under which agencies find the dossier.
    """

    statements: tuple[Statement, ...]
    capsules: tuple[Capsule, ...]
    wrapped: Mapping[tuple[str, str], bytes]
    stream_key: bytes = field(repr=False)
    identifier: bytes = field(repr=False)


class Created(Answer, frozen=True):
    """The new dossier, and the promise of the event of its key."""

    dossier: str
    promise: Promise


class CreateDossier(Entry[Created]):
    """Make a dossier, or refuse: InvalidRequestError, ForbiddenError, ConflictError, StaleError."""

    alone = True

    def __init__(self, actor: Actor, new: NewDossier, claim: Claim) -> None:
        self._actor, self._new = actor, new
        self.claim = claim
        self._key, self._authority, self._sections = _sort(new.statements)
        self._dossier = bytes.fromhex(self._key.payload["dossier"])
        self.streams = (self._dossier,)
        self.foreign = (actor.id,)
        self.wants = (store.AddressWant(new.identifier),)

    def verify(self) -> None:
        """Check everything that needs no database: chain, self-signature, section keys, capsules."""
        try:
            chain = verify_dossier_chain([self._key], self._dossier)
            for statement in self._sections:
                if verify_section_key(statement, chain).place.epoch != 0 or statement.payload["previous"]:
                    raise InvalidRequestError("the first key of a section has epoch 0")
        except CryptoError as error:
            raise InvalidRequestError("a statement does not verify", code="invalid-signature") from error
        self._check_shape()

    def judge(self, view: View) -> Outcome[Created]:
        """Check the owner's own signature and that neither dossier nor address is taken."""
        if view.rows(self.wants[0]) is not None:
            raise ConflictError("this identifier leads to a dossier already", code="address-taken")
        if view.exists(self._dossier):
            raise ConflictError("this id is in use", code="id-in-use")
        self._check_authority(view.facts(self._actor.id).value)
        for statement in self._new.statements:
            check_fresh(statement.payload["issuedAt"], view.now)
        return Outcome(
            appends=tuple(self._append(statement, view.now) for statement in self._new.statements),
            answer=lambda receipts: Created(self._dossier.hex(), promise(receipts[0], "owner")),
            writes=self._writes(view.now),
            openings=(Opening(self._dossier, "dossier", self._new.stream_key),),
            keep=keep,
        )

    def recall(self, claimed: Claimed, view: View) -> Created:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Created)

    def _append(self, statement: Statement, now: int) -> Append:
        request = self.claim.key if self.claim else b""
        event = statement_event(statement, self._actor, request, now, [self._dossier.hex()])
        moves: FactClass = "keys" if statement.kind == "section-key" else "rules"
        return Append(self._dossier, event, (Fact(moves, statement.kind, self._dossier, statement.payload),))

    def _writes(self, now: int) -> tuple[Write, ...]:
        new = self._new
        return store.creation_writes(
            self._dossier, self._actor.id, new.statements, new.wrapped, new.capsules, new.identifier, now
        )

    def _check_shape(self) -> None:
        payload, authority = self._key.payload, self._authority.payload
        if payload["streamKeyHash"] != sha256(self._new.stream_key).hex():
            raise InvalidRequestError("the stream key is not the one that was signed")
        if payload["owner"] != self._actor.id.hex() or authority["dossier"] != payload["dossier"]:
            raise InvalidRequestError("the statements are about another owner or dossier")
        if (authority["sequence"], authority["previous"], authority["after"]) != (0, "", START):
            raise InvalidRequestError("the first authority list has nothing before it")
        places = {(statement.payload["section"], statement.payload["lane"]) for statement in self._sections}
        if len(places) != len(self._sections) or places != self._new.wrapped.keys():
            raise InvalidRequestError("every section key is signed once and wrapped once")
        for capsule in self._new.capsules:
            if (capsule.statement_hash, capsule.grantee) != (self._authority.hash, self._actor.id):
                raise InvalidRequestError("a capsule is for another statement or holder")

    def _check_authority(self, person: PersonFacts) -> None:
        """The owner stands on the list alone, in full, with the chain head that stands in the owner's own stream."""
        chain = person.chains.get("")
        if chain is None or person.revoked:
            raise ForbiddenError("publish your keys before you make a dossier", code="no-keys")
        payload = self._authority.payload
        holder = payload["holders"][0] if len(payload["holders"]) == 1 else {}
        wanted = {"person": self._actor.id.hex(), "chainHead": chain.head, "capacity": "owner", "full": True}
        actors = [{"person": self._actor.id.hex(), "keyHash": chain.key_hash}]
        if any(holder.get(name) != value for name, value in wanted.items()) or payload["actors"] != actors:
            raise InvalidRequestError("the first authority list names the owner alone, with their newest keys")
        try:
            verify_threshold(self._authority, [_public(self._key), chain.signing_key], 2)
        except CryptoError as error:
            raise InvalidRequestError("the authority list is not signed by both keys") from error


def _public(key: Statement) -> bytes:
    return decode_base64(key.payload["key"])


def _sort(statements: tuple[Statement, ...]) -> tuple[Statement, Statement, tuple[Statement, ...]]:
    kinds = [statement.kind for statement in statements]
    if kinds[:2] != ["dossier-key", "authority-list"] or set(kinds[2:]) - {"section-key"}:
        raise InvalidRequestError("a dossier begins with its key, its authority list and its section keys")
    return statements[0], statements[1], statements[2:]
