"""Versioned code lists: purposes (a tree), roles, item types, labels, sections, lanes, actions, bases, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """Sensitivity of an item: `rank` orders labels, a `high` one is never for later team members."""

    rank: int
    high: bool
    lease_seconds: int
    reason_wanted: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version. `hash` is the SHA-256 of its canonical bytes, in hex.

    `purposes` maps each code to its parent ("" for a root).
    """

    hash: str
    version: str
    purposes: Mapping[str, str]
    roles: frozenset[str]
    types: frozenset[str]
    labels: Mapping[str, Label]
    sections: frozenset[str]
    lanes: frozenset[str]
    actions: frozenset[str]
    bases: frozenset[str]
    reasons: frozenset[str]

    def is_within(self, purpose: str, ancestor: str) -> bool:
        """Whether `purpose` is `ancestor` or lies below it; false if either is unknown."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Catalogues:
    """All versions by hash; `current` is the one whose codes a request may use."""

    versions: Mapping[str, Catalogue]
    current: Catalogue
