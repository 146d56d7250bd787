"""Looks that are decided and not written down, but for refusals: whoever may not know of it leaves an event (P4).

The event stands in the stream of the one who asked and a row waits by which the dossier hears of it, equal for what is
hidden and for what does not exist, as with readings and lists. What is permitted here shows no title and no content.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from audit.entry import Append, Entry, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from dossier.errors import NotFoundError
from dossier.events import actor_fields
from dossier.hiding.store import hidden_write
from dossier.parties.actor import Actor

ACTION = "look"


class Knocked(Entry[None]):
    """Write down that somebody asked for what they may not know of. Raise NotFoundError for who has no stream."""

    def __init__(self, actor: Actor, target: bytes) -> None:
        self._actor, self._target = actor, target
        self.streams = (actor.stream,)

    def judge(self, view: View) -> Outcome[None]:
        """There is nothing to decide: that was done, and whether the target is there is not looked at."""
        actor, now = self._actor, view.now
        if not view.exists(actor.stream):
            raise NotFoundError
        values = actor_fields(actor, secrets.token_bytes(16), now)
        values |= {"subjects": [self._target.hex()], "action": ACTION, "count": 1, "from": now, "until": now}
        told = hidden_write(actor, self._target, ACTION, "", "", actor.role, now)
        append = Append(actor.stream, make_event("hidden/v1", values))
        return Outcome((append,), answer=lambda _receipts: None, writes=(told,))


class Looking(Protocol):
    """What shows things that may be hidden."""

    @property
    def writer(self) -> Writer:
        """The writer that refusals go through."""


L = TypeVar("L", bound=Looking)
P = ParamSpec("P")
T = TypeVar("T")
Look = Callable[Concatenate[L, Actor, bytes, P], Awaitable[T]]


def tells(look: Look[L, P, T]) -> Look[L, P, T]:
    """Let a look at something by its id be written down when it finds nothing that its actor may know of."""

    @wraps(look)
    async def watched(shows: L, actor: Actor, target: bytes, /, *more: P.args, **named: P.kwargs) -> T:
        try:
            return await look(shows, actor, target, *more, **named)
        except NotFoundError:
            await shows.writer.submit(Knocked(actor, target))
            raise

    return watched
