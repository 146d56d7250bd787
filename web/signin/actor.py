"""From a request to its actor: the bearer token or the session cookie, with the CSRF check for cookies.

Works on the plain ASGI scope, so that bare handlers can use it too. A request with both is refused: nobody needs that,
and which one counts would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar.datastructures import Cookie

from dossier.errors import ForbiddenError, InvalidRequestError, UnauthenticatedError
from dossier.parties.actor import Actor
from web.signin.credentials import check_csrf
from web.signin.sessions import Sessions

SESSION_COOKIE = "__Host-dossier-session"
ATTEMPT_COOKIE = "__Host-dossier-sign-in"
CSRF_HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Authenticator:
    """Tell who makes a request."""

    sessions: Sessions

    async def actor(self, scope: Mapping[str, Any]) -> Actor:
        """Return the actor of an HTTP request; raise UnauthenticatedError, or ForbiddenError for a forged one."""
        headers = _headers(scope["headers"])
        token, cookie = bearer_token(headers), cookie_value(headers, SESSION_COOKIE)
        if token and cookie:
            raise InvalidRequestError("a token or a cookie, not both")
        if token:
            return await self.sessions.actor(token, "access")
        if not cookie:
            raise UnauthenticatedError("sign in first")
        if scope["method"] not in _SAFE:
            check_same_site(headers, cookie)
        return await self.sessions.actor(cookie, "cookie")


def check_same_site(headers: Mapping[str, str], cookie: str) -> None:
    """Raise ForbiddenError unless an unsafe request with a cookie comes from a page of ours."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("a request from another site", code="csrf")
    if not check_csrf(cookie, headers.get(CSRF_HEADER, "")):
        raise ForbiddenError("the request lacks its csrf token", code="csrf")


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the bearer token of a request (RFC 6750 section 2.1), or the empty text."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_value(headers: Mapping[str, str], name: str) -> str:
    """Return the value of a cookie, or the empty text; raise InvalidRequestError when the request has it twice."""
    if "cookie" not in headers:
        return ""
    pairs = (piece.strip().partition("=") for piece in headers.get("cookie", "").split(";"))
    values = [value for key, _, value in pairs if key == name]
    if len(values) > 1:
        raise InvalidRequestError("a cookie is repeated")
    return values[0] if values else ""


def host_cookie(name: str, value: str, seconds: int) -> Cookie:
    """Return a cookie for this host only, over https (or localhost), out of reach of scripts.

    Lax, since the sign-in provider's answer is a navigation from another site.
    """
    return Cookie(name, path="/", value=value, max_age=seconds, secure=True, httponly=True, samesite="lax")


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1").lower()
        joint = "; " if key == "cookie" else ", "
        headers[key] = headers[key] + joint + value.decode("latin-1") if key in headers else value.decode("latin-1")
    return headers
