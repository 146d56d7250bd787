"""Refuses requests that name another host than this service's own.

A development service trusts whoever reaches it on loopback; without this, any page in a browser could reach it too, by
a name of its own that it lets point there (DNS rebinding). In production the names belong to the proxy in front.
"""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from web.problems import MEDIA_TYPE, describe
from web.settings import LOOPBACK, Settings

MISDIRECTED = 421  # RFC 9110 section 15.5.20


def own_hosts(settings: Settings) -> frozenset[str] | None:
    """The host names that a request may carry, None for any."""
    if settings.mode == "production":
        return None
    return LOOPBACK | {urlsplit(settings.public_origin).hostname or "localhost"}


class OwnHost:
    """An ASGI application around another: answers 421 for a host that is not ours."""

    def __init__(self, inner: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._inner, self._hosts = inner, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is meant for us."""
        if self._hosts is None or scope["type"] != ScopeType.HTTP or _hosts(scope) <= self._hosts:
            await self._inner(scope, receive, send)
            return
        body = describe(HTTPException(status_code=MISDIRECTED)).body
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": MISDIRECTED, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _hosts(scope: Scope) -> set[str]:
    return {_name(value) for name, value in scope["headers"] if name.lower() == b"host"}


@functools.lru_cache(maxsize=64)
def _name(host: bytes) -> str:
    try:
        return urlsplit(f"//{host.decode('latin-1')}").hostname or ""
    except ValueError:
        return ""
