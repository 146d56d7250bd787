"""Loading the rows that entries want: one statement for each kind of want in a batch (see audit.entry.BatchLoader)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from asyncpg import Connection


class Wanted(Protocol):
    """A kind of want: hashable, and able to load all wants of its kind at once."""

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[Any]) -> Mapping[Any, Any]:
        """Return the rows found, by want; what is not there is left out."""


class Loader:
    """Loads the wants of a batch, kind by kind."""

    async def load(self, connection: Connection, wants: Sequence[Any]) -> Mapping[Any, Any]:
        """Return what was found, by want."""
        kinds: dict[type[Wanted], list[Any]] = defaultdict(list)
        for want in dict.fromkeys(wants):
            kinds[type(want)].append(want)
        found: dict[Any, Any] = {}
        for kind, of_kind in kinds.items():
            found |= await kind.load(connection, of_kind)
        return found
