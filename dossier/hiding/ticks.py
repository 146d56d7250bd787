"""When a hidden answer leaves: at a tick, so that its time tells nothing of what was found."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

TICK = 0.025
"""Seconds between the instants at which hidden answers leave."""

FLOOR = 0.050
"""Seconds from arrival before which none leaves."""


def release_time(arrival: float, ready: float) -> float:
    """Return when an answer that is ready leaves: the first tick after it, `FLOOR` after arrival at the earliest.

    Ticks are counted from arrival, so that a caller who sends at chosen instants learns no more than one who does not.
    All times are seconds of one clock.
    """
    waited = max(ready - arrival, FLOOR)
    return arrival + math.ceil(waited / TICK - 1e-9) * TICK


async def hold(arrival: float, clock: Callable[[], float]) -> None:
    """Wait until a hidden answer may leave."""
    await asyncio.sleep(max(release_time(arrival, clock()) - clock(), 0))
