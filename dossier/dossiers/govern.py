"""Governing a dossier: one signed statement of a holder, with what belongs to it, in one transaction.

If the authority list wants more signatures than one, the statement stands as a proposal until enough co-signers have
signed it too; each sees the dossier as it stands at their own moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from audit.event import Event, make_event
from crypto.capsules import Capsule
from crypto.encoding import encode_base64, sha256
from crypto.statements import Statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.acts import ACTS, facts_of
from dossier.dossiers.authority import check_act, holder_state
from dossier.errors import InvalidRequestError
from dossier.events import actor_fields, statement_event
from dossier.facts.dossiers import PROPOSAL
from dossier.items.state import ItemState
from dossier.items.store import INSERT_PLACED_KEY, ItemWant
from dossier.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class Submission:
    """A statement with what comes with it: capsules for it, and for a placement the item key sealed to its new place."""

    statement: Statement
    capsules: Sequence[Capsule] = ()
    sealed_key: bytes = b""


class Accepted(Answer, frozen=True):
    """What became of a statement: `accepted`, or `proposed` until enough have signed it."""

    statement: str
    state: str
    promise: Promise


class Govern(Entry[Accepted]):
    """Accept a statement or file it as a proposal; refuse with InvalidRequest-, Forbidden-, Stale- or ConflictError."""

    def __init__(self, actor: Actor, dossier: bytes, submission: Submission, claim: Claim) -> None:
        self._actor, self._dossier, self._submission = actor, dossier, submission
        self._statement, self.claim = submission.statement, claim
        if self._statement.kind not in ACTS:
            raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
        self._act = ACTS[self._statement.kind]
        self.streams = (dossier,)
        self.foreign = (actor.id,)
        self._item = ItemWant(dossier, bytes.fromhex(self._statement.payload["item"])) if self._act.item else None
        self.wants = (self._item,) if self._item else ()

    def verify(self) -> None:
        """Check that everything that came belongs to this statement."""
        payload = self._statement.payload
        if payload["dossier"] != self._dossier.hex():
            raise InvalidRequestError("the statement is about another dossier", code="wrong-dossier")
        if any(capsule.statement_hash != self._statement.hash for capsule in self._submission.capsules):
            raise InvalidRequestError("a capsule is for another statement", code="invalid-capsule")
        wanted = payload.get("wrapHash", "")
        sealed = self._submission.sealed_key
        if (sha256(sealed).hex() if sealed else "") != wanted:
            raise InvalidRequestError("the sealed key is not the one that the statement names", code="wrong-hash")

    def judge(self, view: View) -> Outcome[Accepted]:
        """Check signature, position, authority and sense, in that order."""
        rules = holder_state(view, self._dossier, self._actor).rules
        item: ItemState | None = view.rows(self._item) if self._item else None
        sections = self._act.sections(self._statement.payload, item)
        enough = check_act(self._statement, self._actor, view, self._dossier, sections)
        self._act.check(self._statement.payload, rules, item, view.now)
        return self._accept(view) if enough else self._propose(view)

    def recall(self, claimed: Claimed, view: View) -> Accepted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Accepted)

    def _accept(self, view: View) -> Outcome[Accepted]:
        request = self.claim.key if self.claim else b""
        subjects = [self._dossier.hex(), self._statement.payload[self._act.subject]]
        event = statement_event(self._statement, self._actor, request, view.now, subjects)
        return self._outcome(view, "accepted", event, facts_of(self._statement, self._act), self._extra(view))

    def _propose(self, view: View) -> Outcome[Accepted]:
        event = proposal_event(self._statement, self._actor, self.claim, view.now)
        body: dict[str, Any] = {"statement": encode_base64(self._statement.envelope), "cosigners": [], "at": view.now}
        if self._submission.sealed_key and self._item is not None:
            # It takes effect with the placement: until then nothing shows it.
            body |= {"sealedKey": encode_base64(self._submission.sealed_key), "version": view.rows(self._item).version}
        fact = Fact("rules", PROPOSAL, self._statement.hash[:16], body)
        capsules = store.capsule_writes(self._dossier, self._submission.capsules, view.now)
        return self._outcome(view, "proposed", event, (fact,), capsules)

    def _extra(self, view: View) -> tuple[Write, ...]:
        capsules = store.capsule_writes(self._dossier, self._submission.capsules, view.now)
        if not self._submission.sealed_key or self._item is None:
            return capsules
        version = view.rows(self._item).version
        placed = (self._item.item, version, self._statement.hash, self._submission.sealed_key)
        return (*capsules, Write(INSERT_PLACED_KEY, placed))

    def _outcome(
        self, view: View, state: str, event: Event, facts: tuple[Fact, ...], extra: tuple[Write, ...]
    ) -> Outcome[Accepted]:
        seq = view.head(self._dossier).seq + 1
        subject = bytes.fromhex(self._statement.payload[self._act.subject])
        return Outcome(
            appends=(Append(self._dossier, event, facts),),
            answer=lambda receipts: Accepted(self._statement.hash.hex(), state, promise(receipts[0], "owner")),
            writes=(store.statement_write(self._dossier, self._statement, subject, seq), *extra),
            keep=keep,
        )


def proposal_event(statement: Statement, actor: Actor, claim: Claim | None, now: int, signatures: int = 1) -> Event:
    """The event that a statement waits for more signatures."""
    values: dict[str, Any] = actor_fields(actor, claim.key if claim else b"", now)
    values |= {
        "kind": statement.kind,
        "capacity": statement.payload.get("capacity", ""),
        "subjects": [statement.payload["dossier"]],
        "statement": statement.hash.hex(),
        "signatures": signatures,
    }
    return make_event("proposal/v1", values)
