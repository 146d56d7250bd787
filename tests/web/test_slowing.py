"""Waiting beyond a limit."""

from __future__ import annotations

import asyncio

import pytest

from dossier.errors import TooManyError
from web.slowing import MOST_WAITING, Slowed

ACTOR, OTHER = b"a" * 16, b"b" * 16


async def test_few_of_one_actor_wait():
    """However many requests one actor sends at once, few wait and the rest are refused; nobody else is (N60)."""
    slowed = Slowed()
    waiting = [asyncio.create_task(slowed.wait(ACTOR, 3_600)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyError):
        await slowed.wait(ACTOR, 0)
    await slowed.wait(OTHER, 0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await slowed.wait(ACTOR, 0)
    assert slowed == Slowed()
