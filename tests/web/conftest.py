"""The application over this module's database, as a client meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from dossier.database import DatabaseUrls
from tests.web.browsing import Browser, running
from web.app import create_app
from web.settings import Settings
from web.signin.personas import PersonaFile


@pytest.fixture(scope="module")
def settings(database_urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a development service on a database of its own."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_urls.service,
        database_owner_url=database_urls.owner,
        database_eraser_url=database_urls.eraser,
        log_origin="localhost/test",
        look_limit=100_000,  # a module's tests are one minute's looks of the same few people
    )


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[AsyncTestClient]:
    """A client of the running application, in process."""
    async with AsyncTestClient(create_app(settings), base_url="https://localhost.local") as opened:
        opened.headers["host"] = "localhost"  # the cookie jar wants a dot in the name, the service its own host
        yield opened


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, running."""
    async with running(create_app(settings)) as built:
        yield built


@pytest.fixture(scope="module")
def personas(app: Litestar, settings: Settings) -> dict[str, Any]:
    """The personas of the running service, by subject."""
    assert app is not None
    return {persona.subject: persona for persona in PersonaFile(settings.data_dir / "personas.json").load()}


@pytest.fixture
def browser(app: Litestar) -> Browser:
    """A browser without any cookie."""
    return Browser(app)


@pytest.fixture
def another_browser(app: Litestar) -> Browser:
    """A second browser, somebody else's."""
    return Browser(app)
