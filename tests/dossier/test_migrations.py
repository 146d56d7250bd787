from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from dossier import database

LOG_TABLES = ("event", "payload", "fact", "head", "stream_key", "claim", "erasure", "control", "log_leaf", "tile")
ALL_TABLES = (*LOG_TABLES, "pending", "checkpoint", "log_state")
READ_ONLY = ("statement", "capsule", "item", "item_version", "part")


@pytest.mark.parametrize("table", ALL_TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.{} SET {} = {}",
        "DELETE FROM audit.{}",
        "TRUNCATE audit.{}",
        "INSERT INTO audit.{} DEFAULT VALUES",
        "ALTER TABLE audit.{} DISABLE TRIGGER ALL",
        "DROP TABLE audit.{}",
    ],
)
async def test_service_cannot_write_the_log(pool, owner_pool, table, statement):
    """The service's role can neither insert, change, delete, empty nor drop a table of the log (append-only)."""
    column = await owner_pool.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = ('audit.' || $1)::regclass AND attnum = 2", table
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement.format(table, column, column))


@pytest.mark.parametrize("table", ALL_TABLES)
async def test_eraser_cannot_write_the_log(database_urls, table):
    """The eraser's role changes no table directly either: it has one function."""
    connection = await asyncpg.connect(database_urls.eraser)
    try:
        for statement in ("DELETE FROM audit.{}", "TRUNCATE audit.{}", "INSERT INTO audit.{} DEFAULT VALUES"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement.format(table))
    finally:
        await connection.close()


async def test_service_cannot_erase(pool):
    """Only the eraser's role may call the one function that takes something away."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("SELECT audit.erase_payload($1, 1, 'retention', 2)", b"s" * 16)


@pytest.mark.parametrize("table", READ_ONLY)
async def test_service_cannot_rewrite_items(pool, table):
    """Statements, capsules, items and parts are inserted and read, never changed."""
    for statement in ("UPDATE dossier.{} SET bucket = 0", "DELETE FROM dossier.{}", "TRUNCATE dossier.{}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement.format(table))


@pytest.mark.parametrize("table", ["member", "unlock", "keyring", "wrap", "consent_use", "case_file"])
async def test_service_deletes_no_records(pool, table):
    """No act of the service deletes members, keyrings, unlock documents, wraps, uses or cases: it has no right to."""
    for statement in ("DELETE FROM dossier.{}", "TRUNCATE dossier.{}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement.format(table))


@pytest.mark.parametrize(
    "column",
    [
        "member.person",
        "system.system",
        "unlock.person",
        "keyring.person",
        "wrap.item",
        "upload.sender",
        "upload.hash",
        "outbox.target",
        "case_file.opened_by",
        "case_file.body",
        "case_party.kind",
        "invitation.body",
        "consent_use.consent",
        "consent_due.consent",
    ],
)
async def test_service_changes_no_identity(pool, column):
    """What a row is about is never changed: of these tables the service may change only what moves on."""
    table, name = column.split(".")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(f"UPDATE dossier.{table} SET {name} = {name}")


async def test_functions_are_for_roles(owner_pool):
    """No function of the log may be executed by everybody, and each that runs with the owner's rights fixes its path."""
    rows = await owner_pool.fetch(
        """SELECT proname, prosecdef, proconfig, has_function_privilege('public', oid, 'EXECUTE') AS open
           FROM pg_proc WHERE pronamespace = 'audit'::regnamespace"""
    )
    assert {row["proname"] for row in rows} >= {"enter", "append", "open_streams", "log_extend", "erase_payload"}
    assert [row["proname"] for row in rows if row["open"]] == []
    loose = [row for row in rows if row["prosecdef"] and "search_path=audit, pg_temp" not in (row["proconfig"] or [])]
    assert loose == []


async def test_tables_are_as_declared(database_urls):
    """The SQLModel tables and the migrated schema are the same."""
    for module in ("audit.tables", "consent.tables", "dossier.tables"):
        if find_spec(module) is not None:
            import_module(module)
    known = set(SQLModel.metadata.tables)

    def compare(connection):
        options = {
            "compare_type": True,
            "include_schemas": True,
            "include_name": lambda name, kind, _parents: kind != "schema" or name in ("audit", "dossier"),
            "include_object": lambda thing, name, kind, reflected, other: (
                kind != "table" or f"{thing.schema}.{name}" in known or thing.schema == "audit"
            ),
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata)

    engine = create_async_engine(database._sqlalchemy_url(database_urls.owner))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(compare) == []
    finally:
        await engine.dispose()
    assert len([name for name in known if name.startswith("audit.")]) == len(ALL_TABLES)


async def test_migrating_again_changes_nothing(database_urls, owner_pool):
    """Migrating a migrated database is no error and leaves one revision."""
    await database.migrate(database_urls.owner)
    rows = await owner_pool.fetch("SELECT version_num FROM alembic_version")
    assert [row["version_num"] for row in rows] == [database.newest_revision()]
