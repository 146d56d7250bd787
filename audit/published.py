"""The public files of a log as they are read: bytes or nothing become entries or hashes, or a finding that says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from audit.errors import LogFormatError
from audit.tiles import TILE_WIDTH, Bundle, Tile, parse_bundle, parse_tile

Place = TypeVar("Place", Tile, Bundle)
Row = list[bytes]


class Fetcher(Protocol):
    """Where the public files of a log are read from.

    Each method returns the bytes as published, or None when there is no such file; any other failure is raised and
    ends the check. Partial tiles may be gone once the full one exists: the check then asks for the full one.
    """

    def checkpoint(self) -> bytes | None:
        """Return the signed checkpoint."""
        ...

    def tile(self, tile: Tile) -> bytes | None:
        """Return a tile of hashes."""
        ...

    def entries(self, bundle: Bundle) -> bytes | None:
        """Return a bundle of entries."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a code, the file or entry where it is, and a sentence."""

    code: str
    where: str
    text: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.where}: {self.text}"


@dataclass(frozen=True, slots=True)
class Published:
    """The files of one log; every read gives what is there, or None and the finding about it."""

    fetcher: Fetcher

    def hashes(self, tile: Tile) -> tuple[Row | None, Finding | None]:
        """Read the hashes of a tile."""
        return self._read(tile, self.fetcher.tile, parse_tile, Tile(tile.level, tile.index))

    def entries(self, bundle: Bundle) -> tuple[Row | None, Finding | None]:
        """Read the entries of a bundle."""
        return self._read(bundle, self.fetcher.entries, parse_bundle, Bundle(bundle.index))

    def _read(
        self, place: Place, read: Callable[[Place], bytes | None], parse: Callable[[bytes, int], Row], full: Place
    ) -> tuple[Row | None, Finding | None]:
        data, width = read(place), place.width
        if data is None and width < TILE_WIDTH:
            data, width = read(full), TILE_WIDTH
        if data is None:
            return None, Finding("missing", place.path, "is not there")
        try:
            return parse(data, width)[: place.width], None
        except LogFormatError as error:
            return None, Finding("malformed", place.path, str(error))
