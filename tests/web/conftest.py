"""The application over this module's database, as a client meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from litestar.testing import AsyncTestClient

from dossier.database import DatabaseUrls
from web.app import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def settings(database_urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a development service on a database of its own."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_urls.service,
        database_owner_url=database_urls.owner,
        database_eraser_url=database_urls.eraser,
        log_origin="localhost/test",
    )


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[AsyncTestClient]:
    """A client of the running application, in process."""
    async with AsyncTestClient(create_app(settings), base_url="https://localhost.local") as opened:
        yield opened
