"""Telling dossiers what happened in their cases: one event each, within 60 seconds, with what it ends.

When a case closes, every consent of the dossier that ends with it ends here by an event of its own; one that lets
closing papers be added lives on for that, and ends by the sweeper.
"""

from __future__ import annotations

from typing import Any

import msgspec

from audit.entry import Append, Entry, Fact, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from consent.lifecycle import Event, State, due_ending
from dossier.cases.authority import find_case
from dossier.cases.store import CaseStore, Notice, NoticeWant, told_write
from dossier.facts.dossiers import DossierState
from dossier.rounds import Rounds

MOST = 1_000


class AlreadyToldError(Exception):
    """Another process has told this."""


class TellCase(Entry[int]):
    """Write one thing that happened in a case into a dossier; the answer is how many consents it ended."""

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._values: dict[str, Any] = msgspec.json.decode(notice.body)
        self._case = bytes.fromhex(self._values["case"])
        self.streams, self.foreign = (notice.dossier,), (self._case,)
        self._want = NoticeWant(notice.bucket, notice.id)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[int]:
        """Append the event and the ends that follow from it; the notice goes in the same transaction."""
        if not view.rows(self._want):
            raise AlreadyToldError
        ends = self._ended(view) if self._values["type"] == "closure" else []
        event = make_event("case/v1", self._values | {"time": view.now})
        return Outcome(
            appends=(Append(self._notice.dossier, event), *(self._end(each, view.now) for each in ends)),
            answer=lambda _receipts: len(ends),
            writes=(told_write(self._notice.bucket, self._notice.id),),
        )

    def _ended(self, view: View) -> list[str]:
        file = find_case(view, self._case)
        state = view.facts(self._notice.dossier).value
        if file is None or not isinstance(state, DossierState):
            return []
        linked = (each for each in state.rules.permits if each.case == file.id)
        return [
            each.id
            for each in linked
            if due_ending(each, view.now, last_used=view.now, case_closed=file.closed) is Event.CLOSE_CASE
        ]

    def _end(self, consent: str, now: int) -> Append:
        values = {
            "type": "consent",
            "actor": self._values["actor"],
            "organisation": self._values["organisation"],
            "role": self._values["role"],
            "subject": consent,
            "cause": State.CASE_CLOSED.value,
            "statement": self._values["statement"],
            "time": now,
        }
        body = {"consent": consent, "reason": State.CASE_CLOSED.value}
        fact = Fact("rules", "consent-ended", bytes.fromhex(consent), body)
        return Append(self._notice.dossier, make_event("stopped/v1", values), (fact,))


class CaseTeller(Rounds):
    """Works through the notices of cases."""

    seconds = 15
    """Well within the 60 in which a dossier must have heard."""

    what = "notices of cases"

    def __init__(self, writer: Writer, store: CaseStore) -> None:
        super().__init__(writer)
        self._store = store

    async def run_once(self, now: int) -> int:
        """Tell all that is due at `now` (UTC seconds); return how many notices that were."""
        told = 0
        for notice in await self._store.notices(now, MOST):
            try:
                await self._writer.submit(TellCase(notice))
            except AlreadyToldError:
                continue
            told += 1
        return told
