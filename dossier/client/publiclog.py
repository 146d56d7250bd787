"""The files of a public log, from a folder or over HTTP: what a verifier reads (audit.published.Fetcher).

Nothing read here is believed; it is only bounded in size. Paths are those of c2sp.org/tlog-tiles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from audit.tiles import Bundle, Tile
from dossier.client.carrier import Carrier, HttpCarrier, Request
from dossier.client.errors import ClientError, UnreachableError, UntrustedError

MAX_FILE: Final = 17 * 1024 * 1024
"""The largest bundle: 256 entries of 65,535 bytes, each behind its length."""

TOO_LARGE: Final = "a file of the log is too large"
TRIES: Final = 3
_ABSENT: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class PublicLog(ABC):
    """One log below a folder or a URL; use it as a context."""

    def checkpoint(self) -> bytes | None:
        """Return the signed checkpoint, None if there is none."""
        return self.read("checkpoint")

    def tile(self, tile: Tile) -> bytes | None:
        """Return a tile of hashes, None if there is none."""
        return self.read(tile.path)

    def entries(self, bundle: Bundle) -> bytes | None:
        """Return a bundle of entries, None if there is none."""
        return self.read(bundle.path)

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """Return the file of this path, None if there is none; raise UnreachableError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FolderLog(PublicLog):
    """A copy of the files of a log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        """Return the file of this path, None if there is none; raise UnreachableError."""
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            try:
                with (self._folder / path).open("rb") as file:
                    return _bounded(file.read(MAX_FILE + 1))
            except PermissionError as error:
                raise UnreachableError("a file of the log may not be read") from error
        return None

    def close(self) -> None:
        """Let go of nothing: each file is closed when it was read."""


class WebLog(PublicLog):
    """The files of a log below a URL."""

    def __init__(self, url: str, transport: Carrier | None = None) -> None:
        self._url = url.rstrip("/")
        self._http = transport or HttpCarrier()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def read(self, path: str) -> bytes | None:
        """Return the file of this path, None if there is none; raise UnreachableError."""
        lost: Exception | None = None
        for _ in range(TRIES):
            try:
                answer = self._http.send(Request("GET", f"{self._url}/{path}", most=MAX_FILE))
            except UntrustedError as error:
                raise UnreachableError(TOO_LARGE) from error
            except UnreachableError as error:
                lost = error
                continue
            if answer.status in _ABSENT:
                return None
            if answer.status != HTTPStatus.OK:
                raise UnreachableError("the log answers with an error")
            return answer.content
        raise UnreachableError("the log does not answer") from lost


def open_log(where: str) -> PublicLog:
    """Open the log at a URL (http or https) or in a folder; raise ClientError for a folder that is not there."""
    if where.startswith(("http://", "https://")):
        return WebLog(where)
    folder = Path(where)
    if not folder.is_dir():
        raise ClientError("neither a URL nor a folder")
    return FolderLog(folder)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise UnreachableError(TOO_LARGE)
    return data
