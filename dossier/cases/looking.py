"""A look at a case: decided in the writer and written down before anything is shown.

What is permitted is an event of the case, what is refused one of the person who asked, at equal cost whether or not
there is such a case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.entry import Append, Entry, Outcome, Receipt, View
from audit.event import Event, make_event
from consent.engine import ENGINE_VERSION
from crypto.canonical import encode_json
from crypto.encoding import sha256
from dossier.cases.knowing import Look, decide_look
from dossier.errors import NotFoundError
from dossier.events import actor_fields
from dossier.facts.foreign import foreign_streams
from dossier.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class Looked:
    """A look that was written down."""

    look: Look
    receipt: Receipt


class LookAtCase(Entry[Looked]):
    """Write down that somebody looks at a case, and what was decided; the answer is a refusal too.

    `near` are the dossiers whose facts may count, `invited` whether an invitation waits for the actor. Raise
    NotFoundError for who has no stream.
    """

    def __init__(self, actor: Actor, case: bytes, near: Iterable[bytes], request: bytes, *, invited: bool) -> None:
        self._actor, self._case, self._near, self._request = actor, case, tuple(near), request
        self._invited = invited
        self.streams = tuple(dict.fromkeys((actor.stream, case)))
        own = foreign_streams(actor)
        self.foreign = tuple(each for each in dict.fromkeys((*own, *self._near)) if each not in self.streams)

    def judge(self, view: View) -> Outcome[Looked]:
        """Decide, and append the decision where it belongs."""
        if not view.exists(self._actor.stream):
            raise NotFoundError
        look = decide_look(self._actor, self._case, self._near, view, invited=self._invited)
        stream = self._case if look.decision.permitted else self._actor.stream
        append = Append(stream, self._event(look, view), evidence=evidence(invited=self._invited))
        return Outcome((append,), answer=lambda receipts: Looked(look, receipts[0]))

    def _event(self, look: Look, view: View) -> Event:
        values = actor_fields(self._actor, self._request, view.now)
        used = (self._case, *self._near, *foreign_streams(self._actor)) if view.exists(self._case) else ()
        values |= {
            "type": "case",
            "role": look.role,
            "subjects": [self._case.hex()],
            "action": "see",
            "count": len(look.dossiers),
            "idsHash": sha256(b"".join(map(bytes.fromhex, look.dossiers))).hex() if look.dossiers else "",
            "basis": look.decision.basis,
            "case": self._case.hex(),
            "decision": "permit" if look.decision.permitted else "deny",
            "code": look.decision.reason,
            "positions": [[each.hex(), view.head(each).rules.seq] for each in used if view.exists(each)],
            "engine": ENGINE_VERSION,
        }
        return make_event("query/v1", values)


def evidence(*, invited: bool) -> bytes:
    """What no stream's facts say, as it is kept beside the event."""
    return encode_json({"invited": invited})
