"""Rounds go on, whatever one of them met."""

from __future__ import annotations

import logging

import pytest

from audit.errors import EventError
from dossier.cases.telling import CaseTeller
from dossier.epochs.lapsing import LapseSweeper
from dossier.hiding.telling import Teller
from dossier.requests.expiring import RequestSweeper
from dossier.rounds import Rounds
from dossier.sharing.ending import Sweeper


class Looked:
    now = 1_800_000_000


class StillWriter:
    """A writer whose view has a time."""

    async def look(self, _streams):
        return Looked()


class StopRoundsError(BaseException):
    """What ends a test of something that never ends."""


class Broken(Rounds):
    seconds, what = 0, "broken things"

    def __init__(self, writer, faults):
        super().__init__(writer)
        self.faults, self.seen = list(faults), []

    async def run_once(self, now):
        self.seen.append(now)
        raise self.faults.pop(0)


async def test_rounds_go_on(caplog):
    """A lost database, an error of ours and one that nobody thought of are each followed by the next round (P4)."""
    faults = [ConnectionResetError(), EventError("known"), KeyError("a defect"), StopRoundsError()]
    rounds = Broken(StillWriter(), faults)
    with caplog.at_level(logging.WARNING), pytest.raises(StopRoundsError):
        await rounds.run_forever()
    assert rounds.seen == [Looked.now] * 4
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]
    assert all("broken things" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("kind", [CaseTeller, LapseSweeper, RequestSweeper, Sweeper, Teller])
def test_everything_due_goes_by_rounds(kind):
    """What becomes due is looked for at least once a minute."""
    assert issubclass(kind, Rounds)
    assert 0 < kind.seconds <= 60
