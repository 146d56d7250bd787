"""A sign-in is written into the person's own stream."""

import asyncio
import secrets

import pytest

from audit.errors import UnavailableError
from dossier.parties.actor import Actor, Assurance
from dossier.parties.signins import SignIns
from tests.audit.test_writer import clock


async def test_clock_that_went_back_stops_no_sign_in(town, owner_pool):
    """Ending access without a key needs a fresh sign-in: a clock that is behind the stream refuses neither (P7, P9)."""
    home = await town.dossier(await town.person("Hanneke"))
    count = "SELECT count(*) FROM audit.event WHERE stream = $1"
    before = await town.pool.fetchval(count, home.owner.id)
    async with clock(owner_pool, -3_600_000):
        await SignIns(town.writer).record(home.owner.actor, "browser")
    assert await town.pool.fetchval(count, home.owner.id) == before + 1


class SlowWriter:
    """A writer that takes entries and answers none until it is let go."""

    def __init__(self):
        self.taken, self.free = 0, asyncio.Event()

    async def look(self, _streams):
        return self

    def exists(self, _stream):
        return True

    async def submit(self, _entry):
        self.taken += 1
        await self.free.wait()


def somebody():
    return Actor("person", secrets.token_bytes(16), None, (), Assurance.SUBSTANTIAL, 0, secrets.token_bytes(16))


async def test_how_many_sign_ins_wait_is_bounded():
    """Sign-ins stand before all else in the writer; so of one person, and of all, only so many wait there at once."""
    writer = SlowWriter()
    signing = SignIns(writer, most=5, most_of_one=2)
    one, other = somebody(), somebody()
    actors = [one, one, one, other, somebody(), somebody(), somebody()]
    tasks = [asyncio.create_task(signing.record(actor, "browser")) for actor in actors]
    refused = [tasks[2], tasks[6]]
    for task in refused:
        with pytest.raises(UnavailableError, match="too many sign-ins wait"):
            await task
    assert writer.taken == 5
    writer.free.set()
    await asyncio.gather(*(task for task in tasks if task not in refused))
    await signing.record(one, "browser")
    assert writer.taken == 6
