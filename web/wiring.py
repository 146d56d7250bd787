"""The composition root: builds everything the service needs from its settings, once, and takes it down in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from audit.batch import Signer
from audit.sequencer import Sequencer
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from dossier import database, faults
from dossier.auditing.service import Auditing
from dossier.auditing.store import EventStore
from dossier.dossiers.service import Dossiers
from dossier.dossiers.store import DossierStore
from dossier.embedded import Cluster, ClusterError
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore
from dossier.errors import UnavailableError
from dossier.facts.compiler import Compiler
from dossier.items.objects import Objects, StoredObjects
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.items.uploads import UploadLimits, Uploads
from dossier.monthkeys import FileMonthKeys, rewrap_forever
from dossier.parties.service import Parties
from dossier.parties.signins import SignIns
from dossier.parties.store import PartyStore
from dossier.sharing.store import SharingStore
from dossier.store import Loader
from web.casework import Casework, casework
from web.health import Check
from web.keys import ServiceKeys, load_keys
from web.logging import log
from web.metrics import Metrics
from web.observing import observe
from web.publishing import gate, publishing
from web.releasing import Releasing, releasing
from web.settings import Settings
from web.signin.build import SignInParts, build_sign_in
from web.signin.options import sign_in_options
from web.slowing import Slowed

WATCH_SECONDS = 0.5


@dataclass
class Service:
    """The running parts. Owned by the event loop; handlers read it and change nothing in it."""

    settings: Settings
    metrics: Metrics
    urls: database.DatabaseUrls
    pool: Any
    cluster: Cluster | None
    sign_in: SignInParts
    keys: ServiceKeys
    writer: Writer
    sequencer: Sequencer
    parties: Parties
    dossiers: Dossiers
    items: ItemStore
    lists: ItemLists
    objects: Objects
    uploads: Uploads
    released: Releasing
    casework: Casework
    auditing: Auditing
    identifier_key: bytes = field(repr=False)
    slowed: Slowed = field(default_factory=Slowed)
    checks: dict[str, Check] = field(default_factory=dict)


@asynccontextmanager
async def run_service(settings: Settings, metrics: Metrics) -> AsyncIterator[Service]:
    """Start the parts in the order they need each other; on leaving, stop them in the reverse order.

    Raises ClusterError, UnavailableError or SettingsError if a part cannot start.
    """
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(_embedded(settings)) if settings.embedded else None
        urls = await _ready_database(settings, cluster)
        pool = await database.open_pool(urls.service, largest=settings.database_pool)
        stack.callback(pool.terminate)
        options = sign_in_options(settings)
        keys = load_keys(settings)
        sequencer = await stack.enter_async_context(publishing(settings, pool, keys))
        writer = await stack.enter_async_context(_writing(settings, pool, keys, sequencer))
        slowed = Slowed()
        observe(metrics, writer, sequencer, slowed)
        sign_in = build_sign_in(options, pool, SignIns(writer).record)
        await stack.enter_async_context(_background(sign_in.flush_forever()))
        items, objects = ItemStore(pool), open_objects(settings)
        uploads = Uploads(items, objects, UploadLimits(settings.system_part_bytes, settings.person_part_bytes))
        await stack.enter_async_context(_background(uploads.sweep_forever(sign_in.clock)))
        months = FileMonthKeys(settings.data_dir / "keys" / "months")
        await stack.enter_async_context(_background(rewrap_forever(pool, months, sign_in.clock)))
        signer = Signer(keys.origin, keys.promise_name, keys.promise)
        released = await stack.enter_async_context(releasing(pool, writer, signer, months, objects))
        cases = await stack.enter_async_context(casework(pool, writer))
        epochs = Epochs(EpochStore(pool), SharingStore(pool), items)
        service = Service(
            settings=settings,
            metrics=metrics,
            urls=urls,
            pool=pool,
            cluster=cluster,
            sign_in=sign_in,
            keys=keys,
            writer=writer,
            sequencer=sequencer,
            parties=Parties(PartyStore(pool), writer, keys.register, months),
            dossiers=Dossiers(DossierStore(pool), PartyStore(pool), writer, epochs),
            items=items,
            lists=ItemLists(items, writer),
            objects=objects,
            uploads=uploads,
            auditing=Auditing(EventStore(pool), PartyStore(pool), writer, months),
            released=released,
            casework=cases,
            identifier_key=options.identifier_key,
            slowed=slowed,
        )
        service.checks["database"] = lambda: database.ping(pool)
        service.checks["log"] = lambda: _answers(gate(sequencer) is None)
        yield service


async def _answers(good: bool) -> bool:  # noqa: FBT001 - a value made awaitable
    return good


def open_objects(settings: Settings) -> StoredObjects:
    """Where large parts are kept: a folder of the data directory, or the S3-compatible bucket of the settings."""
    if not settings.object_bucket:
        return StoredObjects.in_folder(settings.data_dir / "objects")
    return StoredObjects.in_bucket(
        settings.object_bucket,
        endpoint=settings.object_endpoint,
        region=settings.object_region,
        key_id=settings.object_key_id,
        secret=settings.object_secret,
    )


@asynccontextmanager
async def _writing(settings: Settings, pool: Any, keys: ServiceKeys, sequencer: Sequencer) -> AsyncIterator[Writer]:
    """The one group writer of this process."""
    writer = Writer(
        pool,
        FileMonthKeys(settings.data_dir / "keys" / "months"),
        Signer(keys.origin, keys.promise_name, keys.promise),
        Compiler(shipped_catalogues()),
        Loader(),
        gate=lambda: gate(sequencer),
        on_point=faults.point,
    )
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """A task that runs as long as the service does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[Cluster]:
    """The embedded PostgreSQL, watched while we run: if it is killed it comes back, and requests fail until then."""
    cluster = embedded_cluster(settings)
    await asyncio.to_thread(cluster.start)
    watcher = asyncio.create_task(_watch(cluster))
    try:
        yield cluster
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        await asyncio.to_thread(cluster.stop)


def embedded_cluster(settings: Settings) -> Cluster:
    """The cluster of these settings, not started yet."""
    return Cluster(
        settings.data_dir, bin_dir=settings.postgres_bin, user=settings.postgres_user, tcp_port=settings.postgres_port
    )


async def _watch(cluster: Cluster) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if await asyncio.to_thread(cluster.ensure_running):
                log(logging.WARNING, "the embedded database had died and was started again")
        except (ClusterError, OSError) as error:
            log(logging.ERROR, "the embedded database cannot be started", error=type(error).__name__)


async def _ready_database(settings: Settings, cluster: Cluster | None) -> database.DatabaseUrls:
    """A database of the newest revision. Ours is migrated here; another's is migrated by its operator beforehand."""
    if cluster is not None:
        urls = await database.prepare_embedded(cluster)
        if (await database.server_facts(urls.service)).revision != database.newest_revision():
            await database.migrate(urls.owner)
        return urls
    urls = configured_urls(settings)
    facts = await database.server_facts(urls.service)
    if facts.revision != database.newest_revision():
        raise UnavailableError("the database is at another revision than this program; run dossier migrate")
    if facts.may_rewrite:
        raise UnavailableError("the service's database role owns tables or administers roles; use dossier_service")
    return urls


def configured_urls(settings: Settings) -> database.DatabaseUrls:
    """The URLs of a supported server, from the settings."""
    return database.DatabaseUrls(settings.database_url, settings.database_owner_url, settings.database_eraser_url)
