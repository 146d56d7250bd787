"""The running application for whole stories, and the people in them; its parts are those that the tests of `web` use."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.story import Cast, settle, tell
from tests.scenarios.terminal import Terminal
from tests.web.conftest import app, personas, settings
from web.commands import who

__all__ = ["app", "cast", "personas", "settings", "terminal"]


@pytest.fixture(scope="module")
async def cast(app, personas, settings):
    """The people of the story, settled: who they are and what they have is said in `tests.scenarios.story`."""
    made = Cast(app, personas, asyncio.get_running_loop(), settings)
    await tell(settle, made)
    yield made
    for session in made.sessions:
        session.close()


@pytest.fixture
def terminal(town, settings, monkeypatch, capsys):
    """Where a test types its commands; `town` is its module's way to the application."""
    monkeypatch.setattr(who, "Company", town)
    return Terminal(settings.data_dir, capsys)
