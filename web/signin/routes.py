"""The HTTP side of sign-in: `/signin`, its callback, `/signout`, the OAuth endpoints, and the development provider.

Thin: reads the request, calls the rules, writes the answer. The parts hang on the application's state as `service`.
"""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, asgi, get, post
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from dossier.errors import DossierError, ForbiddenError, UnauthenticatedError
from web.pages.language import Language, choose
from web.signin.actor import (
    ATTEMPT_COOKIE,
    CSRF_HEADER,
    SESSION_COOKIE,
    check_same_site,
    cookie_value,
    host_cookie,
)
from web.signin.build import SignInParts
from web.signin.credentials import csrf_token
from web.signin.forms import read_form
from web.signin.limits import SIGN_INS, TOKENS
from web.signin.options import DEVELOPMENT_PATH
from web.signin.pages import failed_page
from web.signin.service import ATTEMPT_SECONDS, Begun
from web.signin.sessions import ACCESS_SECONDS, SESSION_SECONDS

Http = Request[Any, Any, Any]


def parts(request: Http) -> SignInParts:
    """Return sign-in of the running service."""
    found: SignInParts = request.app.state.service.sign_in
    return found


@get("/signin", include_in_schema=False)
async def begin(request: Http) -> Response[str]:
    """Send a browser to the sign-in provider; ``again=1`` asks for a fresh authentication (step-up)."""
    running = parts(request)
    running.limiter.count(SIGN_INS, _peer(request))
    page, again = request.query_params.get("next", "/"), request.query_params.get("again") == "1"
    return _go(await running.sign_in.begin_browser(page, again=again))


@get("/signin/callback", include_in_schema=False)
async def finish(request: Http) -> Response[str]:
    """Take the provider's answer: a new session for a browser, a code for a program."""
    running, headers = parts(request), _headers(request)
    try:
        cookie = cookie_value(headers, ATTEMPT_COOKIE)
        ended = await running.sign_in.finish(cookie, dict(request.query_params))
    except (UnauthenticatedError, ForbiddenError) as error:
        return _failed(error, choose("", headers.get("accept-language", "")))
    response = _redirect(ended.next)
    response.cookies.append(host_cookie(ATTEMPT_COOKIE, "", 0))
    if ended.cookie is not None:
        await _end_old(running, headers)
        # A new secret at every sign-in; whatever cookie the browser came with is dropped, never taken over.
        response.cookies.append(host_cookie(SESSION_COOKIE, ended.cookie, SESSION_SECONDS))
    return response


@get("/v1/session", operation_id="showSession", tags=["sign-in"], summary="The browser session and its CSRF token")
async def show_session(request: Http) -> Response[dict[str, Any]]:
    """Tell a page which CSRF token its unsafe requests must carry."""
    cookie = cookie_value(_headers(request), SESSION_COOKIE)
    actor = await parts(request).sessions.actor(cookie, "cookie") if cookie else _nobody()
    answer = {"csrfToken": csrf_token(cookie), "csrfHeader": CSRF_HEADER, "authTime": actor.auth_time}
    return Response(answer, headers={"cache-control": "no-store"})


@post("/signout", include_in_schema=False)
async def sign_out(request: Http) -> Response[str]:
    """End the browser session; asks for the CSRF token in its header or as a form field."""
    headers = _headers(request)
    cookie = cookie_value(headers, SESSION_COOKIE)
    if cookie:
        if CSRF_HEADER not in headers:
            headers[CSRF_HEADER] = (await read_form(request)).get("csrf", "")
        check_same_site(headers, cookie)
        await parts(request).sessions.end(cookie)
    response = _redirect("/")
    response.cookies.append(host_cookie(SESSION_COOKIE, "", 0))
    return response


@get("/.well-known/oauth-authorization-server", operation_id="showAuthorizationServer", tags=["sign-in"])
async def metadata(request: Http) -> Response[dict[str, Any]]:
    """Describe our authorization server (RFC 8414)."""
    origin = parts(request).origin
    return Response(
        {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/oauth/authorize",
            "token_endpoint": f"{origin}/oauth/token",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["Ed25519", "ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


@get("/oauth/authorize", include_in_schema=False)
async def authorize(request: Http) -> Response[str]:
    """Begin the sign-in of a program with PKCE and a loopback redirect."""
    running = parts(request)
    running.limiter.count(SIGN_INS, _peer(request))
    return _go(await running.sign_in.begin_client(dict(request.query_params)))


@post("/oauth/token", status_code=HTTP_200_OK, operation_id="giveToken", tags=["sign-in"])
async def token(request: Http) -> Response[dict[str, Any]]:
    """Give tokens for a code, a refresh token or a client assertion; errors as RFC 6749 section 5.2."""
    running = parts(request)
    try:
        running.limiter.count(TOKENS, _peer(request))
        given = await running.tokens.grant(await read_form(request))
    except DossierError as error:
        return _token_error(error)
    answer: dict[str, Any] = {"access_token": given.access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS}
    if given.refresh:
        answer["refresh_token"] = given.refresh
    return Response(answer, headers={"cache-control": "no-store"})


@asgi(DEVELOPMENT_PATH, is_mount=True, copy_scope=True)
async def development(scope: Any, receive: Any, send: Any) -> None:
    """Hand over to the development provider, if this service has one."""
    app = scope["litestar_app"].state.service.sign_in.development
    if app is None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await app(scope, receive, send)


ROUTES = (begin, finish, show_session, sign_out, metadata, authorize, token, development)


def _headers(request: Http) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers.multi_items():
        joint = "; " if name.lower() == "cookie" else ", "
        headers[name.lower()] = f"{headers[name.lower()]}{joint}{value}" if name.lower() in headers else value
    return headers


def _peer(request: Http) -> bytes:
    # The address of the connection; headers that claim another are nobody's proof.
    return request.client.host.encode() if request.client else b"unknown"


def _nobody() -> Any:
    raise UnauthenticatedError("sign in first")


def _go(begun: Begun) -> Response[str]:
    response = _redirect(begun.url)
    response.cookies.append(host_cookie(ATTEMPT_COOKIE, begun.cookie, ATTEMPT_SECONDS))
    return response


def _redirect(url: str) -> Response[str]:
    headers = {"location": url, "cache-control": "no-store"}
    return Response("", status_code=HTTP_303_SEE_OTHER, headers=headers, media_type=MediaType.TEXT)


async def _end_old(running: SignInParts, headers: dict[str, str]) -> None:
    old = cookie_value(headers, SESSION_COOKIE)
    if old:
        try:
            await running.sessions.end(old)
        except UnauthenticatedError:
            return


def _failed(error: DossierError, language: Language) -> Response[str]:
    status = 403 if isinstance(error, ForbiddenError) else 401
    page = failed_page(error.code, language)
    headers = {"cache-control": "no-store", "problem-code": error.code, **page.headers}
    response = Response(page.html, status_code=status, media_type=MediaType.HTML, headers=headers)
    response.cookies.append(host_cookie(ATTEMPT_COOKIE, "", 0))
    return response


def _token_error(error: DossierError) -> Response[dict[str, Any]]:
    client = error.code == "invalid-client"
    known = {"invalid-client", "invalid-grant", "unsupported-grant-type"}
    code = error.code.replace("-", "_") if error.code in known else "invalid_request"
    status = 401 if client else 429 if error.code == "too-many-requests" else 400
    headers = {"cache-control": "no-store"}
    if hasattr(error, "retry_after"):
        headers["retry-after"] = str(error.retry_after)
    return Response({"error": code}, status_code=status, headers=headers)
