"""`dossier log replay`: every logged decision made again, on the database and month keys of the settings."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from consent.catalogue import shipped_catalogues
from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from dossier import database
from dossier.auditing.outcome import Place, Replayed, Tally
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore
from dossier.monthkeys import FileMonthKeys
from web.settings import Settings, SettingsError
from web.wiring import configured_urls, embedded_cluster

PROGRESS_SECONDS = 1.0
MOST_LINES = 50
MOST_SECONDS = 600.0
"""A statement may take this long here: nobody waits for an answer, and the list of all streams is long."""


def replay(settings: Settings, arguments: argparse.Namespace) -> int:
    """Go through all events and print what was found; 0 only if nothing is wrong."""
    result = asyncio.run(_with_database(settings, _stream(arguments.stream)))
    print(json.dumps(as_json(result)) if arguments.json else as_text(result))
    return 0 if result.ok else 1


async def _with_database(settings: Settings, only: bytes | None) -> Replayed:
    if not settings.embedded:
        return await _replay(settings, configured_urls(settings).service, only)
    cluster = embedded_cluster(settings)
    await asyncio.to_thread(cluster.start)
    try:
        return await _replay(settings, (await database.prepare_embedded(cluster)).service, only)
    finally:
        await asyncio.to_thread(cluster.stop)  # a server that another process uses stays


async def _replay(settings: Settings, url: str, only: bytes | None) -> Replayed:
    pool = await database.open_pool(url, smallest=1, largest=2, statement_seconds=MOST_SECONDS)
    try:
        months = FileMonthKeys(settings.data_dir / "keys" / "months")
        return await Replayer(EventStore(pool), months, shipped_catalogues(), _progress()).run(only)
    finally:
        pool.terminate()


def _progress() -> Any:
    begun = told = time.monotonic()

    def tell(count: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= PROGRESS_SECONDS:
            told = now
            print(f"{count} events gone through, {count / (now - begun):.0f} a second", file=sys.stderr, flush=True)

    return tell


def as_json(result: Replayed) -> dict[str, object]:
    """What was found, for programs."""
    return {
        "ok": result.ok,
        "streams": result.streams,
        "events": result.events,
        "decisions": result.decisions,
        "kinds": {kind: _tally(tally) for kind, tally in sorted(result.kinds.items())},
        "findings": [_place(each) for each in result.findings],
        "notReplayable": [_place(each) for each in result.gone],
        "corrected": [_place(each) for each in result.corrected],
    }


def as_text(result: Replayed) -> str:
    """What was found, for people: a line for each thing, a table of kinds, and a last line that says it all."""
    lines = [f"not ok  {each}" for each in result.findings[:MOST_LINES]]
    lines += [f"gone    {each}" for each in result.gone[:MOST_LINES]]
    lines += [f"note    {each}" for each in result.corrected[:MOST_LINES]]
    left = max(len(each) - MOST_LINES for each in (result.findings, result.gone, result.corrected))
    lines += [f"        only the first {MOST_LINES} of each are shown; --json has all"] if left > 0 else []
    counts = f"{result.decisions} decisions made again, in {result.events} events of {result.streams} streams"
    wrong = len(result.findings)
    ending = "no difference" if not wrong else "1 finding" if wrong == 1 else f"{wrong} findings"
    return "\n".join([*lines, *_table(result), f"{'ok' if result.ok else 'not ok'}: {counts}; {ending}"])


def _table(result: Replayed) -> list[str]:
    rows = [(kind, *map(str, _tally(tally).values())) for kind, tally in sorted(result.kinds.items())]
    lines = [("kind", *_tally(Tally())), *rows] if rows else []
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))] if lines else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _tally(tally: Tally) -> dict[str, int]:
    return {
        "decided": tally.decided,
        "same": tally.same,
        "differing": tally.differing,
        "impossible": tally.impossible,
        "erased": tally.erased,
        "corrected": tally.corrected,
    }


def _place(place: Place) -> dict[str, object]:
    return {"stream": place.stream.hex(), "seq": place.seq, "event": place.event.hex(), "text": place.text}


def _stream(text: str) -> bytes | None:
    try:
        return decode_hex(text, 16) if text else None
    except CryptoError as error:
        raise SettingsError("a stream is named by 32 hexadecimal digits") from error
