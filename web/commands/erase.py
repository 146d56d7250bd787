"""Erase what an event says, on a ground: its payload goes, its leaf and an event that says so stay.

Needs the eraser's database URL (DOSSIER_DATABASE_ERASER_URL), or the embedded database of the data directory.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from audit.batch import Signer
from audit.entry import Receipt
from audit.errors import AuditError
from audit.writer import Writer, WriterLimits
from consent.catalogue import shipped_catalogues
from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from dossier import database
from dossier.erasure import ErasePayload
from dossier.errors import UnavailableError
from dossier.facts.compiler import Compiler
from dossier.monthkeys import FileMonthKeys
from dossier.store import Loader
from web.commands.options import add_data_option, with_settings
from web.keys import load_keys
from web.settings import Settings, SettingsError
from web.wiring import configured_urls, embedded_cluster

LIMITS = WriterLimits(deadline=10_000, patience=10_000)
"""An operator waits longer than a reader: nothing is released by this."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("stream", metavar="STREAM", help="the stream's id, 32 hexadecimal digits")
    parser.add_argument("seq", metavar="SEQ", type=int, help="the number of the event in its stream")
    parser.add_argument("--ground", required=True, metavar="CODE", help="why: retention, court-order, erasure-request")
    parser.add_argument("--actor", default="operator", metavar="CODE", help="who orders it (operator)")
    add_data_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Erase, and print the id of the event that says so."""
    return with_settings(arguments, lambda settings: asyncio.run(_erase(settings, _entry(arguments))))


def _entry(arguments: argparse.Namespace) -> ErasePayload:
    try:
        stream = decode_hex(arguments.stream, 16)
    except CryptoError as error:
        raise SettingsError("a stream is named by 32 hexadecimal digits") from error
    return ErasePayload(stream, arguments.seq, arguments.actor, arguments.ground)


async def _erase(settings: Settings, entry: ErasePayload) -> int:
    if not settings.embedded:
        return await _submit(settings, configured_urls(settings).eraser, entry)
    cluster = embedded_cluster(settings)
    await asyncio.to_thread(cluster.start)
    try:
        return await _submit(settings, (await database.prepare_embedded(cluster)).eraser, entry)
    finally:
        await asyncio.to_thread(cluster.stop)  # a server that another process uses stays


async def _submit(settings: Settings, url: str, entry: ErasePayload) -> int:
    if not url:
        raise SettingsError("DOSSIER_DATABASE_ERASER_URL is needed to erase")
    pool = await database.open_pool(url, smallest=1, largest=3)
    try:
        receipt = await _write(settings, pool, entry)
    except AuditError as error:
        raise UnavailableError(str(error)) from error
    finally:
        pool.terminate()
    print(f"erased; event {receipt.event_id.hex()} (number {receipt.seq} of the stream) says so")
    return 0


async def _write(settings: Settings, pool: Any, entry: ErasePayload) -> Receipt:
    keys = load_keys(settings)
    months = FileMonthKeys(settings.data_dir / "keys" / "months")
    signer = Signer(keys.origin, keys.promise_name, keys.promise)
    writer = Writer(pool, months, signer, Compiler(shipped_catalogues()), Loader(), limits=LIMITS)
    await writer.start()
    try:
        return await writer.submit(entry)
    finally:
        await writer.stop()
