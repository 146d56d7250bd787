"""Authority that ends by time: an event says so, and a full holder's end ends the epoch of the stream's key too.

The engine does not wait for it: time alone decides there. Without it, whoever held in full could go on computing tags.
"""

from __future__ import annotations

import asyncio
import logging

from audit.entry import Append, Entry, Outcome, View
from audit.errors import AuditError
from audit.event import make_event
from audit.writer import Writer
from dossier.database import CONNECTION_ERRORS
from dossier.epochs.losses import Loss, Moment, losses
from dossier.epochs.store import EpochStore, EpochWant, drop_due
from dossier.epochs.streamkey import next_epoch

ROUND_SECONDS = 30
MOST = 500
SWEEPER = "sweeper"
_LOG = logging.getLogger(__name__)


class NothingLapsedError(Exception):
    """The entry was changed before it ended by time, and nothing waits for a new stream key."""


class Lapse(Entry[bool]):
    """Write down that somebody's authority ended by time; answer whether the stream key's epoch ended with it."""

    def __init__(self, dossier: bytes, person: bytes, until: int) -> None:
        self._dossier, self._person, self._until = dossier, person, until
        self.streams = (dossier,)
        self._want = EpochWant(dossier)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[bool]:
        """Append the end, or raise NothingLapsedError."""
        epoch, times = view.rows(self._want) or (None, {})
        found = losses(view.facts(self._dossier).records, times, view.now)
        made = epoch.moment if epoch is not None else Moment(1, 0)
        ends = any(each.full and each.moment.is_after(made) for each in found)
        appends = self._stopped(view.now) if any(self._is_mine(each) for each in found) else []
        if ends:
            appends.append(
                next_epoch(view.head(self._dossier), {"actor": SWEEPER, "time": view.now}, "authority-ended")
            )
        if not appends:
            raise NothingLapsedError
        return Outcome(
            appends=tuple(appends),
            answer=lambda _receipts: ends,
            writes=(drop_due(self._dossier, self._person, self._until),),
        )

    def _stopped(self, now: int) -> list[Append]:
        values = {"type": "authority", "actor": SWEEPER, "subject": self._person.hex(), "cause": "expired"}
        return [Append(self._dossier, make_event("stopped/v1", {**values, "time": now}))]

    def _is_mine(self, loss: Loss) -> bool:
        return loss.person == self._person.hex() and loss.moment == Moment(0, self._until * 1000)


class LapseSweeper:
    """Looks for authority that has ended by time. Owned by the event loop."""

    def __init__(self, writer: Writer, store: EpochStore) -> None:
        self._writer, self._store = writer, store

    async def run_forever(self) -> None:
        """One round every 30 seconds."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.run_once((await self._writer.look(())).now)
            except (AuditError, *CONNECTION_ERRORS) as error:
                _LOG.warning("lapsed authority waits for the next round: %s", type(error).__name__)
            except Exception:  # noqa: BLE001 - what ends by itself must go on ending, whatever one dossier did
                _LOG.exception("a round of lapsed authority failed")

    async def run_once(self, now: int) -> int:
        """Write down all that has ended at `now` (UTC seconds); return how many ends that were."""
        ended = 0
        for dossier, person, until in await self._store.due(now, MOST):
            try:
                await self._writer.submit(Lapse(dossier, person, until))
            except NothingLapsedError:
                await self._store.forget(dossier, person, until)
            else:
                ended += 1
        return ended
