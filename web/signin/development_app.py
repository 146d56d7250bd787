"""The development provider over HTTP: an application of its own, mounted below ``/development`` and kept to loopback.

The service also talks to it directly, without a network, for the back channel of the code flow.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_401_UNAUTHORIZED
from litestar.types import ASGIApp, Receive, Scope, Send

from dossier.errors import DossierError, UnauthenticatedError
from web.application import Application
from web.pages.frame import Page
from web.pages.language import Language, choose
from web.signin.development import DevelopmentProvider
from web.signin.forms import basic_credentials, read_form
from web.signin.pages import LANGUAGE_FIELD, persona_page

_PAGE_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
}


def development_app(provider: DevelopmentProvider) -> Litestar:
    """Build the provider's application."""
    return Application(
        route_handlers=[*_documents(provider), *_authorize(provider), _token(provider)],
        openapi_config=None,
        logging_config=None,
        exception_handlers={DossierError: _refuse},
        request_max_body_size=20_000,
    )


def loopback_only(app: ASGIApp) -> ASGIApp:
    """Wrap an application: a peer that is not this machine, or a foreign Host header, is told there is nothing."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and not _is_local(scope):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await app(scope, receive, send)

    return guarded


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").rpartition("@")[2]
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    # The Host header is compared too, so that a name rebound to loopback (DNS rebinding) is of no use.
    return client is not None and _is_loopback(client[0]) and (name == "localhost" or _is_loopback(name))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _refuse(_request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    unauthenticated = isinstance(error, UnauthenticatedError)
    code = "invalid_grant" if unauthenticated else "invalid_request"
    return Response({"error": code}, status_code=HTTP_401_UNAUTHORIZED if unauthenticated else 400)


def _documents(provider: DevelopmentProvider) -> list[Any]:
    @get("/.well-known/openid-configuration", sync_to_thread=False)
    def metadata() -> dict[str, Any]:
        return provider.metadata()

    @get("/jwks", sync_to_thread=False)
    def keys() -> dict[str, Any]:
        return provider.key_set()

    return [metadata, keys]


def _authorize(provider: DevelopmentProvider) -> list[Any]:
    @get("/authorize", sync_to_thread=False)
    def show(request: Request[Any, Any, Any]) -> Response[str]:
        fields = provider.check_request(request.query_params)
        return _html(persona_page(fields, provider.people(), _language(request, request.query_params)), HTTP_200_OK)

    @post("/authorize")
    async def choose(request: Request[Any, Any, Any]) -> Response[str]:
        form = await read_form(request)
        fields = provider.check_request(form)
        try:
            target = provider.authenticate(fields, form.get("subject", ""), form.get("secret", ""))
        except UnauthenticatedError:
            page = persona_page(fields, provider.people(), _language(request, form), failed=form.get("subject", ""))
            return _html(page, HTTP_401_UNAUTHORIZED)
        return Response("", status_code=HTTP_303_SEE_OTHER, headers={"location": target, **_PAGE_HEADERS})

    return [show, choose]


def _token(provider: DevelopmentProvider) -> Any:
    @post("/token", status_code=HTTP_200_OK)
    async def token(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        client_id, secret = basic_credentials(request.headers.get("authorization", ""))
        answer = provider.exchange(await read_form(request), client_id, secret)
        return Response(answer, headers={"cache-control": "no-store"})

    return token


def _language(request: Request[Any, Any, Any], fields: Mapping[str, str]) -> Language:
    return choose(fields.get(LANGUAGE_FIELD, ""), request.headers.get("accept-language", ""))


def _html(page: Page, status: int) -> Response[str]:
    headers = {**_PAGE_HEADERS, **page.headers}
    return Response(page.html, media_type=MediaType.HTML, status_code=status, headers=headers)
