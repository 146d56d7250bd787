"""Sessions are loaded together, and nobody gets an answer that is older than the question."""

from __future__ import annotations

import asyncio
import time

import pytest

from crypto.encoding import new_id
from dossier.errors import UnauthenticatedError
from dossier.parties.accounts import Party
from web.signin.credentials import locate, new_secret
from web.signin.limits import Limiter
from web.signin.sessions import Sessions
from web.signin.store import SignInStore


class Slow(SignInStore):
    """The store, with every search for sessions held until it is let go; keeps what each asked for."""

    def __init__(self, pool):
        super().__init__(pool)
        self.asked = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def find(self, places, now):
        self.asked.append(list(places))
        found = await super().find(places, now)
        self.begun.set()
        await self.go.wait()
        return found


@pytest.fixture
def store(pool):
    return Slow(pool)


@pytest.fixture
def sessions(store):
    return Sessions(store, Limiter(lambda: int(time.time())), time.time)


async def signed_in(sessions, count):
    """Start sessions of as many citizens; return their cookies."""
    return [
        (await sessions.start_browser(Party(new_id(), None, "Jan"), "high", int(time.time()))).secret
        for _ in range(count)
    ]


async def test_who_asks_during_a_query_waits_for_the_next(sessions, store):
    """One query for the first, one for all others together; each gets its own actor, and strangers none."""
    cookies = await signed_in(sessions, 20)
    first = asyncio.create_task(sessions.actor(cookies[0], "cookie"))
    await store.begun.wait()
    stranger = new_secret(new_id())
    others = [asyncio.create_task(sessions.actor(cookie, "cookie")) for cookie in [*cookies[1:], stranger]]
    await asyncio.sleep(0)
    store.go.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert store.asked == [[locate(cookies[0])], [locate(cookie) for cookie in [*cookies[1:], stranger]]]
    assert isinstance(answers.pop(), UnauthenticatedError)
    assert len({actor.session for actor in answers}) == 20


async def test_the_same_session_is_asked_for_once(sessions, store):
    """Many requests of one browser at the same moment are one question."""
    (cookie,) = await signed_in(sessions, 1)
    store.go.set()
    actors = await asyncio.gather(*(sessions.actor(cookie, "cookie") for _ in range(50)))
    assert len({actor.session for actor in actors}) == 1
    assert store.asked == [[locate(cookie)]]


async def test_what_was_read_before_an_end_is_not_remembered(sessions, store):
    """A request that was on its way when its session ended leaves nothing behind that the next one would find."""
    party = Party(new_id(), None, "Jan")
    cookie = (await sessions.start_browser(party, "high", int(time.time()))).secret
    early = asyncio.create_task(sessions.actor(cookie, "cookie"))
    await store.begun.wait()
    await sessions.end_party(party.id, None)
    store.go.set()
    assert (await early).id == party.id
    with pytest.raises(UnauthenticatedError):
        await sessions.actor(cookie, "cookie")


async def test_one_who_gives_up_takes_nothing_from_the_others(sessions, store):
    """A request that is broken off while it waits leaves the answer to those who ask the same."""
    (cookie,) = await signed_in(sessions, 1)
    leaving = asyncio.create_task(sessions.actor(cookie, "cookie"))
    staying = asyncio.create_task(sessions.actor(cookie, "cookie"))
    await store.begun.wait()
    leaving.cancel()
    store.go.set()
    assert (await staying).kind == "person"
    assert leaving.cancelled()
