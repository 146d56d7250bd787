"""A real PostgreSQL for every test that wants one: one server a session, one migrated database a test module."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from dossier import database
from dossier.embedded import Cluster
from tests.patience import PatientLimits

TEMPLATE = "dossier_template"

# No timing decides a test: how long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def patient_writers() -> Iterator[None]:
    """In this process events may take seconds (see tests/patience.py)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.writer.WriterLimits", PatientLimits)
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server of this session's own; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-test-") as folder:
        server = Cluster(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.destroy()


@pytest.fixture(scope="session")
async def template_database(cluster: Cluster) -> str:
    """A database with all migrations run, to be cloned."""
    urls = await database.prepare_embedded(cluster, TEMPLATE)
    await database.migrate(urls.owner)
    return TEMPLATE


@pytest.fixture(scope="module")
async def database_urls(cluster: Cluster, template_database: str) -> AsyncIterator[database.DatabaseUrls]:
    """The URLs (service, owner, eraser) of a fresh database for this module."""
    name = f"test_{secrets.token_hex(4)}"
    administrator = database.administrator_url(cluster)
    await database.create_database(administrator, name, template_database)
    await database.protect_database(database.administrator_url(cluster, name), name)
    yield database.embedded_urls(cluster, name)
    connection = await asyncpg.connect(administrator)
    await connection.execute(f"DROP DATABASE {database.identifier(name)} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="module")
def database_url(database_urls: database.DatabaseUrls) -> str:
    """The service role's URL of this module's database."""
    return database_urls.service


@pytest.fixture(scope="module")
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the service uses it, on this module's database."""
    opened = await database.open_pool(database_url)
    yield opened
    opened.terminate()


@pytest.fixture(scope="module")
async def owner_pool(database_urls: database.DatabaseUrls) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the role that owns the tables: for looking behind what the service may see."""
    opened = await database.open_pool(database_urls.owner, smallest=1, largest=4)
    yield opened
    opened.terminate()
