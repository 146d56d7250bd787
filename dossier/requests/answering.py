"""Answering an access request: grant, grant in part, or refuse, in one transaction with the consents given.

Refusing narrows nothing and opens nothing, so one holder within scope does it; a consent needs all that a consent needs.
Where a consent waits for more signatures the answer waits too: the request is open until the last of its consents is
complete, and whoever asked hears nothing before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.entry import Append, Claim, Claimed, Entry, Head, Outcome, Receipt, View, Write
from audit.event import Event
from consent.catalogue import Catalogue
from consent.grant import parse_consent
from crypto.encoding import sha256
from crypto.statements import Statement, parse_statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import check_act, holder_state
from dossier.dossiers.govern import proposal_event
from dossier.dossiers.store import statement_write
from dossier.errors import ConflictError, InvalidRequestError, TooLargeError
from dossier.events import actor_fields
from dossier.facts.dossiers import PROPOSAL, DossierState
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.requests.asking import MOST_WORDS
from dossier.requests.events import request_event
from dossier.requests.sense import answers, scope_of
from dossier.requests.store import RequestRow, RequestWant, answer_write, waiting_write
from dossier.sharing.consents import GiveConsent, Given, NewConsent
from dossier.sharing.countersigning import DONE, Completion, Countersign, Proposal

REFUSED = "refused"
MOST_CONSENTS = 10


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An access-answer with the consents that it names, in that order, and words sealed to the one who asked."""

    statement: Statement
    consents: Sequence[NewConsent] = ()
    words: bytes = b""


class Answered(Answer, frozen=True):
    """A request that was answered, the consents that came with it, and the promise of the answer's event."""

    request: str
    state: str
    consents: list[Given]
    promise: Promise


class _Later(View):
    """The same view some events further on in one stream: rules stand as before, numbers count on."""

    __slots__ = ("_inner", "_moved")

    def __init__(self, inner: View, stream: bytes, by: int) -> None:
        self.at_ms, self.now, self.clock_behind = inner.at_ms, inner.now, inner.clock_behind
        self._inner = inner
        self._moved = inner.head(stream).copy()
        self._moved.seq += by

    def head(self, stream: bytes) -> Head:
        """The running head, of the moved stream as it will be."""
        return self._moved if stream == self._moved.stream else self._inner.head(stream)

    def exists(self, stream: bytes) -> bool:
        """Whether a named stream exists."""
        return self._inner.exists(stream)

    def facts(self, stream: bytes) -> object:
        """The facts that the inner view has."""
        return self._inner.facts(stream)

    def rows(self, want: object) -> object:
        """The rows that the inner view has."""
        return self._inner.rows(want)


