"""A large file sealed and opened by whole processes: as the client's commands do it, and by the bare loop (T13)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from web.bench.bare import HASHED
from web.bench.rounds import Measure, Several
from web.bench.stage import plain_environment

CLIENT, BARE = "web.bench.wholefile", "web.bench.bare"
PEAK_LIMIT = 80
"""MiB."""

SEAL_TARGET, OPEN_TARGET = 1.36 / 1.6, 1.24 / 1.6
"""1.6 times age, held against the bare loop, which takes 1.36 (sealing) and 1.24 (opening) times as long as age."""


def measures(folder: Path, size: int) -> list[Measure]:
    """Wall time of each process on a file of `size` random bytes, and the memory of the client's."""
    write_random(folder / "plain", size)
    found = []
    for mode, target in (("seal", SEAL_TARGET), ("open", OPEN_TARGET)):
        ours, bare = _process(CLIENT, mode, folder), _process(BARE, mode, folder)
        hashed = _process(BARE, mode, folder, HASHED)
        floor, more, name = (f"{mode} {size // 10**6} MB, {who}" for who in ("bare loop", "and its hash", "client"))
        found += [
            Measure(floor, "ms", bare.figure("ms"), inverse=True),
            Measure(more, "ms", hashed.figure("ms"), floor, inverse=True),
            Measure(name, "ms", ours.figure("ms"), floor, target, inverse=True, goal="T13"),
            Measure(f"{name}, peak memory", "MiB", ours.figure("peak"), inverse=True, limit=PEAK_LIMIT, goal="T13"),
        ]
    return found


def write_random(path: Path, size: int) -> None:
    """Write a file of so many random bytes."""
    with path.open("wb") as file:
        for at in range(0, size, 1 << 20):
            file.write(os.urandom(min(1 << 20, size - at)))


def _process(module: str, mode: str, folder: Path, *more: str) -> Several:
    """One process; what is opened was sealed by the same module before."""
    sealed = folder / module
    plain, opened = folder / "plain", folder / "opened"

    async def run(_seconds: float) -> Mapping[str, float]:
        if mode == "seal":
            return await asyncio.to_thread(_run, module, "seal", plain, sealed, *more)
        if not sealed.exists():
            await asyncio.to_thread(_run, module, "seal", plain, sealed)
        return await asyncio.to_thread(_run, module, "open", sealed, opened, *more)

    return Several(run)


def _run(module: str, mode: str, source: Path, target: Path, *more: str) -> dict[str, float]:
    words = [sys.executable, "-P", "-m", module, mode, str(source), str(target), *more]
    begun = time.perf_counter()
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, env=plain_environment())  # noqa: S603 - our own module
    return {"ms": (time.perf_counter() - begun) * 1000, "peak": float(done.stdout)}
