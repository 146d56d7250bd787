"""One reading in the group writer: verified, decided at the running position, appended; only then answered.

A request ends in one of three ways. Permitted: event in the dossier's stream, material released. Refused, for somebody
who may know of the item: event in the dossier's stream. Hidden, for anybody else and for items that do not exist: event
in the actor's own stream, and a row by which the dossier hears of it if there is one (design 5, Hiding).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from audit.entry import Append, Claim, Claimed, Entry, Outcome, Receipt, View, Write
from consent.catalogue import Catalogue
from consent.engine import decide
from consent.facts import Facts
from consent.terms import Decision
from crypto.encoding import BUCKET_SIZE, new_id
from crypto.errors import CryptoError
from crypto.statements import verify
from dossier.answers import Promise, promise
from dossier.decisions import positions, with_reason
from dossier.dossiers.statements import check_fresh
from dossier.errors import ConflictError, ForbiddenError, StaleError
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, foreign_streams
from dossier.hiding.store import hidden_write
from dossier.parties.actor import Actor
from dossier.reading.answers import Kept, ReadingAnswer, reading_answer
from dossier.reading.context import Context
from dossier.reading.events import decision_event
from dossier.reading.request import FRESH_SECONDS, ReadingRequest
from dossier.reading.store import Material, Place, ReadingRow, ReadingWant

NOTHING_KNOWN = Decision(permitted=False, reason="no-consent", step=10)
"""The decision on an item that is not there: to its reader the same as on one that is hidden."""


class Released(msgspec.Struct, frozen=True):
    """A permitted reading, ready to be sent."""

    answer: ReadingAnswer
    rules: tuple[str, ...]
    at: int


class Refused(msgspec.Struct, frozen=True):
    """A refusal that the actor may know of; `promise` is missing when it is told a second time."""

    decision: Decision
    event: str
    promise: Promise | None


class Hidden(msgspec.Struct, frozen=True):
    """A request about something the actor may not know of."""


class Again(msgspec.Struct, frozen=True):
    """A permitted reading asked for once more within its lease: its answer is put together again."""

    claimed: Claimed
    material: Material
    kept: Kept
    decision: Decision


ReadResult = Released | Refused | Hidden | Again


class MovedError(Exception):
    """The item stands elsewhere than was remembered: the one who submitted looks again."""


class Read(Entry[ReadResult]):
    """Decide one reading request; `place` is where the item was last seen, None if there is no such item."""

    def __init__(
        self,
        actor: Actor,
        request: ReadingRequest,
        place: Place | None,
        public_key: bytes,
        claim: Claim,
        catalogue: Catalogue,
    ) -> None:
        self._actor, self._request, self._place = actor, request, place
        self._public_key, self._catalogue = public_key, catalogue
        self.claim = claim
        self._own = foreign_streams(actor, request.case)
        self.foreign = self._own
        self.streams = (place.dossier, actor.stream) if place else (actor.stream,)
        # What is not there is wanted like what is: no stream has the id of an item.
        where = place or Place(request.item, "", "")
        self._want = ReadingWant(where.dossier, request.item, request.version, actor.id, where.section, where.lane)
        self.wants = (self._want,)

    def verify(self) -> None:
        """Check the signature; whether the key still stands is for the engine to say."""
        try:
            verify(self._request.statement, self._public_key)
        except CryptoError as error:
            raise ForbiddenError("the request is not signed with the signer's key", code="wrong-signer") from error

    def judge(self, view: View) -> Outcome[ReadResult]:
        """Decide at the running position of every stream."""
        check_fresh(self._request.issued, view.now, FRESH_SECONDS)
        decision, material = self._decide(view)
        if material is None or self._place is None:
            return self._hide(view, decision)
        if decision.permitted:
            return self._release(view, decision, material)
        if self._may_list(view, material):
            return self._refuse(view, decision)
        return self._hide(view, decision)

    def recall(self, claimed: Claimed, view: View) -> ReadResult:
        """Tell again what became of this very request; content only while it may still be read."""
        kept = msgspec.json.decode(claimed.kept or b"{}", type=Kept)
        if kept.outcome == "hidden":
            return Hidden()
        if kept.outcome == "refused":
            return Refused(Decision(permitted=False, reason=kept.code, step=10), claimed.event_id.hex(), None)
        decision, material = self._decide(view)
        if not decision.permitted or material is None or view.now >= kept.lease_until:
            raise ReadingEndedError(claimed.event_id)
        # A newer version came meanwhile: the event is of the one before, and answers for no other.
        if material.version != kept.version:
            raise ReadingEndedError(claimed.event_id)
        return Again(claimed, material, kept, decision)

    def _decide(self, view: View) -> tuple[Decision, Material | None]:
        material: Material | None = view.rows(self._want) if self._place else None
        if self._place is None or material is None:
            return NOTHING_KNOWN, None
        item = material.state.facts
        if (item.section, item.lane) != (self._place.section, self._place.lane):
            raise MovedError
        asked = self._request.asked(self._actor, item)
        facts = self._facts(view)
        decision = decide(asked, facts, view.now)
        return with_reason(decision, self._request.reason, facts.dossier.catalogues.current), material

    def _facts(self, view: View) -> Facts:
        state: DossierState = view.facts(self._dossier).value
        return Facts(state.rules, foreign_facts(self._actor, view, self._request.case))

    @property
    def _dossier(self) -> bytes:
        return self.streams[0]

    def _may_list(self, view: View, material: Material) -> bool:
        asked = self._request.asked(self._actor, material.state.facts, "list")
        return decide(asked, self._facts(view), view.now).permitted

    def _append(self, view: View, stream: bytes, decision: Decision, event_id: bytes | None = None) -> Append:
        seen = positions(view, self._dossier, self._own) if self._place else []
        event = decision_event(self._actor, self._request, decision, seen, self._catalogue.hash, view.now)
        return Append(stream, event, evidence=self._request.statement.envelope, event_id=event_id)

    def _release(self, view: View, decision: Decision, material: Material) -> Outcome[ReadResult]:
        dossier = self._dossier
        reading = new_id(dossier[:BUCKET_SIZE])
        lease = min(view.now + decision.obligations.lease_seconds, decision.holds_until)
        context = Context.of(self._request, self._actor, positions(view, dossier, self._own))
        row = ReadingRow(
            reading=reading,
            dossier=dossier,
            item=self._request.item,
            version=material.version,
            actor=self._actor.id,
            organisation=self._actor.organisation,
            nonce=self._request.nonce,
            seq=view.head(dossier).seq + 1,
            at=view.now,
            lease_until=lease,
            holds_until=decision.holds_until,
            state="open",
            context=context.encode(),
        )
        audience = "owner" if decision.step == OWN_STEP else "actor"

        def answer(receipts: tuple[Receipt, ...]) -> ReadResult:
            made = reading_answer(
                dossier,
                material,
                receipts[0],
                audience,
                lease,
                decision.holds_until,
                decision.rules,
                notify=decision.obligations.notify,
            )
            return Released(made, decision.rules, view.now)

        until, version = decision.holds_until, material.version
        kept = Kept("released", lease_until=lease, holds_until=until, audience=audience, version=version)
        return self._outcome(self._append(view, dossier, decision, reading), answer, kept, (row.write(),))

    def _refuse(self, view: View, decision: Decision) -> Outcome[ReadResult]:
        def answer(receipts: tuple[Receipt, ...]) -> ReadResult:
            return Refused(decision, receipts[0].event_id.hex(), promise(receipts[0], "actor"))

        append = self._append(view, self._dossier, decision)
        return self._outcome(append, answer, Kept("refused", code=decision.reason))

    def _hide(self, view: View, decision: Decision) -> Outcome[ReadResult]:
        request = self._request
        told = hidden_write(
            self._actor, request.item, request.action, request.purpose, request.reason, request.role, view.now
        )
        append = self._append(view, self._actor.stream, decision)
        return self._outcome(append, lambda _receipts: Hidden(), Kept("hidden"), (told,))

    def _outcome(self, append: Append, answer: object, kept: Kept, writes: Sequence[Write] = ()) -> Outcome[ReadResult]:
        return Outcome(
            appends=(append,),
            answer=answer,  # type: ignore[arg-type]  # one of the functions above
            writes=writes,
            keep=lambda _result: msgspec.json.encode(kept),
        )


OWN_STEP = 4
"""The step of the engine at which an owner reads the own dossier: then the event shows all that owners see."""


class ReadingEndedError(ConflictError):
    """A reading that was answered before may not be answered again: it is over. `extra` names its event."""

    code = "reading-ended"

    def __init__(self, event: bytes) -> None:
        super().__init__("this reading has ended; ask anew")
        self.extra = {"event": event.hex()}


__all__ = [
    "Again",
    "Hidden",
    "MovedError",
    "Read",
    "ReadResult",
    "ReadingEndedError",
    "Refused",
    "Released",
    "StaleError",
]
