from __future__ import annotations

import os

import pytest

from audit.files import LogFolder
from audit.tiles import Bundle, Tile


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_put(tmp_path):
    """Tiles and bundles stand under their paths, whole, with nothing beside them; putting them again changes nothing."""
    folder = LogFolder(tmp_path / "log")
    files: list[tuple[Tile | Bundle, bytes]] = [
        (Tile(0, 0, 3), b"abc"),
        (Bundle(0, 3), b"def"),
        (Tile(1, 1_234_067), b"ghi"),
    ]
    for _ in range(2):
        folder.put(files)
        assert names(tmp_path / "log") == [
            "tile/0/000.p/3",
            "tile/1/x001/x234/067",
            "tile/entries/000.p/3",
        ]
    assert (tmp_path / "log/tile/0/000.p/3").read_bytes() == b"abc"


def test_damaged_file_is_replaced(tmp_path):
    """A file with other bytes than the stored ones is put right."""
    folder = LogFolder(tmp_path)
    folder.put([(Tile(0, 0, 1), b"good")])
    (tmp_path / "tile/0/000.p/1").write_bytes(b"bad")
    folder.put([(Tile(0, 0, 1), b"good")])
    assert (tmp_path / "tile/0/000.p/1").read_bytes() == b"good"


def test_crash_while_writing(tmp_path, monkeypatch):
    """A crash before the rename leaves the old checkpoint readable and whole."""
    folder = LogFolder(tmp_path)
    assert folder.checkpoint() is None
    folder.put_checkpoint(b"one")

    def crash(_descriptor):
        raise OSError("power")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="power"):
        folder.put_checkpoint(b"two")
    assert folder.checkpoint() == b"one"
    assert names(tmp_path) == ["checkpoint"]  # a full disk is not filled further by halves
    monkeypatch.undo()
    folder.put_checkpoint(b"two")
    assert folder.checkpoint() == b"two"


def test_partials_go_only_behind_a_full_file(tmp_path):
    """Partial files go when the full one is there; those without one, and full ones, stay."""
    folder = LogFolder(tmp_path)
    folder.put([(Tile(0, 0, 7), b"p"), (Tile(0, 1, 7), b"p"), (Tile(0, 0), b"f"), (Bundle(0, 7), b"p")])
    folder.drop_partials([Tile(0, 0), Tile(0, 1), Tile(0, 1, 7), Bundle(0)])
    assert names(tmp_path) == ["tile/0/000", "tile/0/001.p/7", "tile/entries/000.p/7"]


def test_lock(tmp_path):
    """The lock is held by one at a time and ends with its block."""
    folder = LogFolder(tmp_path)
    for _ in range(2):
        with folder.locked():
            assert (tmp_path / ".lock").exists()
