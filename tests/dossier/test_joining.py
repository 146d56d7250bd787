"""Questions that wait are asked together, and nobody gets an answer that is older than the question."""

from __future__ import annotations

import asyncio

from dossier.joining import Joining


async def test_nobody_joins_a_query_that_runs():
    """Who asks for the same session while a query runs gets what a later one reads: never older than the question."""
    turns, go = [], asyncio.Event()

    async def load(places):
        turns.append(places)
        known = {} if len(turns) > 1 else {places[0]: "live"}
        await go.wait()
        return known

    loads, where = Joining(load), "place"
    early = asyncio.create_task(loads.find(where))
    await asyncio.sleep(0.01)
    late = asyncio.create_task(loads.find(where))
    await asyncio.sleep(0)
    go.set()
    assert (await early, await late) == ("live", None)


async def test_a_failed_query_fails_those_who_waited_for_it_only():
    """All who asked get the error of their query; the next question is asked anew."""
    turns = []

    async def load(places):
        turns.append(places)
        await asyncio.sleep(0)
        if len(turns) == 1:
            raise ConnectionResetError
        return {}

    loads, where = Joining(load), "place"
    failed = await asyncio.gather(*(loads.find(where) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in failed] == [ConnectionResetError] * 3
    assert await loads.find(where) is None
    assert len(turns) == 2
