"""Measure this machine: short by default, everything with `--full`; table and JSON are kept below docs/bench."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from web.bench import deciding, logkeeping, reading, sealing
from web.bench.report import table, write
from web.bench.rounds import Measure, Result, run_rounds
from web.bench.stage import open_stage

SHORT_ROUNDS, FULL_ROUNDS = 3, 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--full", action="store_true", help="measure everything (half an hour)")
    parser.add_argument("--out", type=Path, default=Path("docs/bench"), help="folder for table and JSON (docs/bench)")
    parser.add_argument("--name", default="", help="name of the files (the date)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, write the files."""
    sections = asyncio.run(_measure(full=arguments.full))
    name = arguments.name or datetime.now(UTC).strftime("%Y-%m-%d")
    path = write(arguments.out, name, sections)
    for title, results in sections.items():
        print(f"\n{title}\n\n{table(results)}")
    print(f"\nwritten: {path}")
    return 0


async def _measure(*, full: bool) -> Mapping[str, Sequence[Result]]:
    rounds = FULL_ROUNDS if full else SHORT_ROUNDS
    found: dict[str, Sequence[Result]] = {}
    found["Decisions"] = await _rounds(deciding.measures(), rounds, 0.3)
    found["Keys and contents"] = await _rounds(sealing.measures(), rounds, 0.3)
    found["Log"] = await _rounds(logkeeping.measures(1_000_000 if full else 50_000), rounds, 0.5)
    readers, dossiers = (500, {1: 10_000, 50: 500, 500: 100}) if full else (60, {1: 200, 50: 30, 500: 8})
    with tempfile.TemporaryDirectory(prefix="eigendossier-bench-") as folder:
        async with open_stage(Path(folder), readers, dossiers, _say) as stage:
            seconds = 3.0 if full else 1.5
            await stage.read(stage.service_port, stage.world.items[1], reading.CONNECTIONS, seconds)
            found["Readings over HTTP, 32 connections"] = await _rounds(reading.measures(stage), rounds, seconds)
            found["Durable events"] = await _rounds(logkeeping.durable_measures(stage), rounds, 1.0)
    return found


async def _rounds(measures: Sequence[Measure], rounds: int, seconds: float) -> Sequence[Result]:
    return await run_rounds(measures, rounds, seconds, _say)


def _say(text: str) -> None:
    """Show what is being measured, on one line of standard error."""
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
