"""Facts of web/problems.py."""

from __future__ import annotations

import json

import pytest
from litestar.exceptions import HTTPException, ValidationException

from audit import errors as audit_errors
from crypto.errors import TamperedError
from dossier import errors
from web.problems import describe

MARKER = "mevrouw De Wit"


def document(error):
    answer = describe(error)
    return json.loads(answer.body), answer.headers


@pytest.mark.parametrize(
    "error,status,code",
    [
        (errors.InvalidRequestError("the field is missing"), 400, "invalid-request"),
        (errors.StepUpRequiredError("sign in again"), 403, "step-up-required"),
        (errors.StaleError("the position changed"), 409, "stale-position"),
        (errors.ConflictError("a retry", code="reading-ended"), 409, "reading-ended"),
        (errors.TooManyError("slower", retry_after=7), 429, "too-many-requests"),
        (errors.UnavailableError(), 503, "unavailable"),
        (TamperedError(), 400, "invalid-tampered"),
        (ConnectionResetError(MARKER), 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
        (HTTPException(status_code=405), 405, "method-not-allowed"),
        (KeyError(MARKER), 500, "internal"),
    ],
)
def test_table(error, status, code):
    """Each error class has its status and stable code, and every document the standard members."""
    told, _ = document(error)
    assert (told["status"], told["code"]) == (status, code)
    assert told["type"] == f"urn:problem-type:eigendossier:{code}"
    assert told["title"]
    assert told["detail"]


def test_errors_of_the_log_look_like_ours():
    """A refusal of the writer has the code and the headers of our own: 503 says when to come back, absent is absent."""
    full = errors.UnavailableError("too many entries wait")
    assert document(audit_errors.UnavailableError("too many entries wait")) == document(full)
    assert document(audit_errors.UnknownStreamError("no such stream")) == document(errors.NotFoundError())


def test_absent_and_hidden_look_alike():
    """What is absent and what is not yours give the same bytes."""
    assert describe(errors.NotFoundError()).body == describe(errors.NotFoundError()).body
    assert document(errors.NotFoundError())[0]["status"] == 404


@pytest.mark.parametrize("error", [KeyError(MARKER), HTTPException(detail=MARKER, status_code=400), ValueError(MARKER)])
def test_nothing_is_quoted(error):
    """P1: what an unforeseen error or the framework says of the request does not reach the answer."""
    assert MARKER.encode() not in describe(error).body


def test_validation_names_places_only():
    """P1: a validation error names the fields at fault and not their contents."""
    error = ValidationException(extra=[{"key": "purpose", "message": f"Invalid enum value '{MARKER}'"}])
    told, _ = document(error)
    assert told["errors"] == ["purpose"]
    assert MARKER not in json.dumps(told)


def test_headers():
    """A limit says when to come back, and an unknown caller how to sign in."""
    assert document(errors.TooManyError("slower", retry_after=7))[1] == {"retry-after": "7"}
    assert document(errors.UnauthenticatedError("nobody is signed in"))[1] == {"www-authenticate": "Bearer"}


def test_extra_members_cannot_replace_standard_ones():
    """An error may add members of its own, and the standard members stand."""

    class AskFirstError(errors.ForbiddenError):
        extra = {"ask": "/v1/access-requests", "status": 200}  # noqa: RUF012 - never changed

    told, _ = document(AskFirstError("ask the owner"))
    assert told["ask"] == "/v1/access-requests"
    assert told["status"] == 403
