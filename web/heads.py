"""HEAD of what is public: the answer to GET without its body, for caches, monitors and load balancers (RFC 9110 9.3.2).

What is decided and recorded has no HEAD: a look is a look, and its answer's length would tell of what was not shown.
"""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

PLACES = frozenset({"/", "/v1/openapi.json", "/v1/register"})
FOLDERS = ("/log/", "/health/", "/.well-known/")


class Heads:
    """An ASGI application around another."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the other answer a HEAD of what is public as a GET, and keep the body back."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD" or not is_public(scope["path"]):
            await self._inner(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        scope["method"] = "GET"
        await self._inner(scope, receive, without_body)


def is_public(path: str) -> bool:
    """Whether everybody is shown what is there, without a decision and without a record."""
    return path in PLACES or path.startswith(FOLDERS)
