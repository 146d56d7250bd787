"""Items as a client shows them: those that verified and opened, and those that did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crypto.headers import Header


@dataclass(frozen=True)
class OpenedItem:
    """An item of a list whose header verified and whose metadata opened. `shown` is what the service said of it."""

    header: Header
    metadata: Mapping[str, Any] = field(repr=False)
    item_key: bytes = field(repr=False)
    shown: Mapping[str, Any] = field(repr=False)

    @property
    def item(self) -> str:
        """The hex id."""
        return self.header.core.item.hex()

    @property
    def title(self) -> str:
        """The title, which only those who hold the item's key can read."""
        return str(self.metadata["title"])


@dataclass(frozen=True)
class RejectedItem:
    """An item that does not verify: never shown as a record, only as something to look into (R9)."""

    item: str
    reason: str
