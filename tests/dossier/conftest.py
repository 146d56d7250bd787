"""A running town for each test module that wants one, and what most of them want in it."""

from __future__ import annotations

import pytest

from tests.dossier.casework import Work
from tests.dossier.town import running_town


@pytest.fixture(scope="module")
async def town(pool):
    """The writer and what stands on it, over this module's database."""
    async with running_town(pool) as running:
        yield running


@pytest.fixture
async def home(town):
    """A dossier of somebody new."""
    return await town.dossier(await town.person("Ruth"))


@pytest.fixture(scope="module")
async def world(town):
    """An agency, its system and its professional, a dossier that admits the agency, and one item in it."""
    agency = await town.agency()
    owner = await town.person("Sanne")
    system = await town.system(agency)
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    return agency, system, reader, home, item


@pytest.fixture(scope="module")
async def work(town):
    """The town with cases."""
    return Work(town)
