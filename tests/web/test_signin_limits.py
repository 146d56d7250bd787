"""Rate limits: counted here, shared each second."""

from __future__ import annotations

import pytest

from dossier.errors import TooManyError
from web.signin.limits import Limit, Limiter
from web.signin.store import SignInStore

LIMIT = Limit("test", 3, 60)
OTHER = Limit("other", 3, 60)


def use_up(limiter, times, who=b"a", limit=LIMIT):
    for _ in range(times):
        limiter.count(limit, who)


def test_the_limit_is_the_last_that_passes():
    """Three are let through, the fourth is told when to come back."""
    limiter = Limiter(lambda: 45)
    use_up(limiter, 3)
    with pytest.raises(TooManyError) as caught:
        use_up(limiter, 1)
    assert caught.value.retry_after == 15


def test_others_and_other_acts_are_not_affected():
    """Limits are per actor and per kind of act (N77)."""
    limiter = Limiter(lambda: 0)
    use_up(limiter, 3)
    use_up(limiter, 3, who=b"b")
    use_up(limiter, 3, limit=OTHER)
    with pytest.raises(TooManyError):
        limiter.check(LIMIT, b"a")


def test_a_new_window_begins_anew():
    """After the window the counts are gone."""
    now = [0]
    limiter = Limiter(lambda: now[0])
    use_up(limiter, 3)
    now[0] = 60
    use_up(limiter, 3)
    with pytest.raises(TooManyError):
        use_up(limiter, 1)


def test_counts_stay_between_flush_and_answer():
    """What was handed over to be flushed counts on, whether or not the answer comes."""
    limiter = Limiter(lambda: 0)
    use_up(limiter, 2)
    assert [count for _, _, count in limiter.take()] == [2]
    use_up(limiter, 1)
    with pytest.raises(TooManyError):
        use_up(limiter, 1)


async def test_processes_share_their_counts(pool):
    """Two processes together are let through no more than one, once they have flushed."""
    store, now = SignInStore(pool), 1_000_000
    first, second = Limiter(lambda: now), Limiter(lambda: now)
    for limiter in (first, second):
        use_up(limiter, 2, who=b"shared")
        counts = limiter.take()
        limiter.learn(counts, await store.flush(counts, []))
    with pytest.raises(TooManyError):
        use_up(second, 1, who=b"shared")
    use_up(first, 1, who=b"shared")
    counts = first.take()
    first.learn(counts, await store.flush(counts, []))
    with pytest.raises(TooManyError):
        use_up(first, 1, who=b"shared")


async def test_an_old_window_in_the_database_counts_for_nothing(pool):
    """A new window starts at zero in the database too."""
    store, now = SignInStore(pool), [6_000]
    limiter = Limiter(lambda: now[0])
    use_up(limiter, 3, who=b"window")
    await store.flush(limiter.take(), [])
    now[0] = 6_060
    use_up(limiter, 1, who=b"window")
    assert list((await store.flush(limiter.take(), [])).values()) == [1]


async def test_sweeping_takes_what_has_ended(pool):
    """Ended rows go; those that hold stay."""
    store = SignInStore(pool)
    await store.use_jti(b"c" * 16, b"a" * 32, 100)
    await store.use_jti(b"c" * 16, b"b" * 32, 200)
    await store.sweep(150)
    assert await store.use_jti(b"c" * 16, b"a" * 32, 300)
    assert not await store.use_jti(b"c" * 16, b"b" * 32, 300)
