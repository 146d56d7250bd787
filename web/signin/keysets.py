"""Fetch a key set from an address that somebody registered, without becoming their tool inside our network.

Only https on port 443 to a public address; the name is resolved once, every address it has must be public, and the
connection goes to the address that was checked (so a name that changes its mind is of no use); no redirect is followed,
at most 64 KiB are read, in at most five seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from dossier.errors import InvalidRequestError

MAX_BYTES = 65_536
SECONDS = 5.0
FRESH_SECONDS = 300
RETRY_SECONDS = 60

Resolver = Callable[[str], Awaitable[list[str]]]


async def resolve(host: str) -> list[str]:
    """Return all addresses of a name, as text; an empty list when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(entry[4][0]) for entry in found})


def check_url(url: str) -> str:
    """Return the host of an acceptable key set address; raise InvalidRequestError for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused() from error
    plain = parts.scheme == "https" and port in {None, 443} and parts.username is None and not parts.fragment
    if not plain or not parts.hostname or len(url) > 500 or not url.isascii() or not url.isprintable():  # noqa: PLR2004 - no key set needs more
        raise _refused()
    return parts.hostname


def public_address(addresses: list[str]) -> str:
    """Return one address to connect to, if each and every one is public; raise InvalidRequestError."""
    if not addresses or not all(_is_public(address) for address in addresses):
        raise _refused()
    return addresses[0]


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Addresses that carry an IPv4 address inside are judged by what they lead to.
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    nat64 = address in _NAT64 if address.version == 6 else False  # noqa: PLR2004 - the protocol's number
    return (inner or address).is_global and not address.is_multicast and not nat64


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _refused() -> InvalidRequestError:
    return InvalidRequestError("not an acceptable key set address", code="invalid-key-set-address")


async def fetch_key_set(url: str, resolver: Resolver, transport: httpx2.AsyncBaseTransport | None = None) -> Any:
    """Fetch and parse a JWKS document (a dict, not yet judged); raise InvalidRequestError."""
    host = check_url(url)
    address = public_address(await resolver(host))
    literal = f"[{address}]" if ":" in address else address
    pinned = httpx2.URL(url).copy_with(host=literal)
    headers = {"host": host, "accept": "application/json"}
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False) as client,
            # The certificate is checked against the name, although the connection goes to the address.
            client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": host}) as response,
        ):
            return _parse(response.status_code, await _read(response))
    except (httpx2.HTTPError, TimeoutError, OSError) as error:
        raise _refused() from error


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _refused()
    return body


def _parse(status: int, body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if status == 200 else None  # noqa: PLR2004 - a redirect is refused like an error
    except (ValueError, RecursionError) as error:
        raise _refused() from error
    if type(value) is not dict:
        raise _refused()
    return value


@dataclass
class KeySets:
    """Key sets by address, kept five minutes; an unknown key id asks again at most once a minute.

    Owned by one event loop: `_known` maps an address to (fetched at, document).
    """

    clock: Callable[[], int]
    resolver: Resolver = resolve
    transport: httpx2.AsyncBaseTransport | None = None
    _known: dict[str, tuple[int, Any]] = field(default_factory=dict)

    async def get(self, url: str, *, newer: bool = False) -> Any:
        """Return the key set at an address; with `newer`, one at most a minute old. Raise InvalidRequestError."""
        now, known = self.clock(), self._known.get(url)
        if known is not None and now - known[0] < (RETRY_SECONDS if newer else FRESH_SECONDS):
            return known[1]
        document = await fetch_key_set(url, self.resolver, self.transport)
        self._known[url] = (now, document)
        return document
