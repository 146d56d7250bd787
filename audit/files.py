"""The log as static files: each appears whole and durable, and the checkpoint after all it speaks of.

Paths are those of c2sp.org/tlog-tiles below one folder, which any web server or cache may serve.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from audit.tiles import TILE_WIDTH, Bundle, Tile

CHECKPOINT = "checkpoint"


class LogFolder:
    """The published log. Several processes may publish into it: `locked` lets one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock; it ends with the process that holds it."""
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def checkpoint(self) -> bytes | None:
        """Return the published checkpoint note, None when there is none yet."""
        try:
            return (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, files: Iterable[tuple[Tile | Bundle, bytes]]) -> None:
        """Put tiles and bundles in place; those that are there already with the same bytes stay."""
        touched: set[Path] = set()
        for place, content in files:
            path = self.folder / place.path
            if not _holds(path, content):
                touched |= _make_folders(path.parent, self.folder)
                _put(path, content)
                touched.add(path.parent)
        for folder in sorted(touched):
            _sync(folder)

    def put_checkpoint(self, note: bytes) -> None:
        """Put the checkpoint in place; everything it speaks of must be."""
        _put(self.folder / CHECKPOINT, note)
        _sync(self.folder)

    def drop_partials(self, full: Iterable[Tile | Bundle]) -> None:
        """Delete the partial files of tiles and bundles whose full file is in place; readers fall back to that."""
        for place in full:
            path = self.folder / place.path
            if place.width == TILE_WIDTH and path.exists():
                shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False


def _put(path: Path, content: bytes) -> None:
    # A reader sees the old file or the new one, and after a crash there is one of the two: never half of either.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _make_folders(folder: Path, top: Path) -> set[Path]:
    """Make a folder and those above it; return the folders that got a new entry."""
    touched, above = set(), folder
    while above != top and not above.exists():
        above = above.parent
        touched.add(above)
    folder.mkdir(parents=True, exist_ok=True)
    return touched


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
