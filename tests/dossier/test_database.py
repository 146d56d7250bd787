"""Facts of dossier/database.py, on a real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from dossier import database
from dossier.errors import UnavailableError

ROOT = Path(__file__).parents[2]


async def test_service_role_owns_nothing(database_url):
    """The service connects as a role that may neither make nor rewrite tables."""
    facts = await database.server_facts(database_url)
    assert (facts.role, facts.may_rewrite) == (database.SERVICE, False)


async def test_service_role_makes_no_table(pool):
    """The service's role is refused DDL by the database itself."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("CREATE TABLE public.mine (i int)")


async def test_commits_are_durable(database_url):
    """P10: the embedded server keeps fsync, full page writes, synchronous commit and checksums on."""
    facts = await database.server_facts(database_url)
    durable = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
    assert [facts.settings[name] for name in durable] == ["on"] * 4


async def test_new_functions_are_closed(database_urls, pool):
    """A function made by the owner cannot be called by the service before a migration grants it."""
    owner = await asyncpg.connect(database_urls.owner)
    await owner.execute("CREATE FUNCTION public.seven() RETURNS int LANGUAGE sql RETURN 7")
    await owner.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.fetchval("SELECT public.seven()")


async def test_migrate_again(database_urls):
    """Migrating an up-to-date database changes nothing and does not fail."""
    await database.migrate(database_urls.owner)
    assert (await database.server_facts(database_urls.owner)).revision == database.newest_revision()


def test_newest_revision_is_the_only_head():
    """The migrations form one line, and the newest revision is the one that Alembic sees."""
    heads = ScriptDirectory(str(database.MIGRATIONS)).get_heads()
    assert heads == [database.newest_revision()]


def test_service_does_not_load_the_migration_tools():
    """Importing the whole application loads neither Alembic nor SQLAlchemy: they are for migrating only."""
    code = "import sys, web.server; print(sorted({'alembic', 'sqlalchemy', 'sqlmodel'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"


async def test_prepare_again(cluster, template_database):
    """Preparing roles and database a second time leaves a database that answers."""
    urls = await database.prepare_embedded(cluster, template_database)
    assert (await database.server_facts(urls.service)).role == database.SERVICE


async def test_prepare_server(cluster):
    """A supported server gets roles and database from the passwords and the name in the URLs; safe to repeat."""
    urls = database.embedded_urls(cluster, "odd 'name\"")
    for _ in range(2):
        await database.prepare_server(database.administrator_url(cluster), urls)
    assert (await database.server_facts(urls.service)).role == database.SERVICE


async def test_release_rolls_back(pool):
    """A connection given back inside a transaction does not hand the transaction to the next user."""
    connection = await pool.acquire()
    await connection.execute("BEGIN")
    await pool.release(connection)
    async with pool.acquire() as again:
        assert not again.is_in_transaction()


async def test_ping(pool):
    """A living database answers."""
    assert await database.ping(pool, patience=5)


async def test_absent_server():
    """A server that is not there is one error of ours, for the pool and for the facts."""
    url = "postgresql://nobody:secret@127.0.0.1:1/none"
    with pytest.raises(UnavailableError):
        await database.open_pool(url)
    with pytest.raises(UnavailableError):
        await database.server_facts(url)


def test_urls_hide_passwords():
    """P1: the representation of the URLs shows no password."""
    assert "secret" not in repr(database.DatabaseUrls("postgresql://a:secret@/b", "postgresql://o:secret@/b"))


async def test_a_request_does_not_wait_for_a_database_that_hangs(database_url):
    """Whoever asks is told soon: for a statement, for a connection, for both; others wait, and the pool heals (P9; F08)."""
    opened = await database.open_pool(database_url, smallest=1, largest=1, statement_seconds=30)

    async def asking():
        database.hurry()
        with pytest.raises(TimeoutError):
            await opened.fetchval("SELECT pg_sleep(30)")
        async with opened.acquire():
            with pytest.raises(TimeoutError):
                await opened.fetchval("SELECT 1")
        assert await opened.fetchval("SELECT 1") == 1
        assert await opened.fetchval("SELECT 2 FROM pg_sleep(0.6)", timeout=20) == 2

    try:
        async with asyncio.timeout(20):
            await asyncio.create_task(asking())
        assert await opened.fetchval("SELECT 2 FROM pg_sleep(0.6)") == 2
    finally:
        opened.terminate()
