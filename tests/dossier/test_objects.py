import asyncio
import os
import signal
import sys

import pytest

from dossier.errors import UnavailableError
from dossier.items.objects import DRAFT, StoredObjects, read_range
from dossier.items.segments import SEGMENT_SIZE, segment_names

DYING_WRITER = """
import resource, signal, sys
import obstore
from obstore.store import LocalStore
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
obstore.put(LocalStore(sys.argv[1]), "a/00000001", bytes(1 << 22), use_multipart=False)
"""
"""Writes four mebibytes to a folder, and is killed after the first."""


@pytest.fixture
def objects(tmp_path):
    """A store in a folder of its own."""
    return StoredObjects.in_folder(tmp_path / "parts")


async def keep(objects, folder, data):
    """Put a part into the store, segment by segment."""
    for number, name in enumerate(segment_names(folder, len(data))):
        await objects.put(name, data[number * SEGMENT_SIZE : (number + 1) * SEGMENT_SIZE])


@pytest.mark.parametrize("length", [0, 1, SEGMENT_SIZE - 1, SEGMENT_SIZE, SEGMENT_SIZE + 1, 2 * SEGMENT_SIZE + 7])
async def test_what_is_kept_in_segments_is_read_back(objects, length):
    """A part of any length around the segment border reads back whole."""
    data = os.urandom(length)
    await keep(objects, "a", data)
    assert b"".join([piece async for piece in read_range(objects, "a", 0, length)]) == data


@pytest.mark.parametrize("span", [(0, 1), (SEGMENT_SIZE - 1, SEGMENT_SIZE + 1), (5, SEGMENT_SIZE + 9), (3, 3)])
async def test_a_range_is_exactly_its_bytes(objects, span):
    """A range that crosses segments gives those bytes and no others."""
    data = os.urandom(SEGMENT_SIZE + 100)
    await keep(objects, "a", data)
    assert b"".join([piece async for piece in read_range(objects, "a", *span)]) == data[span[0] : span[1]]


async def test_an_absent_object_is_our_error(objects):
    """What is not there is reported as unavailable, never as an error of the store."""
    with pytest.raises(UnavailableError):
        await objects.get("nothing/00000000", 0, 1)


async def test_forgetting_twice_is_no_error(objects):
    """Deleting is idempotent and really deletes."""
    await objects.put("a/00000000", b"x")
    await objects.delete("a/00000000")
    await objects.delete("a/00000000")
    with pytest.raises(UnavailableError):
        await objects.get("a/00000000", 0, 1)


async def test_a_name_cannot_leave_the_folder(objects, tmp_path):
    """A path that climbs out of the store is refused and writes nothing outside."""
    with pytest.raises(UnavailableError):
        await objects.put("../outside", b"x")
    assert not (tmp_path / "outside").exists()


async def test_a_draft_of_a_dead_writer_is_swept(objects, tmp_path):
    """A writer killed between draft and rename leaves a file under no object's name: it goes once it is a day old (P10; F01)."""
    await objects.put("a/00000000", b"x")
    folder = tmp_path / "parts"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING_WRITER, str(folder))
    assert await writer.wait() == -signal.SIGXFSZ
    drafts = [path for path in (folder / "a").iterdir() if DRAFT in path.name]
    assert len(drafts) == 1
    written = drafts[0].stat().st_mtime
    assert await objects.sweep_drafts(written - 1) == 0
    assert await objects.sweep_drafts(written + 1) == 1
    assert not drafts[0].exists()
    assert await objects.get("a/00000000", 0, 1) == b"x"
