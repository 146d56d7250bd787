"""Readings as the edge calls them: from a signed request to what is sent, or the error that says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from audit.entry import Claim, Entry
from consent.catalogue import Catalogue
from consent.explain import explain
from consent.terms import Decision
from crypto.encoding import sha256
from dossier.errors import ForbiddenError, NotFoundError, UnavailableError
from dossier.hiding.ticks import hold
from dossier.parties.actor import Actor
from dossier.reading.again import Promiser
from dossier.reading.answers import ReadingAnswer, reading_answer
from dossier.reading.entry import Again, Hidden, MovedError, Read, ReadResult, Refused, Released
from dossier.reading.memory import Places, SigningKeys
from dossier.reading.request import ReadingRequest, read_request
from dossier.reading.store import ReadingStore
from dossier.reading.uses import Uses

T = TypeVar("T")
TRIES = 3


class Submitter(Protocol):
    """The group writer."""

    async def submit(self, entry: Entry[T]) -> T:
        """Judge and write an entry; return its answer after the commit."""


class ReadingRefusedError(ForbiddenError):
    """The engine said no, to somebody who may know of the item; `extra` says how to ask."""

    def __init__(self, decision: Decision, sentence: str, event: str) -> None:
        super().__init__(sentence, code=decision.reason)
        self.extra = {"event": event, "ask": "/v1/access-requests"}


class Readings:
    """The one read path. Owned by the event loop; everything durable is the writer's."""

    def __init__(
        self, writer: Submitter, store: ReadingStore, uses: Uses, promiser: Promiser, catalogue: Catalogue
    ) -> None:
        self._writer, self._catalogue, self._uses, self._promiser = writer, catalogue, uses, promiser
        self._places = Places(store.places)
        self._keys = SigningKeys(store)
        self._clock: Callable[[], float] = asyncio.get_running_loop().time

    async def read(self, actor: Actor, item: bytes, nonce: bytes, envelope: str, arrival: float) -> ReadingAnswer:
        """Decide, record and release one reading; `arrival` is when the call came in, by the loop's clock.

        Raise ReadingRefusedError, NotFoundError at a tick, StaleError, ReadingEndedError, UnavailableError, or for a
        call that is not well-formed InvalidRequestError and ForbiddenError.
        """
        request = read_request(envelope, item, nonce, actor)
        public_key = await self._keys.find(actor, request.key_hash)
        claim = Claim(
            actor.id, sha256(b"POST /v1/items/%s/readings" % item.hex().encode()), nonce, request.statement.hash
        )
        known = self._places.knows(item)
        result = await self._decide(actor, request, public_key, claim)
        if isinstance(result, Released):
            self._uses.note(result.rules, result.answer, result.at)
            return result.answer
        if isinstance(result, Hidden):
            if known:
                await self._places.look(item)
            await hold(arrival, self._clock)
            raise NotFoundError
        if isinstance(result, Again):
            return await self._again(result)
        raise self._refusal(result, request)

    async def _decide(self, actor: Actor, request: ReadingRequest, public_key: bytes, claim: Claim) -> ReadResult:
        for _ in range(TRIES):
            place = await self._places.find(request.item)
            try:
                return await self._writer.submit(Read(actor, request, place, public_key, claim, self._catalogue))
            except MovedError:
                self._places.forget(request.item)
        raise UnavailableError("the item moves faster than it can be read")

    async def _again(self, result: Again) -> ReadingAnswer:
        receipt = await self._promiser.receipt(result.claimed)
        kept = result.kept
        return reading_answer(
            result.claimed.stream,
            result.material,
            receipt,
            kept.audience,
            kept.lease_until,
            kept.holds_until,
            result.decision.rules,
            notify=result.decision.obligations.notify,
        )

    def _refusal(self, refused: Refused, request: ReadingRequest) -> ReadingRefusedError:
        sentence = explain(refused.decision, "professional", "en", self._catalogue, purpose=request.purpose)
        return ReadingRefusedError(refused.decision, sentence, refused.event)
