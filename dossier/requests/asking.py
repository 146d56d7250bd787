"""Asking for access: a signed request into a dossier that the asker may know of.

Who takes part in a case that the dossier accepted may ask, and to whom a consent opens something now. For anybody else
there is nothing here: the same answer as for a dossier that does not exist, and the dossier hears of it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.entry import Append, Claim, Claimed, Entry, Outcome, View
from consent.catalogue import Catalogue
from crypto.encoding import BUCKET_SIZE, sha256
from crypto.statements import Statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.cases.authority import check_signer
from dossier.cases.knowing import decide_ask
from dossier.dossiers.statements import check_fresh
from dossier.dossiers.store import statement_write
from dossier.errors import ConflictError, InvalidRequestError, TooLargeError
from dossier.events import actor_fields
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_streams
from dossier.hiding.store import hidden_write
from dossier.parties.actor import Actor
from dossier.requests.events import request_event
from dossier.requests.sense import check_sense
from dossier.requests.store import OpenWant, request_write
from dossier.sharing.opening import opens
from dossier.sharing.shown import names

MOST_OPEN = 5
MOST_WORDS = 8_192
"""Bytes of sealed words."""


class Asked(Answer, frozen=True):
    """A request that waits for an answer, and the promise of its event in the dossier's stream."""

    request: str
    state: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class HiddenRequest:
    """A request about a dossier that the actor may not know of."""


class Ask(Entry[Asked | HiddenRequest]):
    """Take in an access request; refuse with InvalidRequest-, Forbidden-, TooLarge- or ConflictError."""

    alone = True
    """Each counts those that wait before it."""

    def __init__(self, actor: Actor, statement: Statement, words: bytes, catalogue: Catalogue, claim: Claim) -> None:
        self._actor, self._statement, self._words = actor, statement, words
        self._catalogue, self.claim = catalogue, claim
        payload = statement.payload
        self._request, self._dossier = bytes.fromhex(payload["request"]), bytes.fromhex(payload["dossier"])
        self._case = bytes.fromhex(payload["case"])
        self.streams = tuple(dict.fromkeys((self._dossier, actor.stream)))
        self.foreign = foreign_streams(actor, self._case or None)
        self._open = OpenWant(self._dossier, actor.id)
        self.wants = (self._open,)

    @property
    def dossier(self) -> bytes:
        """The dossier that is asked, whether or not it exists."""
        return self._dossier

    def read_also(self, cases: Iterable[bytes]) -> None:
        """Judge by the people of these cases too: consents may be for whoever takes part in one."""
        more = (each for each in cases if each not in self.streams)
        self.foreign = tuple(dict.fromkeys((*self.foreign, *more)))

    def verify(self) -> None:
        """Check what needs no database."""
        payload = self._statement.payload
        if self._request[:BUCKET_SIZE] != self._dossier[:BUCKET_SIZE]:
            raise InvalidRequestError("the id of a request begins as its dossier's", code="invalid-id")
        if len(self._words) > MOST_WORDS:
            raise TooLargeError("words are at most 8192 bytes when sealed")
        if (sha256(self._words).hex() if self._words else "") != payload["words"]:
            raise InvalidRequestError("the words are not the ones that the statement names", code="wrong-hash")

    def judge(self, view: View) -> Outcome[Asked | HiddenRequest]:
        """Check the asker first, in ways that tell nothing of the dossier; then whether they may know of it."""
        capacity = check_signer(self._statement, self._actor, view)
        check_fresh(self._statement.payload["issuedAt"], view.now)
        check_sense(self._statement.payload, self._catalogue, view.now)
        if not self._may_know(capacity.role, view):
            return self._hide(view)
        if (view.rows(self._open) or 0) >= MOST_OPEN:
            raise ConflictError("other requests of yours wait in this dossier", code="requests-waiting")
        return self._ask(view)

    def recall(self, claimed: Claimed, view: View) -> Asked | HiddenRequest:  # noqa: ARG002 - the state changes nothing
        """Give the same answer again."""
        return kept(claimed.kept, Asked) if claimed.kept else HiddenRequest()

    def _may_know(self, role: str, view: View) -> bool:
        """The engine's word: on asking in the case, or on what some consent that names the asker opens to them."""
        state = view.facts(self._dossier).value if view.exists(self._dossier) else None
        if not isinstance(state, DossierState):
            return False
        if self._case:
            return decide_ask(self._actor, role, self._case, self._dossier, view).permitted
        named = (each for each in state.rules.permits if names(each, self._actor, view, view.now))
        return any(opens(each, state, self._actor, view, view.now) for each in named)

    def _ask(self, view: View) -> Outcome[Asked | HiddenRequest]:
        statement, seq = self._statement, view.head(self._dossier).seq + 1
        request = self._request.hex()
        return Outcome(
            appends=(self._append(view, self._dossier),),
            answer=lambda receipts: Asked(request, "open", promise(receipts[0], "actor")),
            writes=(
                statement_write(self._dossier, statement, self._request, seq),
                request_write(statement, self._actor.organisation, self._words, seq, view.now),
            ),
            keep=keep,
        )

    def _hide(self, view: View) -> Outcome[Asked | HiddenRequest]:
        payload = self._statement.payload
        asked = (payload["purpose"], payload["reason"], payload["role"])
        told = hidden_write(self._actor, self._dossier, "ask", *asked, view.now)
        append = self._append(view, self._actor.stream)
        return Outcome(appends=(append,), answer=lambda _receipts: HiddenRequest(), writes=(told,))

    def _append(self, view: View, stream: bytes) -> Append:
        values = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        values |= {"role": self._statement.payload["role"]}
        event = request_event(values, "asked", self._statement.payload, statement=self._statement.hash.hex())
        return Append(stream, event, evidence=self._statement.envelope)
