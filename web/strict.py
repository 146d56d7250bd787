"""What every body and query must be before a handler looks at it: I-JSON (RFC 7493) of the declared media type.

Nothing is guessed: a member that stands twice, a number that not every client reads alike, a text that no database
keeps, or a body under another media type is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_415_UNSUPPORTED_MEDIA_TYPE

from crypto.encoding import MAX_INTEGER
from dossier.errors import InvalidRequestError

JSON = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?', re.IGNORECASE)
SUSPECT = re.compile(rb"\\u|[0-9]{16}")
"""Without any of these no text holds NUL or half a surrogate pair, and no number is too large."""


def check_media_type(value: str) -> None:
    """Raise HTTPException (415) unless the body is said to be JSON."""
    if not JSON.fullmatch(value.strip()):
        raise HTTPException(status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)


def check_json(body: bytes) -> None:
    """Raise InvalidRequestError unless the body is I-JSON."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("the body is not json that every reader reads alike", code="invalid-body") from error
    if SUSPECT.search(body):
        _check_values(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _check_values(value: Any) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and not _is_text(each):
            raise InvalidRequestError("a text of the body holds no characters", code="invalid-body")
        elif isinstance(each, int | float) and abs(each) > MAX_INTEGER:
            raise InvalidRequestError("a number of the body is too large", code="invalid-body")


def _is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


async def check_request(request: Request[Any, Any, Any]) -> None:
    """Litestar's hook before each handler; raise InvalidRequestError or HTTPException."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names) or not all(
        _is_text(name) and _is_text(str(value)) for name, value in request.query_params.multi_items()
    ):
        raise InvalidRequestError("a query parameter is repeated or no text", code="invalid-query")
    if request.route_handler.parsed_data_field is not None:
        check_media_type(request.headers.get("content-type", ""))
        check_json(await request.body())
