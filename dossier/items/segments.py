"""A large part travels and is kept in segments: how large they are, and what they are called (ADR 0402)."""

from __future__ import annotations

from typing import Final

SEGMENT_SIZE: Final = 4 * 1024 * 1024
"""Bytes in every segment but the last, and the most that one request may send."""


def segment_names(folder: str, length: int) -> tuple[str, ...]:
    """Return the names of the segments of a part of this length, in order; none for an empty part."""
    return tuple(f"{folder}/{number:08d}" for number in range(-(-length // SEGMENT_SIZE)))
