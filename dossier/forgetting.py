"""Forgetting answers that were kept for idempotency keys: after seven days a key answers no more, and its row goes.

An answer opens fields of its event. What is erased there must not live on here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from audit import store
from dossier.database import CONNECTION_ERRORS

ROUND_SECONDS = 3_600
ALL: Final = 2**62
"""Later than every instant: the database itself spares what is younger than seven days."""

_LOG = logging.getLogger(__name__)


async def forget_forever(pool: Any) -> None:
    """One round at the start and one an hour; a database that is away is asked again in the next."""
    while True:
        try:
            await store.forget_claims(pool, ALL)
        except CONNECTION_ERRORS as error:
            _LOG.warning("old idempotency keys wait for the next round: %s", type(error).__name__)
        await asyncio.sleep(ROUND_SECONDS)
