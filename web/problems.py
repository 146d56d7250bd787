"""Errors as RFC 9457 problem documents: one table from error class to status, code and title.

It says what kind of thing went wrong and, for our own errors, their fixed message. It never quotes the request. What is
absent and what is not yours come from the same class and so look alike. A person whose browser follows a link gets it as
a page (`web.pages.problem`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Response

from audit import errors as audit_errors
from audit.errors import AuditError
from consent.errors import ConsentError
from crypto.errors import CryptoError
from dossier import database, errors
from web.logging import logger
from web.pages.language import choose
from web.pages.problem import problem_page, wants_page

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:eigendossier:"

STATUS: Mapping[type[Exception], HTTPStatus] = {
    errors.InvalidRequestError: HTTPStatus.BAD_REQUEST,
    errors.UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.GoneError: HTTPStatus.GONE,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DossierError: HTTPStatus.BAD_REQUEST,
    CryptoError: HTTPStatus.BAD_REQUEST,
    ConsentError: HTTPStatus.BAD_REQUEST,
    AuditError: HTTPStatus.BAD_REQUEST,
    audit_errors.RepeatedError: HTTPStatus.CONFLICT,
}
"""The nearest class in an error's line of descent decides."""

HTTP_CODES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "invalid-request",
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.MISDIRECTED_REQUEST: "misdirected",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
    HTTPStatus.TOO_MANY_REQUESTS: "too-many-requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


class Problem(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A problem document. `code` is for programs to switch on, `detail` for the person who builds them."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


@dataclass(frozen=True)
class Answer:
    """A problem with the headers that belong to it."""

    problem: Problem
    headers: Mapping[str, str]

    @property
    def body(self) -> bytes:
        """The document's bytes: members of `extra` stand beside the standard ones."""
        members = msgspec.to_builtins(self.problem)
        return msgspec.json.encode(members.pop("extra", {}) | members)


def describe(error: Exception) -> Answer:
    """The answer for any exception. What no table knows is our fault: 500, and not a word of what happened."""
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, audit_errors.UnavailableError):
        return describe(errors.UnavailableError(str(error)))
    if isinstance(error, audit_errors.UnknownStreamError):
        return describe(errors.NotFoundError())
    known = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    if known is None and database.is_away(error):
        return describe(errors.UnavailableError())
    if known is None:
        return Answer(_problem(500, "internal", "the service made a mistake; nothing more was done"), {})
    status = STATUS[known]
    code = getattr(error, "code", None) or f"invalid-{_word(error)}"
    headers = {"retry-after": str(error.retry_after)} if hasattr(error, "retry_after") else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Answer(_problem(status, code, str(error), extra=dict(getattr(error, "extra", {}))), headers)


def _http(error: HTTPException) -> Answer:
    """Litestar's own refusals. Their texts may quote the request, so only the places of faults are kept."""
    status = HTTPStatus(error.status_code)
    code = HTTP_CODES.get(status, "invalid-request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal")
    places: tuple[str, ...] = ()
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        places = tuple(str(item.get("key", "")) for item in error.extra if isinstance(item, dict) and item.get("key"))
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return Answer(_problem(status, code, status.description or status.phrase, places=places), headers)


def _problem(
    status: int, code: str, detail: str, *, places: tuple[str, ...] = (), extra: dict[str, Any] | None = None
) -> Problem:
    title = HTTPStatus(status).phrase
    return Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=int(status),
        detail=detail,
        code=code,
        errors=places,
        extra=extra or {},
    )


def _word(error: Exception) -> str:
    """`TamperedError` becomes `tampered`: the stable code of an error class that names none."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).strip("-")


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything."""
    answer = describe(error)
    if answer.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.problem.code == "internal":
        logger.error("a request failed", exc_info=error, extra={"fields": {"request": request.scope.get("request_id")}})
    if wants_page(request.method, request.headers.get("accept", "")):
        return _as_page(request, answer)
    return Response(answer.body, status_code=answer.problem.status, media_type=MEDIA_TYPE, headers=dict(answer.headers))


def _as_page(request: Request[Any, Any, Any], answer: Answer) -> Response[bytes]:
    language = choose("", request.headers.get("accept-language", ""))
    page = problem_page(answer.problem.status, answer.problem.code, str(request.scope.get("request_id", "")), language)
    headers = {**answer.headers, **page.headers, "vary": "Accept, Accept-Language"}
    return Response(page.html.encode(), status_code=answer.problem.status, media_type=MediaType.HTML, headers=headers)
