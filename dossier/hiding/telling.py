"""Telling a dossier of hidden requests: one event for each actor, reason and hour, with a count, within 60 seconds.

A row waits for every hidden answer, whether or not its target exists; only here, away from the one who asked, is it
looked up. The first event of an hour follows at once, what comes after it in the same hour in one more when it is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence

from audit.entry import Append, Entry, Outcome, View
from audit.errors import AuditError
from audit.event import make_event
from audit.writer import Writer
from dossier.database import CONNECTION_ERRORS
from dossier.hiding.store import HiddenStore, ToldKey, ToldWant, Waiting, told_writes

ROUND_SECONDS = 15
"""Seconds between two rounds: well within the 60 in which a dossier must have heard."""

MOST = 2_000
HOUR = 3_600
_LOG = logging.getLogger(__name__)


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


class Teller:
    """Works through the outbox of hidden requests. Owned by the event loop."""

    def __init__(self, writer: Writer, store: HiddenStore) -> None:
        self._writer, self._store = writer, store

    async def run_forever(self) -> None:
        """One round every 15 seconds; what cannot be told now is told in the next."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.run_once((await self._writer.look(())).now)
            except (AuditError, *CONNECTION_ERRORS) as error:
                _LOG.warning("hidden requests wait for the next round: %s", type(error).__name__)

    async def run_once(self, now: int) -> int:
        """Tell all that is due at `now` (UTC seconds); return how many events that took."""
        rows = await self._store.due(now, MOST)
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
        await self._store.forget_told(now // HOUR - 24)
        return told

    async def _tell(self, key: ToldKey, rows: Sequence[Waiting]) -> int:
        try:
            await self._writer.submit(Tell(key, rows))
        except AlreadyToldError:
            return 0
        return 1


def _grouped(rows: Sequence[Waiting]) -> dict[ToldKey, list[Waiting]]:
    groups: dict[ToldKey, list[Waiting]] = defaultdict(list)
    for row in rows:
        if row.dossier is not None:
            actor = bytes.fromhex(row.knock.actor)
            groups[ToldKey(row.dossier, actor, row.knock.reason, row.knock.at // HOUR)].append(row)
    return groups
