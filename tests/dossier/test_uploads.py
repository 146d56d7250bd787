"""Uploads: whole segments, resumed at their border, checked at the end (F16)."""

import asyncio
import os

import pytest

from audit.errors import RepeatedError
from crypto.encoding import new_id, sha256
from dossier.errors import (
    ConflictError,
    GoneError,
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
    TooManyError,
    UnavailableError,
)
from dossier.items.objects import StoredObjects, read_range
from dossier.items.segments import SEGMENT_SIZE
from dossier.items.store import ItemStore, upload_object
from dossier.items.uploads import OPEN_PARTS, UPLOAD_SECONDS, UploadLimits, Uploads
from dossier.parties.actor import Actor, Assurance

NOW = 1_800_000_000


def actor(kind="system"):
    """Somebody who sends."""
    return Actor(kind, new_id(), new_id(), (), Assurance.HIGH, NOW, b"s" * 16)


@pytest.fixture
def objects(tmp_path):
    """A store in a folder of its own."""
    return StoredObjects.in_folder(tmp_path / "objects")


@pytest.fixture
def uploads(pool, objects):
    """Uploads as the service builds them."""
    return Uploads(ItemStore(pool), objects, UploadLimits(3 * SEGMENT_SIZE, SEGMENT_SIZE))


async def begin(uploads, sender, data):
    """Begin an upload of these bytes."""
    return await uploads.begin(sender, new_id(), len(data), sha256(data), NOW)


async def send(uploads, sender, row, data, start=0):
    """Send segments from an offset to the end."""
    for at in range(start, len(data), SEGMENT_SIZE):
        row = await uploads.append(sender, row.upload, at, data[at : at + SEGMENT_SIZE], NOW)
    return row


@pytest.mark.parametrize("length", [1, SEGMENT_SIZE - 1, SEGMENT_SIZE, SEGMENT_SIZE + 1])
async def test_upload_of_any_length_completes(uploads, objects, length):
    """What was sent in segments is complete and reads back the same."""
    sender, data = actor(), os.urandom(length)
    row = await send(uploads, sender, await begin(uploads, sender, data), data)
    assert row.state == "complete"
    kept = [piece async for piece in read_range(objects, upload_object(row.upload), 0, length)]
    assert b"".join(kept) == data


async def test_upload_resumes_after_a_restart(uploads, pool, objects):
    """A process that knows nothing of the running hash goes on and finds the same one."""
    sender, data = actor(), os.urandom(2 * SEGMENT_SIZE + 5)
    row = await begin(uploads, sender, data)
    await uploads.append(sender, row.upload, 0, data[:SEGMENT_SIZE], NOW)
    other = Uploads(ItemStore(pool), objects, UploadLimits(3 * SEGMENT_SIZE, SEGMENT_SIZE))
    found = await other.find(sender, row.upload, NOW)
    assert found.received == SEGMENT_SIZE
    assert (await send(other, sender, row, data, SEGMENT_SIZE)).state == "complete"


class Failing:
    """A store that loses what it is given the first time, after reading all of it."""

    def __init__(self, inner):
        self.inner, self.failed = inner, 0

    async def put(self, name, data):
        if name.endswith("00000001") and not self.failed:
            self.failed += 1
            await asyncio.sleep(0.05)  # until the segment was hashed
            raise UnavailableError("away")
        await self.inner.put(name, data)

    async def get(self, name, start, length):
        return await self.inner.get(name, start, length)


async def test_a_segment_that_was_not_kept_is_in_no_hash(pool, objects):
    """A segment that was hashed, and then not kept, is sent again and counts once (P10)."""
    sender, data = actor(), os.urandom(2 * SEGMENT_SIZE + 5)
    store = Failing(objects)
    uploads = Uploads(ItemStore(pool), store, UploadLimits(3 * SEGMENT_SIZE, SEGMENT_SIZE))
    row = await begin(uploads, sender, data)
    with pytest.raises(UnavailableError):
        await send(uploads, sender, row, data)
    found = await uploads.find(sender, row.upload, NOW)
    assert (store.failed, found.received, found.state) == (1, SEGMENT_SIZE, "open")
    assert (await send(uploads, sender, row, data, SEGMENT_SIZE)).state == "complete"


