"""Measure this machine against its own floors: two minutes by default, an hour and more with `--full`.

Tables, JSON and pictures are kept below docs/bench; with `--only` nothing is kept unless `--name` says how to call it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from web.bench.floor import event_loop
from web.bench.progress import Progress
from web.bench.report import table, write
from web.bench.rounds import Result
from web.bench.sections import SECTIONS, run_sections
from web.bench.sizes import FULL, SHORT, Sizes


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    names = ", ".join(SECTIONS)
    parser.add_argument("--full", action="store_true", help="more rounds, larger sizes (an hour and more)")
    parser.add_argument(
        "--only", action="append", default=[], choices=list(SECTIONS), metavar="SECTION", help=f"one of {names}"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/bench"), help="folder of the report (docs/bench)")
    parser.add_argument("--name", default="", help="name of its files (the date)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, write the files."""
    names = [name for name in SECTIONS if not arguments.only or name in arguments.only]
    sections = measure(names, FULL if arguments.full else SHORT)
    for title, results in sections.items():
        print(f"\n{title}\n\n{table(results)}")
    if not arguments.only or arguments.name:
        name = arguments.name or datetime.now(UTC).strftime("%Y-%m-%d")
        print(f"\nwritten: {write(arguments.out, name, sections, 'full' if arguments.full else 'short')}")
    return 0


def measure(names: Sequence[str], sizes: Sizes) -> Mapping[str, Sequence[Result]]:
    """Run these sections in a folder of their own that is gone afterwards, on a loop like the service's."""
    progress = Progress()
    made = tempfile.TemporaryDirectory(prefix="eigendossier-bench-")
    with made as folder, asyncio.Runner(loop_factory=event_loop()) as runner:
        found = runner.run(run_sections(names, sizes, Path(folder), progress))
    progress.done()
    return found
