"""Secrets that stand for a sign-in: session cookies, bearer tokens, codes. Only their hashes are stored.

A secret is 2 bytes of bucket and 30 random bytes, as base64url. The bucket lets a store that is spread over machines
find the row; the rest cannot be guessed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass

from crypto.encoding import BUCKET_SIZE, bind, sha256
from crypto.labels import Label
from dossier.errors import UnauthenticatedError

_SIZE = 32


@dataclass(frozen=True, slots=True)
class Locator:
    """Where the row of a secret is: its bucket and its 32-byte hash."""

    bucket: int
    hash: bytes


def new_secret(bucket: bytes) -> str:
    """Make a secret for somebody whose id begins with these 2 bytes."""
    return _encode(bucket[:BUCKET_SIZE] + secrets.token_bytes(_SIZE - BUCKET_SIZE))


def locate(secret: str) -> Locator:
    """Return where the row of a secret is; raise UnauthenticatedError for what cannot be one of ours."""
    raw = _decode(secret)
    return Locator(int.from_bytes(raw[:BUCKET_SIZE], "big"), sha256(raw))


def csrf_token(cookie: str) -> str:
    """Return the token that unsafe requests with this session cookie must carry: derived, so it ends with the session."""
    return _encode(hmac.digest(_decode(cookie), bind(Label.CSRF), "sha256"))


def check_csrf(cookie: str, token: str) -> bool:
    """Tell whether a token belongs to a session cookie."""
    return hmac.compare_digest(csrf_token(cookie).encode(), token.encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnauthenticatedError("not signed in") from error
    if len(raw) != _SIZE or _encode(raw) != text:
        raise UnauthenticatedError("not signed in")
    return raw
