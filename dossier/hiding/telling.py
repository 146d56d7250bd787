"""Telling a dossier of hidden requests: one event for each actor, reason and hour, with a count, within 60 seconds.

A row waits for every hidden answer, whether or not its target exists; only here, away from the one who asked, is it
looked up. The first event of an hour follows at once, what comes after it in the same hour in one more when it is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from audit.entry import Append, Entry, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from dossier.hiding.store import HiddenStore, ToldKey, ToldWant, Waiting, told_writes
from dossier.rounds import Rounds

MOST = 2_000
TOLD_TOGETHER = 500
"""Requests that one event tells of: the list of their targets must fit in a field."""

HOUR = 3_600


class AlreadyToldError(Exception):
    """Another process has told these rows."""


class Tell(Entry[None]):
    """Write into a dossier that somebody asked for what they may not know of."""

    def __init__(self, told: ToldKey, rows: Sequence[Waiting]) -> None:
        self._told, self._rows = told, tuple(rows)
        self.streams = (told.dossier,)
        self._want = ToldWant(tuple((row.bucket, row.id) for row in rows))
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[None]:
        """One event for all rows; they go in the same transaction."""
        if not view.rows(self._want):
            raise AlreadyToldError
        times = [row.knock.at for row in self._rows]
        first = self._rows[0].knock
        values: dict[str, str | int | list[str]] = {
            "actor": first.actor,
            "organisation": first.organisation,
            "role": first.role,
            "subjects": sorted({row.target.hex() for row in self._rows}),
            "action": first.action,
            "purpose": first.purpose,
            "reason": first.reason,
            "count": len(self._rows),
            "from": min(times),
            "until": max(times),
            "time": view.now,
        }
        return Outcome(
            appends=(Append(self._told.dossier, make_event("hidden/v1", values)),),
            answer=lambda _receipts: None,
            writes=told_writes(self._told, self._rows),
        )


class Teller(Rounds):
    """Works through the outbox of hidden requests."""

    seconds = 15
    """Well within the 60 in which a dossier must have heard."""

    what = "hidden requests"

    def __init__(self, writer: Writer, store: HiddenStore) -> None:
        super().__init__(writer)
        self._store = store

    async def run_once(self, now: int) -> int:
        """Tell all that is due at `now` (UTC seconds); return how many events that took.

        Whoever asks for more than one look at the outbox takes makes nobody else wait for the next round.
        """
        told = 0
        while rows := await self._store.due(now, MOST):
            told += await self._tell_rows(rows, now)
            if len(rows) < MOST:
                break
        await self._store.forget_told(now // HOUR - 24)
        return told

    async def _tell_rows(self, rows: Sequence[Waiting], now: int) -> int:
        await self._store.drop([row for row in rows if row.dossier is None])
        groups = _grouped(rows)
        known = await self._store.was_told(list(groups))
        told = 0
        for key, of_key in groups.items():
            ends = (key.hour + 1) * HOUR
            if key in known and now < ends:
                await self._store.postpone(of_key, ends)
            else:
                told += await self._tell(key, of_key)
        return told

    async def _tell(self, key: ToldKey, rows: Sequence[Waiting]) -> int:
        told = 0
        for at in range(0, len(rows), TOLD_TOGETHER):
            try:
                await self._writer.submit(Tell(key, rows[at : at + TOLD_TOGETHER]))
            except AlreadyToldError:
                continue
            told += 1
        return told


def _grouped(rows: Sequence[Waiting]) -> dict[ToldKey, list[Waiting]]:
    groups: dict[ToldKey, list[Waiting]] = defaultdict(list)
    for row in rows:
        if row.dossier is not None:
            actor = bytes.fromhex(row.knock.actor)
            groups[ToldKey(row.dossier, actor, row.knock.reason, row.knock.at // HOUR)].append(row)
    return groups
