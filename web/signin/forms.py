"""Strict reading of form bodies and Basic credentials."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import HTTPException

from dossier.errors import InvalidRequestError


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Read a form body strictly: each field once, at most forty; raise InvalidRequestError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise InvalidRequestError("a form is wanted")
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=40)
    except (ValueError, HTTPException) as error:
        raise InvalidRequestError("not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequestError("a field of the form is repeated")
    return form


def basic_credentials(header: str) -> tuple[str, str]:
    """Return client id and secret of a Basic header (RFC 7617), two empty texts when there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, secret