class AnswerRequest(Entry[Answered]):
    """Answer one request; refuse with NotFound-, InvalidRequest-, Forbidden-, Stale-, TooLarge- or ConflictError."""

    alone = True

    def __init__(self, actor: Actor, asked: RequestRow, new: NewAnswer, catalogue: Catalogue, claim: Claim) -> None:
        self._actor, self._asked, self._new = actor, asked, new
        self._catalogue, self.claim = catalogue, claim
        self._request = parse_statement(asked.body)
        if len(new.consents) > MOST_CONSENTS:
            raise TooLargeError("an answer gives at most 10 consents")
        self._gives = [GiveConsent(actor, each, claim, new.statement) for each in new.consents]
        self._want = RequestWant(asked.request)
        self.streams, self.foreign = (asked.dossier,), (actor.id,)
        self.wants = tuple(dict.fromkeys((self._want, *(want for give in self._gives for want in give.wants))))

    def verify(self) -> None:
        """Check that the answer is to this request, and that all that came belongs to it."""
        payload, asked = self._new.statement.payload, self._request
        wanted = (asked.payload["request"], asked.hash.hex(), asked.payload["dossier"])
        if (payload["request"], payload["requestHash"], payload["dossier"]) != wanted:
            raise InvalidRequestError("the statement answers another request", code="wrong-request")
        hashes = [each.statement.hash.hex() for each in self._new.consents]
        if list(payload["consents"]) != hashes or (payload["answer"] == REFUSED) != (not hashes):
            raise InvalidRequestError("the answer names other consents than it brings", code="wrong-consents")
        words = self._new.words
        if len(words) > MOST_WORDS:
            raise TooLargeError("words are at most 8192 bytes when sealed")
        if (sha256(words).hex() if words else "") != payload["words"]:
            raise InvalidRequestError("the words are not the ones that the statement names", code="wrong-hash")
        if payload["reason"] and payload["reason"] not in self._catalogue.reasons:
            raise InvalidRequestError("a code is unknown", code="unknown-code")
        self._check_consents()

    def judge(self, view: View) -> Outcome[Answered]:
        """Check that it is still to be answered and by whom; then judge each consent as one that stands alone."""
        dossier = self._asked.dossier
        holder_state(view, dossier, self._actor)
        row: RequestRow | None = view.rows(self._want)
        if row is None or row.state != "open" or view.now >= row.expires:
            raise ConflictError("the request was answered before, or its time is over", code="already-answered")
        sections = scope_of(self._request.payload).sections or None
        check_act(self._new.statement, self._actor, view, dossier, sections)
        given = [give.judge(_Later(view, dossier, at)) for at, give in enumerate(self._gives, 1)]
        waits = any(fact.kind == PROPOSAL for each in given for append in each.appends for fact in append.facts)
        return self._propose(view, given) if waits else self._answer(view, given)

    def recall(self, claimed: Claimed, view: View) -> Answered:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Answered)

    def _check_consents(self) -> None:
        ids = set()
        for new, give in zip(self._new.consents, self._gives, strict=True):
            give.verify()
            consent = parse_consent(new.statement.payload, 0)
            ids.add(consent.id)
            if not answers(consent, self._request.payload, self._catalogue):
                raise InvalidRequestError("a consent gives something else than was asked", code="wrong-consents")
        # Two rules under one id would make the dossier's facts unreadable.
        if len(ids) != len(self._gives):
            raise InvalidRequestError("two consents have one id", code="wrong-consents")

    def _answer(self, view: View, given: Sequence[Outcome[Given]]) -> Outcome[Answered]:
        statement, row = self._new.statement, self._asked
        event = answered_event(self._actor, self._key(), view.now, statement, row)
        written = answer_write(row.request, statement.payload["answer"], statement.envelope, self._new.words)
        return self._outcome(view, statement.payload["answer"], event, written, given)

    def _propose(self, view: View, given: Sequence[Outcome[Given]]) -> Outcome[Answered]:
        statement, row = self._new.statement, self._asked
        event = proposal_event(statement, self._actor, self.claim, view.now)
        written = waiting_write(row.request, statement.envelope, self._new.words)
        return self._outcome(view, "proposed", event, written, given)

    def _outcome(
        self, view: View, state: str, event: Event, written: Write, given: Sequence[Outcome[Given]]
    ) -> Outcome[Answered]:
        statement, dossier, request = self._new.statement, self._asked.dossier, self._asked.request
        seq = view.head(dossier).seq + 1

        def answer(receipts: tuple[Receipt, ...]) -> Answered:
            consents = [each.answer((receipt,)) for each, receipt in zip(given, receipts[1:], strict=True)]
            return Answered(request.hex(), state, consents, promise(receipts[0], "owner"))

        return Outcome(
            appends=(
                Append(dossier, event, evidence=statement.envelope),
                *(append for each in given for append in each.appends),
            ),
            answer=answer,
            writes=(
                statement_write(dossier, statement, request, seq),
                written,
                *(write for each in given if not callable(each.writes) for write in each.writes),
            ),
            keep=keep,
        )

    def _key(self) -> bytes:
        return self.claim.key if self.claim else b""


class CountersignAnswer(Countersign):
    """Add one signature to a consent that answers a request; the last one of all its consents completes the answer."""

    def __init__(self, actor: Actor, statement: Statement, answer: Statement, claim: Claim) -> None:
        super().__init__(actor, bytes.fromhex(answer.payload["dossier"]), statement, claim)
        self._answer = answer
        self._want = RequestWant(bytes.fromhex(answer.payload["request"]))
        self.wants = (*self.wants, self._want)

    def check_still(
        self, view: View, proposal: Proposal, state: DossierState, items: Mapping[bytes, ItemState]
    ) -> None:
        """See `Countersign.check_still`: the request must wait for this very answer still."""
        super().check_still(view, proposal, state, items)
        row: RequestRow | None = view.rows(self._want)
        waits = row is not None and row.state == "open" and view.now < row.expires
        if row is None or not waits or row.answer != self._answer.envelope:
            raise ConflictError("the request was answered before, or its time is over", code="already-answered")

    def completion(self, view: View, proposal: Proposal) -> Completion:
        """See `Countersign.completion`."""
        more = super().completion(view, proposal)
        proposals = view.facts(self._dossier).value.proposals
        others = (each for each in self._answer.payload["consents"] if each != proposal.statement.hash.hex())
        if any(proposals.get(each[:32], DONE)["statement"] for each in others):
            return more
        row: RequestRow = view.rows(self._want)
        event = answered_event(self._actor, self.claim.key if self.claim else b"", view.now, self._answer, row)
        written = answer_write(row.request, self._answer.payload["answer"], row.answer, row.sealed_answer or b"")
        append = Append(self._dossier, event, evidence=self._answer.envelope)
        return replace(more, appends=(append,), writes=(*more.writes, written))


def answered_event(actor: Actor, key: bytes, now: int, answer: Statement, row: RequestRow) -> Event:
    """The event that a request was answered."""
    payload = answer.payload
    fields = {"answer": payload["answer"], "statement": answer.hash.hex(), "reason": payload["reason"]}
    return request_event(actor_fields(actor, key, now), "answered", parse_statement(row.body).payload, **fields)
