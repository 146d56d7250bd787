"""What a review found of release and its end: each test is one way by which something got out, or stayed open."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.core import Core
from crypto.encoding import encode_base64, new_id, sha256
from crypto.keys import SealingKey
from crypto.sections import SectionPlace
from dossier.dossiers.statements import read_capsules
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.items.intake import Deliver
from dossier.items.objects import StoredObjects
from dossier.items.store import USE_UPLOAD, ItemStore, UploadWant
from dossier.items.uploads import UploadLimits, Uploads
from dossier.parties.actor import Actor, Assurance
from dossier.reading.entry import ReadingEndedError
from dossier.reading.leases import Leases, ReadingStoppedError
from dossier.reading.store import ReadingStore
from dossier.sharing.store import AllItemsWant
from tests.dossier.town import Home, claim, now, reading_request, seal_delivery


async def test_impossible_version_tells_nothing(town, world):
    """A version that no store can hold is refused alike for an item that is hidden and for one that is not there."""
    _agency, _system, reader, _home, item = world
    for target in (item, new_id()):
        with pytest.raises(InvalidRequestError):
            await town.read(reader, target, version=2**31)


def test_capsule_with_impossible_number():
    """A capsule that names an epoch which no store can hold is the sender's fault, not the service's."""
    key = KeyId.section(SectionPlace(new_id(), "debts", "ordinary", 2**40))
    keys = {key: secrets.token_bytes(32)}
    capsule = seal_capsule(secrets.token_bytes(32), new_id(), SealingKey.generate().public, keys)
    with pytest.raises(InvalidRequestError):
        read_capsules([encode_base64(capsule.encode())])


async def test_stream_that_is_no_dossier_is_not_there(town, world):
    """Delivering to the id of a person's stream answers as for an id of nothing (N71)."""
    _agency, system, reader, home, _item = world
    elsewhere = Home(reader.id, home.owner, home.key, home.root, home.stream_key, home.chain, home.secrets)
    with pytest.raises(NotFoundError):
        await town.deliver(elsewhere, system)


async def test_stream_that_is_no_case_is_no_case(town, world):
    """An owner's reading that names another stream as its case is answered as for a case that does not exist."""
    agency, _system, _reader, home, item = world
    for case in (agency.id, new_id()):
        with pytest.raises(NotFoundError):
            await town.read(home.owner, item, case=case.hex(), purpose="")


async def test_retry_never_releases_a_newer_version(town, world, monkeypatch):
    """Asked again within its lease, a reading of the newest version does not give the one that came since (P3)."""
    _agency, system, reader, home, item = world
    await town.give(home, reader)
    nonce = secrets.token_bytes(16)
    envelope = reading_request(reader, item, nonce, version=0)
    first = await town.send(reader, item, nonce, envelope)
    assert (await town.send(reader, item, nonce, envelope)).version == first.version == 1
    await _correct(town, home, system, item, monkeypatch)
    with pytest.raises(ReadingEndedError):
        await town.send(reader, item, nonce, envelope)


async def _correct(town, home, system, item, monkeypatch):
    """Deliver version 2 of an item."""
    changed = {"version": 2, "previous": home.items[item].hash}
    monkeypatch.setattr("tests.dossier.town.Core", lambda **fields: Core(**fields | changed))
    delivery = seal_delivery(home, system, b"verbeterd", "debts", item=item)
    await town.writer.submit(Deliver(system.actor, delivery, claim(system.actor)))


async def test_lease_ends_with_the_consent_that_took_over(town, world, pool, tmp_path):
    """A reading that goes on under a shorter consent stops when that one ends, not when the first would have (P2)."""
    _agency, system, reader, home, _item = world
    item = await town.deliver(home, system, section="income")
    scope = {name: [] for name in ("items", "sections", "lanes", "types", "sources")}
    scope |= {"sections": ["income"], "case": "", "labelCeiling": "", "dataFrom": 0, "dataUntil": 0}
    long = await town.give(home, reader, capsules=False, scope=scope)
    leases = Leases(town.writer, ReadingStore(pool), StoredObjects.in_folder(tmp_path), town.uses)
    answer = await town.read(reader, item)
    reading = bytes.fromhex(answer.reading)
    await town.give(home, reader, capsules=False, scope=scope, until=now() + 2)
    await town.withdraw(home, long)
    await leases.open_range(reader.actor, reading, 0, (0, None))
    await asyncio.sleep(2.1)
    with pytest.raises(ReadingStoppedError):
        await leases.open_range(reader.actor, reading, 0, (0, None))


async def test_ending_looks_at_no_item_it_does_not_list(town, world, monkeypatch):
    """Ending a consent of whole sections reads no item at all: a dossier that grows does not make it slower (P7)."""
    _agency, _system, reader, home, _item = world
    consent = await town.give(home, reader)

    async def load(connection, wants):
        raise AssertionError("all items were read")

    monkeypatch.setattr(AllItemsWant, "load", load)
    assert (await town.withdraw(home, consent)).state == "withdrawn"


async def test_sweep_never_takes_what_an_item_is_about_to_name(pool, tmp_path):
    """An upload that a batch has looked at stays until the batch ends; if an item names it then, it stays (P10)."""
    sender, data = Actor("system", new_id(), new_id(), (), Assurance.HIGH, now(), b"s" * 16), b"een groot stuk"
    uploads = Uploads(ItemStore(pool), StoredObjects.in_folder(tmp_path), UploadLimits(100, 100))
    row = await uploads.begin(sender, new_id(), len(data), sha256(data), now())
    await uploads.append(sender, row.upload, 0, data, now())
    async with pool.acquire() as connection:
        async with connection.transaction():
            assert await UploadWant.load(connection, [UploadWant(row.upload)])
            swept = asyncio.create_task(uploads.sweep(row.expires))
            await asyncio.sleep(0.3)
            await connection.execute(USE_UPLOAD, row.upload)
        await swept
    assert await pool.fetchval("SELECT state FROM dossier.upload WHERE upload = $1", row.upload) == "used"
