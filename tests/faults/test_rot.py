"""Bit rot: one flipped bit in a stored part or in a file of the log is found and named, and hurts nothing else."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto.errors import TamperedError
from tests.faults.plan import SEED
from tests.faults.service import ROOT, environment
from tests.faults.world import ASKED
from tests.scenarios.story import LETTER


@contextmanager
def flipped(path: Path, place: int) -> Iterator[None]:
    """One bit of a file is another for a while."""
    sound = path.read_bytes()
    rotten = bytearray(sound)
    rotten[place] ^= 1 << place % 8
    path.write_bytes(rotten)
    try:
        yield
    finally:
        path.write_bytes(sound)


def damaged(world):
    """The parts that `dossier doctor --parts` finds damaged."""
    words = world.service.command("doctor", "--parts", "--data-dir", str(world.service.data))
    done = subprocess.run(words, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert "stored parts read" in done.stdout, done.stderr
    return [line.removeprefix("not ok  ") for line in done.stdout.splitlines() if line.startswith("not ok  item")]


def test_rot_in_a_part(world):
    """A flipped bit in a large part: the doctor names it, its reader refuses it, other items open as before (F22)."""
    content = random.Random(SEED).randbytes(200_000)
    folder = world.service.data / "objects"
    before = set(folder.rglob("*"))
    large = bytes.fromhex(world.deliver(content)["item"])
    (segment,) = (path for path in folder.rglob("*") if path not in before and path.is_file())
    world.ensure_consent()
    released = world.reader.read(large, ASKED)
    assert world.content(released) == content
    assert damaged(world) == []
    with flipped(segment, random.Random(SEED).randrange(200_000)):
        with pytest.raises(TamperedError):
            world.content(released)
        assert damaged(world) == [
            f"item {large.hex()} version 1 part 0: its bytes are not those that its author signed"
        ]
    assert world.content(world.reader.read(world.item, ASKED)) == LETTER
    assert world.content(world.reader.read(large, ASKED)) == content
    world.check(f"DOSSIER_TEST_SEED={SEED}")


def test_rot_in_the_log(world):
    """A flipped bit in any file of the published log: verification names that file (P5, F22)."""
    folder = world.service.data / "log"
    world.wait_sequenced()
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    newest = {}
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        newest[path.parent] = path  # older partial files of a tile are left for readers on their way
    assert world.verify_log() == []
    for path in newest.values():
        name = path.relative_to(folder).as_posix()
        with flipped(path, path.stat().st_size // 2):
            findings = world.verify_log()
        assert findings, name
        # In a bundle that still has its form it is the entry that is named.
        entry = name.startswith("tile/entries/") and any("entry: entry" in finding for finding in findings)
        assert entry or any(name in finding for finding in findings), (name, findings)
    assert world.verify_log() == []
