"""What all acts in a case share: the event in the case's stream, and the notice to each dossier that accepted it.

The change is one event in the case's stream; every dossier that ever accepted hears of it by outbox, within 60 seconds
(design 6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.entry import Append, Claim, Claimed, Entry, Fact, Opening, Outcome, View, Write
from audit.event import make_event
from crypto.statements import Statement
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.cases.file import Acceptance, Capacity
from dossier.cases.store import notice_write
from dossier.dossiers.store import statement_write
from dossier.events import Values, actor_fields
from dossier.facts.foreign import foreign_streams
from dossier.parties.actor import Actor


class CaseDone(Answer, frozen=True):
    """An act in a case that is done: the case, where it stands, and the promise of the event in the case's stream."""

    case: str
    state: str
    promise: Promise


class CaseAct(Entry[CaseDone]):
    """One act in a case. Subclasses judge; `also` are foreign streams beside those of the actor."""

    def __init__(self, actor: Actor, case: bytes, claim: Claim, also: Sequence[bytes] = ()) -> None:
        self.actor, self.case, self.claim = actor, case, claim
        self.streams = (case,)
        self.foreign = tuple(dict.fromkeys((*foreign_streams(actor), *also)))

    def recall(self, claimed: Claimed, view: View) -> CaseDone:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", CaseDone)

    def values(
        self,
        now: int,
        kind: str,
        *,
        statement: Statement | None = None,
        about: Capacity | None = None,
        **fields: str | int,
    ) -> Values:
        """The fields of an event of schema case/v1; `about` is whom it concerns."""
        values = actor_fields(self.actor, self.claim.key if self.claim else b"", now)
        values |= {"type": kind, "case": self.case.hex(), "statement": statement.hash.hex() if statement else ""}
        if about is not None:
            values |= {
                "participant": about.person,
                "participantOrganisation": about.organisation,
                "participantRole": about.role,
            }
        return values | fields

    def outcome(
        self,
        view: View,
        state: str,
        values: Values,
        fact: tuple[str, bytes, Mapping[str, Any]],
        *,
        statement: Statement | None = None,
        writes: Sequence[Write] = (),
        openings: tuple[Opening, ...] = (),
        tell: Sequence[Acceptance] = (),
    ) -> Outcome[CaseDone]:
        """One event with one fact (kind, subject, payload) in the case's stream; `tell` names whom to notify."""
        kind, subject, payload = fact
        seq = view.head(self.case).seq + 1 if view.exists(self.case) else 1
        row = (statement_write(self.case, statement, subject, seq),) if statement else ()
        evidence = statement.envelope if statement else b""
        append = Append(self.case, make_event("case/v1", values), (Fact("rules", kind, subject, payload),), evidence)
        return Outcome(
            appends=(append,),
            answer=lambda receipts: CaseDone(self.case.hex(), state, promise(receipts[0], "actor")),
            writes=(*row, *writes, *notices(tell, values, view.now)),
            openings=openings,
            keep=keep,
        )


def notices(acceptances: Sequence[Acceptance], values: Values, now: int) -> tuple[Write, ...]:
    """The notices of one event to dossiers that accepted the case."""
    body = msgspec.json.encode(values)
    return tuple(notice_write(bytes.fromhex(each.dossier), body, now) for each in acceptances)
