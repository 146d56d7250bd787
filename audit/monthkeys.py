"""The month keys as the log uses them; where they are kept is the application's matter, never the database's."""

from __future__ import annotations

from typing import Protocol


class MonthKeys(Protocol):
    """Keys of 32 bytes by month (`2026-11`). A destroyed month never comes back."""

    def current(self, month: str) -> bytes:
        """Return the key of the present month, made at its first use."""

    def find(self, month: str) -> bytes:
        """Return the key of a month; raise IncompleteError when it was destroyed or never made."""
