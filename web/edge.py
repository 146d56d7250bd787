"""The outermost layer of every request: request id, security headers, metrics, one log line, and the tick of a 404.

It wraps the whole application, so that answers of the router itself (404, 405) pass it too.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from dossier import database
from dossier.hiding.ticks import hold
from web.logging import log, logger
from web.metrics import Metrics

API_VERSION = "1.0.0"
HELD = "held"
"""In the scope of a request whose hidden answer was held to its tick already."""

# No inline script or style, WebAssembly for the browser's cryptography, nothing from elsewhere, no framing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"api-version", API_VERSION.encode()),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
ONLY_HTTPS = (b"strict-transport-security", b"max-age=31536000")
NOT_STORED = (b"cache-control", b"no-store")


class Edge:
    """An ASGI application around another. It holds no state of its own between requests."""

    def __init__(self, inner: ASGIApp, metrics: Metrics, *, https: bool) -> None:
        self._inner = inner
        self._metrics = metrics
        self._headers = (*HEADERS, NOT_STORED, *((ONLY_HTTPS,) if https else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, complete the answer's headers, and count it when it ends."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        database.hurry()
        began = time.perf_counter()
        request_id = secrets.token_hex(8)
        scope["request_id"] = request_id  # type: ignore[typeddict-unknown-key]  # ours; ASGI lets a scope carry more
        status = 500

        async def complete(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == HTTPStatus.NOT_FOUND and scope["path"].startswith("/v1/") and not scope.get(HELD):
                    # Absent and hidden are one answer, at one time: whatever was looked up shows nowhere.
                    await hold(began, time.perf_counter)
                message["headers"] = [
                    *message["headers"],
                    *self._missing(message["headers"]),
                    (b"request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._inner(scope, receive, complete)
        finally:
            self._count(scope, status, time.perf_counter() - began)

    def _count(self, scope: HTTPScope, status: int, seconds: float) -> None:
        method, route = scope["method"], scope.get("path_template") or "unknown"
        self._metrics.observe_request(method, route, status, seconds)
        if not logger.isEnabledFor(logging.INFO):
            return
        log(
            logging.INFO,
            "request",
            request=scope["request_id"],  # type: ignore[typeddict-item]  # set in __call__
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
        )

    def _missing(self, present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers an answer does not set itself. What may be cached says so; all else is not stored."""
        names = {name.lower() for name, _ in present}
        return [pair for pair in self._headers if pair[0] not in names]
