"""Uploads that were cut and go on with something else."""

from __future__ import annotations

import os

import pytest

from crypto.encoding import new_id, sha256
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.items.objects import StoredObjects
from dossier.items.segments import SEGMENT_SIZE
from dossier.items.store import ItemStore, check_upload
from dossier.items.uploads import UploadLimits, Uploads
from dossier.parties.actor import Actor, Assurance

NOW = 1_800_000_000
SIZE = 3 * SEGMENT_SIZE + 7
LIMITS = UploadLimits(4 * SEGMENT_SIZE, SEGMENT_SIZE)


@pytest.fixture
def objects(tmp_path):
    return StoredObjects.in_folder(tmp_path / "objects")


def pieces(data, start=0, end=SIZE):
    return [(at, data[at : at + SEGMENT_SIZE]) for at in range(start, end, SEGMENT_SIZE)]


@pytest.mark.parametrize("cut", [1, 2, 3], ids=["first", "half", "last"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_gone_on_with_another_file(pool, objects, cut, restarted):
    """Cut at the first, a middle or the last segment and gone on with another file: never complete, then gone (F16)."""
    sender, dossier, data, other = _sender(), new_id(), os.urandom(SIZE), os.urandom(SIZE)
    uploads = Uploads(ItemStore(pool), objects, LIMITS)
    row = await uploads.begin(sender, dossier, SIZE, sha256(data), NOW)
    for at, piece in pieces(data, end=cut * SEGMENT_SIZE):
        row = await uploads.append(sender, row.upload, at, piece, NOW)
        with pytest.raises(InvalidRequestError):
            check_upload(row, dossier, sender.id, SIZE, sha256(data))
    if restarted:
        uploads = Uploads(ItemStore(pool), objects, LIMITS)
    *whole, (at, last) = pieces(other, start=cut * SEGMENT_SIZE)
    for place, piece in whole:
        assert (await uploads.append(sender, row.upload, place, piece, NOW)).state == "open"
    with pytest.raises(InvalidRequestError) as refused:
        await uploads.append(sender, row.upload, at, last, NOW)
    assert refused.value.code == "wrong-hash"
    with pytest.raises(NotFoundError):
        await uploads.find(sender, row.upload, NOW)


def _sender():
    return Actor("system", new_id(), new_id(), (), Assurance.HIGH, NOW, b"s" * 16)
