"""Authority that ends by time: an event says so, and a full holder's end ends the epoch of the stream's key too.

The engine does not wait for it: time alone decides there. Without it, whoever held in full could go on computing tags.
"""

from __future__ import annotations

from audit.entry import Append, Entry, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from dossier.epochs.losses import KINDS, Loss, Moment, losses
from dossier.epochs.store import EpochStore, EpochWant, drop_due
from dossier.epochs.streamkey import next_epoch
from dossier.rounds import Rounds

MOST = 500
SWEEPER = "sweeper"


class NothingLapsedError(Exception):
    """The entry was changed before it ended by time, and nothing waits for a new stream key."""


class MovedError(Exception):
    """A list or an end in the same batch came after the times were looked up: the next round looks again."""


class Lapse(Entry[bool]):
    """Write down that somebody's authority ended by time; answer whether the stream key's epoch ended with it."""

    def __init__(self, dossier: bytes, person: bytes, until: int) -> None:
        self._dossier, self._person, self._until = dossier, person, until
        self.streams = (dossier,)
        self._want = EpochWant(dossier)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[bool]:
        """Append the end, or raise NothingLapsedError, MovedError."""
        epoch, times = view.rows(self._want) or (None, {})
        records = view.facts(self._dossier).records
        if any(each.kind in KINDS and each.seq not in times for each in records):
            raise MovedError
        found = losses(records, times, view.now)
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


class LapseSweeper(Rounds):
    """Looks for authority that has ended by time."""

    seconds = 30
    what = "lapsed authority"

    def __init__(self, writer: Writer, store: EpochStore) -> None:
        super().__init__(writer)
        self._store = store

    async def run_once(self, now: int) -> int:
        """Write down all that has ended at `now` (UTC seconds); return how many ends that were."""
        ended = 0
        for dossier, person, until in await self._store.due(now, MOST):
            try:
                await self._writer.submit(Lapse(dossier, person, until))
            except NothingLapsedError:
                await self._store.forget(dossier, person, until)
            except MovedError:
                continue
            else:
                ended += 1
        return ended
