"""Statements that come in: base64 of the exact envelope, strictly parsed, with errors the caller can read."""

from __future__ import annotations

from collections.abc import Iterable

from consent.verification import CLOCK_SLACK, FRESH_SECONDS
from crypto.capsules import Capsule, KeyId, parse_capsule
from crypto.encoding import ID_SIZE, decode_base64, decode_hex, parse_u64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement
from dossier.errors import InvalidRequestError, StaleError

MAX_NUMBER = 2**31 - 1
"""The highest version or epoch that the store can hold."""


def read_bytes(text: str) -> bytes:
    """Decode base64 of the request; raise InvalidRequestError."""
    try:
        return decode_base64(text)
    except CryptoError as error:
        raise InvalidRequestError("a field is not base64", code="invalid-base64") from error


def read_id(text: str) -> bytes:
    """Decode an id of 32 hexadecimal digits in a body; raise InvalidRequestError."""
    try:
        return decode_hex(text, ID_SIZE)
    except CryptoError as error:
        raise InvalidRequestError("an id is 32 lower-case hexadecimal digits", code="invalid-id") from error


def read_statement(text: str, *kinds: str) -> Statement:
    """Parse a statement of one of these kinds; raise InvalidRequestError. It is not verified."""
    try:
        statement = parse_statement(read_bytes(text))
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed statement", code="invalid-statement") from error
    if kinds and statement.kind not in kinds:
        raise InvalidRequestError("a statement of this kind does not belong here", code="wrong-kind")
    return statement


def read_capsules(texts: Iterable[str]) -> tuple[Capsule, ...]:
    """Parse capsules; raise InvalidRequestError."""
    try:
        capsules = tuple(parse_capsule(read_bytes(text)) for text in texts)
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed capsule", code="invalid-capsule") from error
    if any(_number(key_id) > MAX_NUMBER for capsule in capsules for key_id in capsule.key_ids):
        raise InvalidRequestError("a capsule names no key that there can be", code="invalid-capsule")
    return capsules


def _number(key_id: KeyId) -> int:
    """The version or epoch of a key: the one number among its fields."""
    return parse_u64(key_id.fields[3 if key_id.kind == "section" else 1])


def check_fresh(issued: int, now: int, seconds: int = FRESH_SECONDS) -> None:
    """Raise StaleError unless the statement was issued within so many seconds before now."""
    if not now - seconds <= issued <= now + CLOCK_SLACK:
        raise StaleError("the statement was signed too long ago or in the future", code="stale-time")
