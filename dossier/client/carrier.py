"""HTTP/1.1 as a client needs it: one request, one answer of bounded size, over connections that are kept.

On the standard library alone: a command is over in a second, and a general client takes longer to load than that leaves.
There are no proxies, no redirects that are followed, no cookies and no compression. Used by one thread.
"""

from __future__ import annotations

import json
import select
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from dossier.client.errors import ClientError, UnreachableError, UntrustedError

TIMEOUT: Final = 30.0
MOST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are taken where no other bound is given: more than the service has reason to send."""

_PIECE: Final = 64 * 1024
TOO_MUCH: Final = "the service sent more than this can be"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONNECTIONS: Final[Mapping[str, type[HTTPConnection]]] = {"http": HTTPConnection, "https": HTTPSConnection}
_KEPT: Final = "/:@!$&'()*+,;=~%"
"""What stands for itself in a path (RFC 3986, section 3.3), and what is encoded already."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an absolute URL; header names are lower case. `most` bounds the answer's body, in bytes."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    most: int = MOST

    @property
    def path(self) -> str:
        """The path of the URL."""
        return urlsplit(self.url).path


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its header lines in order, names in lower case, and its whole body."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def is_success(self) -> bool:
        """Whether what was asked was done."""
        return self.status // 100 == 2  # noqa: PLR2004 - the class of success (RFC 9110, section 15)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where a redirect leads; empty for any other answer."""
        return self.header("location") if self.status in _REDIRECTS else ""

    def header(self, name: str) -> str:
        """The first line of this name, empty if there is none."""
        return next(iter(self.lines(name)), "")

    def lines(self, name: str) -> list[str]:
        """All lines of this name."""
        return [value for found, value in self.headers if found == name]

    def json(self) -> Any:
        """The body as JSON; raise UntrustedError for anything else, as what is no service of ours answers."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise UntrustedError("what answers there is not the service: that is no json") from error


class Carrier(ABC):
    """Carries requests to wherever they go."""

    @abstractmethod
    def send(self, request: Request) -> Answer:
        """Send one request; raise UnreachableError when no whole answer came: whether it was done is then unknown.

        Raise ClientError for what cannot be asked, UntrustedError for an answer above its bound.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of all connections."""


class HttpCarrier(Carrier):
    """Carries requests over TCP and TLS, one connection for each origin."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._connections: dict[str, HTTPConnection] = {}

    def send(self, request: Request) -> Answer:
        """See `Carrier.send`."""
        parts = _split(request.url)
        connection = self._connection(parts)
        target = quote(parts.path or "/", _KEPT) + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(request.method, target, request.content or None, dict(request.headers))
            with connection.getresponse() as answer:
                content = _read(answer, request.most)
        except BaseException as error:
            # What is left of this exchange must never be read as part of the next one.
            connection.close()
            if isinstance(error, OSError | HTTPException):
                raise UnreachableError("the service does not answer") from error
            if isinstance(error, ValueError):
                raise ClientError("this cannot be asked over http") from error
            raise
        return Answer(answer.status, tuple((name.lower(), value) for name, value in answer.getheaders()), content)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _connection(self, parts: SplitResult) -> HTTPConnection:
        """The connection to an origin, which is made at its first request."""
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._connections:
            kind, host = _CONNECTIONS[parts.scheme], parts.hostname or ""
            self._connections[origin] = kind(host, parts.port, timeout=self._timeout)
        connection = self._connections[origin]
        if connection.sock is not None and _is_over(connection):
            connection.close()
        return connection


def _split(url: str) -> SplitResult:
    """The parts of an address; raise ClientError for what is none of http or https, or names somebody in it."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in _CONNECTIONS and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError as error:
        raise ClientError("the service's address is no http or https address") from error
    if not known:
        raise ClientError("the service's address is no http or https address")
    return parts


def _read(answer: HTTPResponse, most: int) -> bytes:
    """The whole body; one that cannot be known to be whole, or is not, raises HTTPException."""
    if answer.length is not None:
        if answer.length > most:
            raise UntrustedError(TOO_MUCH)
        return answer.read()
    if not answer.chunked:
        # Ended by the end of the connection, as by any accident; also where the headers were cut.
        raise HTTPException
    # Piece by piece: a chunk whose size is told as less than nothing would else be read to the end of the connection.
    content = bytearray()
    while piece := answer.read1(_PIECE):
        content += piece
        if len(content) > most:
            raise UntrustedError(TOO_MUCH)
    return bytes(content)


def _is_over(connection: HTTPConnection) -> bool:
    """Whether the other side has ended an idle connection: nothing else makes it readable between two requests."""
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))
