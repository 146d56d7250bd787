"""Authority that ends by time: the sweeper writes it down and ends the stream key's epoch."""

from __future__ import annotations

import asyncio

import pytest

from audit.entry import View
from audit.payload import open_stream_key
from crypto.encoding import sha256
from dossier.dossiers.stopping import StopAuthority
from dossier.epochs.lapsing import Lapse, LapseSweeper, MovedError
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore, EpochWant
from dossier.items.store import ItemStore
from tests.audit.town import KEYS
from tests.dossier.test_succession import capsule_for, change, holder, next_list
from tests.dossier.town import claim, now


async def appointed(town, home, seconds, **changes):
    """Somebody who holds the dossier for so many seconds more."""
    friend = await town.person("Daniël")
    entry = holder(friend, "mandate", until=now() + seconds, **changes)
    statement = await next_list(town, home, [holder(home.owner, "owner"), entry], [home.owner])
    capsules = [capsule_for(home, statement, friend)] if entry["full"] else []
    await change(town, home, statement, capsules)
    return friend


async def waiting(town, home):
    """The kinds of keys that wait."""
    epochs = Epochs(EpochStore(town.pool), town.sharing, ItemStore(town.pool))
    return {each.key for each in await epochs.pending(await town.writer.look((home.id,)), home.id)}


async def keys_of(town, home):
    """The opened keys of the stream's epochs."""
    rows = await town.pool.fetch("SELECT epoch, month, wrapped FROM audit.stream_key WHERE stream = $1", home.id)
    opened = {each["epoch"]: each for each in rows}
    return [open_stream_key(KEYS.find(opened[n]["month"]), home.id, n, opened[n]["wrapped"]) for n in sorted(opened)]


async def swept(town, home, at):
    """Sweep as if it were then, and count this dossier's rows that are left."""
    done = await LapseSweeper(town.writer, EpochStore(town.pool)).run_once(at)
    left = await town.pool.fetchval("SELECT count(*) FROM dossier.authority_due WHERE dossier = $1", home.id)
    return done, left


async def test_lapsed_full_holder_ends_the_epoch(town, home):
    """When a full holder's time is over every key waits; the sweeper ends the stream key's epoch, once (P7)."""
    await appointed(town, home, 2)
    assert await waiting(town, home) == set()
    while "dossier-key" not in await waiting(town, home):  # noqa: ASYNC110 - time tells nobody that it passed
        await asyncio.sleep(0.1)
    assert await waiting(town, home) == {"dossier-key", "dossier-root", "stream-key", "section-key"}
    assert await swept(town, home, now()) == (1, 0)
    assert await waiting(town, home) == {"dossier-key", "dossier-root", "section-key"}
    first, second = await keys_of(town, home)
    assert first == home.stream_key
    epoch = await EpochStore(town.pool).last_epoch(home.id)
    assert (epoch.epoch, epoch.key_hash) == (1, sha256(second).hex())
    assert await swept(town, home, now()) == (0, 0)


async def test_limited_holder_ends_no_epoch(town, home):
    """The end of a holder of one section is written down, and only that section's keys wait."""
    await appointed(town, home, 1, full=False, sections=["debts"])
    while not await waiting(town, home):  # noqa: ASYNC110 - time tells nobody that it passed
        await asyncio.sleep(0.1)
    assert await waiting(town, home) == {"section-key"}
    assert await swept(town, home, now()) == (1, 0)
    assert len(await keys_of(town, home)) == 1


async def test_ended_before_its_time_is_not_ended_twice(town, home):
    """Who was ended without a key ended the epoch then; the sweeper finds nothing more to do."""
    friend = await appointed(town, home, 1)
    await town.writer.submit(StopAuthority(home.owner.actor, home.id, friend.id, claim(home.owner.actor)))
    assert len(await keys_of(town, home)) == 2
    await asyncio.sleep(1.1)
    assert await swept(town, home, now()) == (0, 0)
    assert len(await keys_of(town, home)) == 2


async def test_dropped_from_the_list_ends_the_epoch(town, home):
    """A list without a full holder is followed by the end of the epoch in the same act; one that adds is not."""
    await appointed(town, home, 1000)
    assert len(await keys_of(town, home)) == 1
    statement = await next_list(town, home, [holder(home.owner, "owner")], [home.owner])
    await change(town, home, statement)
    assert len(await keys_of(town, home)) == 2
    assert "stream-key" not in await waiting(town, home)


async def test_stepping_down_ends_the_epoch(town, home):
    """A full holder who steps down ends the epoch too."""
    friend = await appointed(town, home, 1000)
    await town.writer.submit(StopAuthority(friend.actor, home.id, friend.id, claim(friend.actor)))
    assert len(await keys_of(town, home)) == 2


async def test_a_list_in_the_same_batch_leaves_it_to_the_next_round(town, home):
    """What was looked up before a list of the same batch says nothing of that list: nothing is done, nothing forgotten."""
    friend = await appointed(town, home, 1000)
    until = (await look_at(town, home))[friend.id]
    view = await town.writer.look((home.id,))
    stale = View(
        view.at_ms, {home.id: view.head(home.id)}, {home.id: view.facts(home.id)}, {EpochWant(home.id): (None, {})}
    )
    with pytest.raises(MovedError):
        Lapse(home.id, friend.id, until).judge(stale)

    class Moving:
        async def submit(self, _entry):
            raise MovedError

    await LapseSweeper(Moving(), EpochStore(town.pool)).run_once(until)
    assert (await look_at(town, home))[friend.id] == until


async def look_at(town, home):
    """When to look at whose authority."""
    rows = await town.pool.fetch("SELECT person, look_at FROM dossier.authority_due WHERE dossier = $1", home.id)
    return {each["person"]: each["look_at"] for each in rows}
