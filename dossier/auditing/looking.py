"""An auditor's look at events: allowed to a role that a supervisor attested, and itself an event of that supervisor.

What an auditor sees are the fields of the log, never contents. The look is durable before anything is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.entry import Append, Entry, Outcome, Receipt, View
from audit.event import make_event
from consent.engine import ENGINE_VERSION
from consent.looks import AUDITOR, decide_audit
from consent.terms import Decision
from crypto.encoding import sha256
from dossier.errors import ForbiddenError
from dossier.events import actor_fields
from dossier.facts.foreign import foreign_facts, subject_of
from dossier.parties.actor import Actor

NOT_ATTESTED = "not-attested"
"""The code of the refusal at the edge; the event has the engine's reason."""


def may_audit(actor: Actor, view: View) -> Decision:
    """The engine's word on whether the actor's organisation attests the role of auditor to their present keys."""
    return decide_audit(subject_of(actor, AUDITOR), foreign_facts(actor, view), view.now)


class LookAtEvents(Entry[Receipt | None]):
    """Write down that an auditor looks at these events; the answer is None when the look was refused.

    Raise ForbiddenError, and write nothing, for somebody who signed in as something else.
    """

    def __init__(self, actor: Actor, stream: bytes | None, events: Sequence[bytes], request: bytes) -> None:
        if actor.organisation is None or not actor.has_role(AUDITOR):
            raise ForbiddenError("only an auditor looks at events of others", code="not-an-auditor")
        self._actor, self._stream, self._events, self._request = actor, stream, events, request
        self._organisation = actor.organisation
        self.streams = (actor.organisation,)
        self.foreign = (actor.id,)

    def judge(self, view: View) -> Outcome[Receipt | None]:
        """Decide by the attestation as it stands; a refusal is an event too."""
        decision = may_audit(self._actor, view)
        values = actor_fields(self._actor, self._request, view.now)
        values |= {
            "type": "events",
            "role": AUDITOR,
            "subjects": [self._stream.hex()] if self._stream else [],
            "action": "read",
            "decision": "permit" if decision.permitted else "deny",
            "code": decision.reason,
            "positions": [
                [stream.hex(), view.head(stream).rules.seq]
                for stream in (self._organisation, self._actor.id)
                if view.exists(stream)
            ],
            "engine": ENGINE_VERSION,
        }
        if decision.permitted:
            values |= {"count": len(self._events), "idsHash": sha256(b"".join(self._events)).hex()}

        event = make_event("query/v1", values)
        return Outcome(
            (Append(self._organisation, event),), answer=lambda receipts: receipts[0] if decision.permitted else None
        )
