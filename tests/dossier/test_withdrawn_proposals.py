"""Ending a consent that still waits for signatures: it is over, and no signature that comes later brings it back (P7)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from consent.lifecycle import TRANSITIONS, Event, State
from dossier.errors import ConflictError, ForbiddenError, NotFoundError
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.service import Sharing
from tests.dossier.joint import cosigned, shared_home
from tests.dossier.town import claim, consent_payload, running_town


@pytest.fixture(scope="module")
async def world(pool):
    """Two parents who give together, and a professional; every decision is replayed at the end."""
    async with running_town(pool) as town:
        owner, partner = await town.person("Ruth"), await town.person("Daniël")
        agency = await town.agency()
        reader = await town.person("Ahmed", agency, "debt-counsellor")
        home = await shared_home(town, owner, partner)
        yield SimpleNamespace(town=town, owner=owner, partner=partner, reader=reader, home=home, agency=agency)


async def propose(world, **changes):
    """The owner's signature alone: the consent waits. Return its id and the hash of its statement."""
    town, home = world.town, world.home
    payload = consent_payload(home, world.reader, await town.after(home), **changes)
    statement = await town.sign(home, "consent", **payload)
    actor = home.owner.actor
    given = await town.writer.submit(GiveConsent(actor, NewConsent(home.id, statement), claim(actor)))
    assert given.state == "proposed"
    return bytes.fromhex(given.consent), statement.hash.hex()


async def shown(world, consent):
    listed = await Sharing(world.town.sharing, world.town.writer).consents(world.owner.actor, world.home.id)
    return next(each for each in listed.consents if each.consent == consent.hex())


async def standing(world):
    return {
        each.id for each in (await world.town.writer.look((world.home.id,))).facts(world.home.id).value.rules.permits
    }


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("who", ["owner", "partner", "reader"])
async def test_what_was_withdrawn_is_not_completed(world, who, signed):
    """By either holder or by the one it names, with or without a key: the last signature then finds nothing (P6, P7)."""
    consent, digest = await propose(world)
    capacity = {"owner": "owner", "partner": "legal-representative", "reader": "grantee"}[who]
    ended = await world.town.withdraw(world.home, consent, getattr(world, who), signed=signed, capacity=capacity)
    assert ended.state == "withdrawn"
    with pytest.raises(ConflictError) as caught:
        await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert caught.value.code == "not-standing"
    assert consent.hex() not in await standing(world)
    found = await shown(world, consent)
    assert (found.state, found.ended_at) == (TRANSITIONS[State.PROPOSED, Event.WITHDRAW], ended.promise.seq)


async def test_what_was_completed_first_ends_too(world):
    """The other way round: completed and then withdrawn, it is over as well."""
    consent, digest = await propose(world)
    await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert consent.hex() in await standing(world)
    await world.town.withdraw(world.home, consent)
    assert consent.hex() not in await standing(world)


async def test_a_proposed_denial_ends_by_nobody_alone(world):
    """A denial that waits shuts nobody out yet; ending it takes a key, as ending one that stands does (P6)."""
    denied = ["annotate", "download", "export", "list", "read", "share"]
    consent, _digest = await propose(world, effect="deny", actions=denied)
    with pytest.raises(ForbiddenError):
        await world.town.withdraw(world.home, consent, signed=False)
    # Whom it names does not learn of it, whatever its id.
    with pytest.raises(NotFoundError):
        await world.town.withdraw(world.home, consent, world.reader, signed=False)