async def test_few_segments_wait_to_be_hashed(uploads):
    """Of an upload that nobody goes on with nothing is held but a hash."""
    sender, data = actor(), os.urandom(2 * SEGMENT_SIZE + 5)
    row = await begin(uploads, sender, data)
    await uploads.append(sender, row.upload, 0, data[:SEGMENT_SIZE], NOW)
    await uploads.append(sender, row.upload, SEGMENT_SIZE, data[SEGMENT_SIZE : 2 * SEGMENT_SIZE], NOW)
    [(received, hashing)] = uploads._running.values()
    assert received == 2 * SEGMENT_SIZE
    assert (await hashing).digest() == sha256(data[: 2 * SEGMENT_SIZE])


async def test_other_bytes_than_announced_are_dropped(uploads):
    """The hash is checked at the end; an upload that differs is gone."""
    sender, data = actor(), os.urandom(10)
    row = await begin(uploads, sender, data)
    with pytest.raises(InvalidRequestError) as caught:
        await uploads.append(sender, row.upload, 0, os.urandom(10), NOW)
    assert caught.value.code == "wrong-hash"
    with pytest.raises(NotFoundError):
        await uploads.find(sender, row.upload, NOW)


@pytest.mark.parametrize("offset", [SEGMENT_SIZE, 1, 2 * SEGMENT_SIZE])
async def test_other_offset_is_refused(uploads, offset):
    """A segment that is not the next is refused and changes nothing."""
    sender, data = actor(), os.urandom(SEGMENT_SIZE + 1)
    row = await begin(uploads, sender, data)
    with pytest.raises(ConflictError):
        await uploads.append(sender, row.upload, offset, data[:SEGMENT_SIZE], NOW)
    assert (await uploads.find(sender, row.upload, NOW)).received == 0


@pytest.mark.parametrize("size", [0, 1, SEGMENT_SIZE - 1])
async def test_short_segment_is_refused(uploads, size):
    """A segment that is cut is not kept: the upload stays where it was."""
    sender, data = actor(), os.urandom(SEGMENT_SIZE + 1)
    row = await begin(uploads, sender, data)
    with pytest.raises(InvalidRequestError):
        await uploads.append(sender, row.upload, 0, data[:size], NOW)
    assert (await uploads.find(sender, row.upload, NOW)).received == 0


async def test_upload_belongs_to_its_sender(uploads):
    """To anybody else it is not there."""
    sender, data = actor(), b"x"
    row = await begin(uploads, sender, data)
    with pytest.raises(NotFoundError):
        await uploads.append(actor(), row.upload, 0, data, NOW)


async def test_upload_ends_after_a_day(uploads, objects):
    """After 24 hours it is gone, and the sweep removes its segments."""
    sender, data = actor(), os.urandom(5)
    row = await send(uploads, sender, await begin(uploads, sender, data), data)
    late = NOW + UPLOAD_SECONDS
    with pytest.raises(GoneError):
        await uploads.find(sender, row.upload, late)
    assert await uploads.sweep(late) >= 1
    with pytest.raises(NotFoundError):
        await uploads.find(sender, row.upload, NOW)


async def test_sweep_goes_on_by_itself(uploads, objects):
    """The running service sweeps, also after a round in which the database did not answer (F06)."""
    sender, data = actor(), os.urandom(5)
    row = await send(uploads, sender, await begin(uploads, sender, data), data)
    rounds, swept = [], asyncio.Event()
    (draft := objects._folder / "parts" / "00000000#1").parent.mkdir(exist_ok=True)
    draft.write_bytes(b"half")
    os.utime(draft, (NOW, NOW))

    def clock():
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise ConnectionResetError
        if len(rounds) == 3:
            swept.set()
        return NOW + UPLOAD_SECONDS + 1

    task = asyncio.create_task(uploads.sweep_forever(clock, 0.01))
    await swept.wait()
    task.cancel()
    assert not draft.exists()
    with pytest.raises(NotFoundError):
        await uploads.find(sender, row.upload, NOW)
    with pytest.raises(UnavailableError):
        await objects.get(f"{upload_object(row.upload)}/{0:08d}", 0, 5)


async def test_limit_depends_on_the_sender(uploads):
    """N16: a person may send less than a system, and nobody more than the limit."""
    with pytest.raises(TooLargeError):
        await uploads.begin(actor("person"), new_id(), SEGMENT_SIZE + 1, b"h" * 32, NOW)
    with pytest.raises(TooLargeError):
        await uploads.begin(actor(), new_id(), 3 * SEGMENT_SIZE + 1, b"h" * 32, NOW)


