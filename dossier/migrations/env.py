"""Runs the migrations over asyncpg, one process at a time, with the URL that `dossier.database` hands over."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec

from alembic import context
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

TABLES = ("audit.tables", "consent.tables", "dossier.tables")
ONE_AT_A_TIME = 0x6569_6765_6E64  # advisory lock: any constant that nothing else in the database uses


def run(connection: Connection) -> None:
    """Upgrade in one transaction; the lock ends with it, so a killed migration leaves nothing behind."""
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        context.run_migrations()
        if inspect(connection).has_table("alembic_version"):
            connection.execute(text("GRANT SELECT ON alembic_version TO dossier_service, dossier_eraser"))


async def run_online(url: str) -> None:
    """Open a connection of our own for the migration and close it again."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


for module in TABLES:
    if find_spec(module) is not None:
        import_module(module)
asyncio.run(run_online(context.config.attributes["url"]))
