"""A sign-in is written into the person's own stream."""

from dossier.parties.signins import record_sign_in
from tests.audit.test_writer import clock


async def test_clock_that_went_back_stops_no_sign_in(town, owner_pool):
    """Ending access without a key needs a fresh sign-in: a clock that is behind the stream refuses neither (P7, P9)."""
    home = await town.dossier(await town.person("Hanneke"))
    count = "SELECT count(*) FROM audit.event WHERE stream = $1"
    before = await town.pool.fetchval(count, home.owner.id)
    async with clock(owner_pool, -3_600_000):
        await record_sign_in(town.writer, home.owner.actor, "browser")
    assert await town.pool.fetchval(count, home.owner.id) == before + 1
