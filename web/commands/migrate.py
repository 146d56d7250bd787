"""Bring the database to the newest revision, as the role that owns the tables.

With DOSSIER_DATABASE_ADMIN_URL set it first makes the three roles and the database; the service never needs that URL.
"""

from __future__ import annotations

import argparse
import asyncio

from dossier import database
from web.commands.options import add_data_option, with_settings
from web.settings import Settings, SettingsError
from web.wiring import configured_urls, embedded_cluster


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Migrate, and print the revision reached."""
    return with_settings(arguments, lambda settings: asyncio.run(_migrate(settings)))


async def _migrate(settings: Settings) -> int:
    if not settings.embedded:
        urls = configured_urls(settings)
        if not urls.owner:
            raise SettingsError("DOSSIER_DATABASE_OWNER_URL is needed to migrate")
        if settings.database_admin_url:
            await database.prepare_server(settings.database_admin_url, urls)
        return await _to_newest(urls)
    cluster = embedded_cluster(settings)
    await asyncio.to_thread(cluster.start)
    try:
        return await _to_newest(await database.prepare_embedded(cluster))
    finally:
        await asyncio.to_thread(cluster.stop)


async def _to_newest(urls: database.DatabaseUrls) -> int:
    await database.migrate(urls.owner)
    print(f"the database is at revision {database.newest_revision() or 'none'}")
    return 0
