"""A sign-in as an event in the person's own stream, so that they see who came in as them, how and when.

Before somebody has published keys they have no stream; there is nothing to be opened as them either.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.entry import Append, Entry, Outcome, View
from audit.errors import UnavailableError
from audit.event import make_event
from audit.writer import Writer
from crypto.encoding import new_id, sha256
from dossier.events import actor_fields
from dossier.parties.actor import Actor

TRIES = 3


class RecordSignIn(Entry[None]):
    """Append that the actor signed in; `method` is browser or client."""

    # It permits nothing by itself, and ending access without a key needs it: a clock that went back does not stop it.
    narrowing = True

    def __init__(self, actor: Actor, method: str) -> None:
        self._actor, self._method = actor, method
        self.streams = (actor.id,)

    def judge(self, view: View) -> Outcome[None]:
        """There is nothing to refuse."""
        actor = self._actor
        values = actor_fields(actor, new_id(), view.now)
        session = sha256(actor.session).hex()
        values |= {"type": "sign-in", "method": self._method, "level": str(actor.assurance), "session": session}
        return Outcome(appends=(Append(actor.id, make_event("sign-in/v1", values)),), answer=lambda _receipts: None)


@dataclass
class SignIns:
    """Records sign-ins. Owned by the event loop.

    The writer turns no narrowing entry away, so how many sign-ins may wait in it is bounded here: for each person, and
    for all. `_waiting` counts those of each person; who has none is not kept.
    """

    writer: Writer
    most: int = 512
    most_of_one: int = 8
    _waiting: dict[bytes, int] = field(default_factory=dict)

    async def record(self, actor: Actor, method: str) -> None:
        """Record a sign-in, if the person has a stream; raise audit.errors.UnavailableError if it cannot be durable now."""
        waiting = self._waiting.get(actor.id, 0)
        if waiting >= self.most_of_one or sum(self._waiting.values()) >= self.most:
            raise UnavailableError("too many sign-ins wait")
        self._waiting[actor.id] = waiting + 1
        try:
            await self._record(actor, method)
        finally:
            self._leave(actor.id)

    async def _record(self, actor: Actor, method: str) -> None:
        view = await self.writer.look((actor.id,))
        if not view.exists(actor.id):
            return
        for left in reversed(range(TRIES)):
            try:
                await self.writer.submit(RecordSignIn(actor, method))
            except UnavailableError:
                if not left:
                    raise
            else:
                return

    def _leave(self, person: bytes) -> None:
        left = self._waiting.pop(person) - 1
        if left:
            self._waiting[person] = left
