"""A running town for each test module that wants one."""

from __future__ import annotations

import pytest

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
