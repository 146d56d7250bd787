"""Check settings, data folder, database and clock, and say of each whether it is in order."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from dossier import database
from dossier.embedded import ClusterError
from dossier.errors import DossierError
from dossier.scrubbing.parts import scrub
from dossier.scrubbing.store import PartStore
from web.commands.options import add_data_option, with_settings
from web.settings import Settings
from web.wiring import configured_urls, embedded_cluster, open_objects

OLDEST_POSTGRESQL = 15
CLOCK_TOLERANCE = 2.0
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_option(parser)
    parser.add_argument("--parts", action="store_true", help="also read every stored part and look for bit rot")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a check; 0 only if all are in order."""
    return with_settings(arguments, lambda settings: _report(settings, parts=arguments.parts))


def _report(settings: Settings, *, parts: bool) -> int:
    findings = [Finding(ok=True, text=f"settings: {settings.mode} mode"), *_local(settings)]
    findings += asyncio.run(_database(settings, parts=parts))
    for finding in findings:
        print(f"{'ok    ' if finding.ok else 'not ok'}  {finding.text}")
    return 0 if all(finding.ok for finding in findings) else 1


def _local(settings: Settings) -> Iterator[Finding]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(sys.version_info >= (3, 11), f"python {python}")
    folder = settings.data_dir
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    yield Finding(writable, f"data folder {folder} {'can be written' if writable else 'cannot be written'}")
    front_end = database.MIGRATIONS.parent.parent / "web" / "static"
    yield Finding(front_end.is_dir(), f"front end {'is' if front_end.is_dir() else 'is not'} built")


async def _database(settings: Settings, *, parts: bool) -> list[Finding]:
    if not settings.embedded:
        urls = configured_urls(settings)
        return [*await _server(urls, external=True), *(await _parts(settings, urls) if parts else ())]
    if not (settings.data_dir / "postgres").exists():
        return [Finding(ok=True, text="no database yet: `dossier serve` and `dossier demo` make one here")]
    try:
        cluster = embedded_cluster(settings)
        await asyncio.to_thread(cluster.start)
    except (ClusterError, OSError) as error:
        return [Finding(ok=False, text=f"embedded postgresql: {error}")]
    try:
        urls = await database.prepare_embedded(cluster)
        found = [Finding(ok=True, text=f"embedded postgresql {cluster.version}"), *await _server(urls, external=False)]
        return [*found, *(await _parts(settings, urls) if parts else ())]
    finally:
        await asyncio.to_thread(cluster.stop)


async def _parts(settings: Settings, urls: database.DatabaseUrls) -> list[Finding]:
    """Every stored part against what its author signed (bit rot)."""
    pool = await database.open_pool(urls.service, smallest=1, largest=1)
    try:
        result = await scrub(PartStore(pool), open_objects(settings))
    finally:
        pool.terminate()
    found = [Finding(ok=False, text=str(each)) for each in result.found]
    return [*found, Finding(not found, f"{result.parts} stored parts read, {len(found)} damaged")]


async def _server(urls: database.DatabaseUrls, *, external: bool) -> list[Finding]:
    try:
        facts = await database.server_facts(urls.service)
    except DossierError as error:
        return [Finding(ok=False, text=f"database: {error}")]
    return list(_judge(facts, external=external))


def _judge(facts: database.ServerFacts, *, external: bool) -> Iterator[Finding]:
    """What a server must be like to keep our promises (P10: durable; append-only roles; a clock to trust)."""
    yield Finding(facts.version >= OLDEST_POSTGRESQL, f"postgresql {facts.version}")
    yield Finding(
        not facts.may_rewrite, f"role {facts.role} {'could rewrite tables' if facts.may_rewrite else 'is bound'}"
    )
    for name in MUST_BE_ON:
        yield Finding(facts.settings[name] not in {"off", "local"}, f"{name} is {facts.settings[name]}")
    yield Finding(facts.settings["server_encoding"] == "UTF8", f"encoding {facts.settings['server_encoding']}")
    newest = database.newest_revision()
    current = facts.revision == newest or not external
    yield Finding(current, f"revision {facts.revision or 'none'}, newest {newest or 'none'}")
    drift = abs(facts.clock - time.time())
    yield Finding(drift <= CLOCK_TOLERANCE, f"database clock {drift:.1f} s from ours")
