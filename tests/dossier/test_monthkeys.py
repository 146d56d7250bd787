from __future__ import annotations

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit import eventstore
from audit.errors import IncompleteError
from dossier.monthkeys import FileMonthKeys, destroy_month, rewrap_forever, rewrap_stream_keys
from tests.audit.town import open_stream, read, running


def test_made_once(tmp_path):
    """A month has one key of 32 bytes, whoever asks first, and it outlives the process."""
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: FileMonthKeys(folder).current("2026-11"), range(32)))
    assert len(made) == 1
    assert FileMonthKeys(folder).find("2026-11") in made
    assert {len(key) for key in made} == {32}
    assert [path.name for path in folder.iterdir()] == ["2026-11"]


def test_private(tmp_path):
    """Folder and files are for their owner alone."""
    keys = FileMonthKeys(tmp_path / "keys")
    keys.current("2026-11")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "2026-11").stat().st_mode) == 0o600


@pytest.mark.parametrize("month", ["2026-13", "../../etc", "2026-1", "", "2026-11\n", "2026-11.destroyed"])
def test_strange_months(tmp_path, month):
    """Only a month names a key."""
    with pytest.raises(IncompleteError):
        FileMonthKeys(tmp_path / "keys").current(month)


def test_destroyed(tmp_path):
    """A destroyed month stays destroyed, also when a backup brings its file back."""
    keys = FileMonthKeys(tmp_path / "keys")
    old = keys.current("2020-01")
    keys.current("2026-11")
    keys.destroy("2020-01")
    assert keys.months() == ["2026-11"]
    for attempt in (keys.find, keys.current):
        with pytest.raises(IncompleteError):
            attempt("2020-01")
    (tmp_path / "keys" / "2020-01").write_bytes(old)
    with pytest.raises(IncompleteError):
        FileMonthKeys(tmp_path / "keys").find("2020-01")


def test_damaged(tmp_path):
    """A key file of another length is refused, never padded."""
    keys = FileMonthKeys(tmp_path / "keys")
    (tmp_path / "keys" / "2026-11").write_bytes(b"short")
    with pytest.raises(IncompleteError):
        keys.current("2026-11")
    with pytest.raises(IncompleteError):
        keys.find("2026-10")


async def test_month_turns(pool, tmp_path):
    """Stream keys move to the new month; then the old one can die: its payloads are gone, its streams go on."""
    keys = FileMonthKeys(tmp_path / "keys")
    async with running(pool, keys=keys) as writer:
        stream = await open_stream(writer)
    [month] = keys.months()
    with pytest.raises(IncompleteError):
        await destroy_month(pool, keys, month)
    assert await rewrap_stream_keys(pool, keys, "2099-01") == 1
    assert await rewrap_stream_keys(pool, keys, "2099-01") == 0
    other = FileMonthKeys(tmp_path / "other")
    for name in keys.months():
        (tmp_path / "other" / name).write_bytes((tmp_path / "keys" / name).read_bytes())
    await destroy_month(pool, keys, month)
    async with pool.acquire() as connection:
        stored = (await eventstore.events(connection, stream))[0]
        assert len(await eventstore.epoch_keys(connection, stream, keys)) == 1
    with pytest.raises(IncompleteError):
        eventstore.open_event(stored, keys)
    async with running(pool, keys=other) as writer:
        assert (await writer.submit(read(stream))).seq == 2


async def test_running_service_follows_the_month(pool, tmp_path):
    """Nobody has to remember it: a running service moves stream keys to the present month, so that an old one can die."""
    keys = FileMonthKeys(tmp_path / "keys")
    async with running(pool, keys=keys) as writer:
        await open_stream(writer)
    [month] = keys.months()
    task = asyncio.create_task(rewrap_forever(pool, keys, lambda: 4_071_000_000))
    async with asyncio.timeout(20):
        while await pool.fetchval("SELECT count(*) FROM audit.stream_key WHERE month = $1", month):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await destroy_month(pool, keys, month)
    assert keys.months() == ["2099-01"]
