"""When a statement that widens was signed: fresh, by a clock that may be a little ahead, and told apart from its position."""

from __future__ import annotations

import pytest

from dossier.errors import StaleError
from dossier.sharing.consents import GiveConsent, NewConsent
from tests.dossier.town import claim, consent_payload, now


async def give(town, home, **changes):
    """Give a consent to somebody new, signed with these changes; return its state."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    payload = consent_payload(home, reader, await town.after(home))
    statement = await town.sign(home, "consent", **(payload | changes))
    actor = home.owner.actor
    return (await town.writer.submit(GiveConsent(actor, NewConsent(home.id, statement, []), claim(actor)))).state


@pytest.mark.parametrize("ahead", [-890, 4])
async def test_clocks_may_differ_a_little(town, home, ahead):
    """A quarter of an hour late or a few seconds early is in time."""
    assert await give(town, home, issuedAt=now() + ahead) == "active"


@pytest.mark.parametrize("ahead", [-910, 60])
async def test_stale_time_is_no_stale_position(town, home, ahead):
    """Later or earlier is refused as what it is: signing again at once would not help with a wrong clock."""
    with pytest.raises(StaleError) as caught:
        await give(town, home, issuedAt=now() + ahead)
    assert caught.value.code == "stale-time"


async def test_another_position_is_stale(town, home):
    """What was signed for other rules than those that stand is refused as that."""
    before = await town.after(home)
    await give(town, home)
    with pytest.raises(StaleError) as caught:
        await give(town, home, after=before)
    assert caught.value.code == "stale-position"
