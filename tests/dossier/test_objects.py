import os

import pytest

from dossier.errors import UnavailableError
from dossier.items.objects import SEGMENT_SIZE, StoredObjects, read_range, segment_names


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