async def test_what_waits_is_bounded(uploads):
    """A sender cannot fill the store of a dossier with uploads that are never delivered, also not by many at once."""
    sender, dossier, most = actor("person"), new_id(), OPEN_PARTS
    begun = await asyncio.gather(
        *(uploads.begin(sender, dossier, SEGMENT_SIZE, b"h" * 32, NOW) for _ in range(most + 3)), return_exceptions=True
    )
    assert [type(each) for each in begun].count(TooManyError) == 3
    with pytest.raises(TooManyError):
        await uploads.begin(sender, dossier, 1, b"h" * 32, NOW)
    assert (await uploads.begin(sender, new_id(), 1, b"h" * 32, NOW)).state == "open"
    assert (await uploads.begin(actor("person"), dossier, 1, b"h" * 32, NOW)).state == "open"
    await uploads.discard(next(each for each in begun if not isinstance(each, TooManyError)))
    assert (await uploads.begin(sender, dossier, 1, b"h" * 32, NOW)).state == "open"


class Slow:
    """An object store that keeps nothing before it is let go on."""

    def __init__(self, inner):
        self._inner, self.gate, self.begun = inner, asyncio.Event(), asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def put(self, name, data):
        """Wait, then keep it."""
        self.begun.set()
        await self.gate.wait()
        await self._inner.put(name, data)


async def test_two_segments_at_once(pool, objects):
    """Of two that are sent for one place at once one is taken, and what is complete are the announced bytes (F16, P10)."""
    slow, sender, data = Slow(objects), actor(), os.urandom(SEGMENT_SIZE + 10)
    uploads = Uploads(ItemStore(pool), slow, UploadLimits(3 * SEGMENT_SIZE, SEGMENT_SIZE))
    row = await begin(uploads, sender, data)
    first, other = data[:SEGMENT_SIZE], os.urandom(SEGMENT_SIZE)
    sent = [asyncio.ensure_future(uploads.append(sender, row.upload, 0, first, NOW))]
    await slow.begun.wait()
    sent.append(asyncio.ensure_future(uploads.append(sender, row.upload, 0, other, NOW)))
    await asyncio.sleep(0.1)
    slow.gate.set()
    ends = await asyncio.gather(*sent, return_exceptions=True)
    assert [type(each) for each in ends] == [type(row), ConflictError]
    assert ends[1].code == "wrong-offset"
    # A stranger learns nothing of it while a segment is being taken.
    with pytest.raises(NotFoundError):
        await uploads.append(actor(), row.upload, 0, other, NOW)
    assert (await send(uploads, sender, row, data, SEGMENT_SIZE)).state == "complete"
    kept = b"".join([piece async for piece in read_range(objects, upload_object(row.upload), 0, len(data))])
    assert kept == data


async def test_a_look_that_is_old_by_now(uploads, objects, monkeypatch):
    """Whoever looked before another segment was taken, and comes after it, writes over nothing (F16, P10)."""
    sender, data = actor(), os.urandom(SEGMENT_SIZE + 10)
    row = await begin(uploads, sender, data)
    look, taken = uploads._store.upload, asyncio.Event()

    async def late(upload):
        found = await look(upload)
        await taken.wait()
        return found

    monkeypatch.setattr(uploads._store, "upload", late)
    other = asyncio.ensure_future(uploads.append(sender, row.upload, 0, os.urandom(SEGMENT_SIZE), NOW))
    await asyncio.sleep(0.1)
    monkeypatch.undo()
    await uploads.append(sender, row.upload, 0, data[:SEGMENT_SIZE], NOW)
    taken.set()
    with pytest.raises(ConflictError):
        await other
    kept = [piece async for piece in read_range(objects, upload_object(row.upload), 0, SEGMENT_SIZE)]
    assert b"".join(kept) == data[:SEGMENT_SIZE]


async def test_a_key_begins_one_upload(uploads):
    """Beginning again under the same key gives the same upload as it stands; other bytes are refused (N72)."""
    sender, dossier, data, key = actor(), new_id(), os.urandom(SEGMENT_SIZE + 5), b"k" * 16
    wanted = dossier, len(data), sha256(data), NOW, key
    begun = await asyncio.gather(*(uploads.begin(sender, *wanted) for _ in range(3)))
    assert begun[0] == begun[1] == begun[2]
    row = await uploads.append(sender, begun[0].upload, 0, data[:SEGMENT_SIZE], NOW)
    assert await uploads.begin(sender, *wanted) == row
    with pytest.raises(RepeatedError):
        await uploads.begin(sender, dossier, len(data), sha256(b"other"), NOW, key)
    others = [(actor(), dossier, key), (sender, dossier[:2] + new_id()[2:], key), (sender, dossier, b"l" * 16)]
    ids = {(await uploads.begin(who, where, len(data), sha256(data), NOW, by)).upload for who, where, by in others}
    assert len(ids | {row.upload}) == 4
