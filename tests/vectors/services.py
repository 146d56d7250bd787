"""Vectors of what the service keeps to itself: the hashes under which it finds identifiers and counts acts, and tokens.

Each is made from its page, encoding.md, and not by the function that the test runs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from crypto.encoding import bind
from crypto.labels import Label
from tests.vectors.frozen import b64, fixed, vector

KEY = fixed("identifier key")


def make() -> None:
    """Make the vectors of this module."""
    _identifiers()
    _rates()
    _tokens()


def _identifiers() -> None:
    for name, comment, key, scheme, number in (
        ("bsn", "a BSN", KEY, "bsn", "999990019"),
        ("rsin", "the same digits as an RSIN", KEY, "rsin", "999990019"),
        ("kvk", "a KVK number", KEY, "kvk", "90000013"),
        ("other-key", "under another key", fixed("other identifier key"), "bsn", "999990019"),
    ):
        made = hmac.digest(key, bind(Label.IDENTIFIER, scheme.encode(), number.encode()), "sha256")
        vector("identifier", name, "success", comment, key=b64(key), identifier=f"{scheme}:{number}", hmac=made.hex())


def _rates() -> None:
    for name, comment, limit, who in (
        ("address", "sign-ins from an address", "sign-in", b"192.0.2.1"),
        ("other-limit", "another limit of the same address", "token", b"192.0.2.1"),
        ("other-address", "the same limit of another address", "sign-in", b"192.0.2.2"),
        ("moved-border", "the same bytes cut elsewhere hash to something else", "sign-in1", b"92.0.2.1"),
    ):
        made = hashlib.sha256(bind(Label.RATE, limit.encode(), who))
        vector("rate", name, "success", comment, limit=limit, who=b64(who), hash=made.hexdigest())


def _tokens() -> None:
    for name in ("session", "other session"):
        secret = fixed(name)
        token = _url(hmac.digest(secret, bind(Label.CSRF), "sha256"))
        vector("csrf", name.replace(" ", "-"), "success", f"the token of one {name}", cookie=_url(secret), token=token)


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
