"""Questions for an address that are asked again under the same idempotency key, on the real database."""

from __future__ import annotations

import secrets

import pytest

from dossier.dossiers.addresses import Ask
from tests.dossier.town import claim


@pytest.fixture
async def parties(town):
    """An agency, a system of it, and somebody's dossier."""
    agency = await town.agency()
    return agency, await town.system(agency), await town.dossier(await town.person("Sanne"))


async def ask(town, system, home, key):
    return await town.writer.submit(Ask(system.actor, home.id, secrets.token_bytes(16), key))


async def events(town, agency):
    return (await town.writer.look((agency.id,))).head(agency.id).seq


async def test_a_refusal_stays_one_under_its_key(town, parties):
    """P2, P3: an admission that came since opens nothing under a key whose event says no; a new question is an event."""
    agency, system, home = parties
    key = claim(system.actor)
    assert await ask(town, system, home, key) is None
    await town.admit(home, agency)
    before = await events(town, agency)
    assert await ask(town, system, home, key) is None
    assert await events(town, agency) == before
    assert await ask(town, system, home, claim(system.actor)) is not None
    assert await events(town, agency) == before + 1


async def test_an_address_is_given_again_under_its_key(town, parties):
    """The same dossier as of the same moment while nothing changed, and as it is now after a change."""
    agency, system, home = parties
    await town.admit(home, agency)
    key = claim(system.actor)
    first = await ask(town, system, home, key)
    assert await ask(town, system, home, key) == first
    await town.admit(home, await town.agency())
    assert (await ask(town, system, home, key)).state.rules.seq > first.state.rules.seq
