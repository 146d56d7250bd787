"""Identifiers of citizens and firms: BSN, RSIN and KVK numbers, never kept in the clear.

A number is checked, then turned into an HMAC whose key lies outside the database: a billion numbers are soon tried, so
a plain hash would hide nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from crypto.encoding import bind
from crypto.labels import Label
from dossier.errors import InvalidRequestError

KEY_SIZE = 32
_LENGTHS = {"bsn": 9, "rsin": 9, "kvk": 8}


@dataclass(frozen=True, slots=True)
class Identifier:
    """A checked identifier: its scheme (bsn, rsin or kvk) and its digits. It never prints its number."""

    scheme: str
    number: str

    def __repr__(self) -> str:
        return f"Identifier({self.scheme})"


def parse_identifier(text: str) -> Identifier:
    """Parse ``bsn:…``, ``rsin:…`` or ``kvk:…``; raise InvalidRequestError for another scheme, length or check digit."""
    scheme, colon, number = text.partition(":")
    good = bool(colon) and number.isascii() and number.isdigit() and len(number) == _LENGTHS.get(scheme)
    if not good or (scheme != "kvk" and not _eleven_test(number)):
        raise InvalidRequestError("not an identifier", code="invalid-identifier")
    return Identifier(scheme, number)


def identifier_hmac(key: bytes, identifier: Identifier) -> bytes:
    """Return the 32 bytes under which the identifier is found; the key is 32 bytes, kept outside the database."""
    if len(key) != KEY_SIZE:
        raise RuntimeError("the identifier key is 32 bytes")
    return hmac.digest(key, bind(Label.IDENTIFIER, identifier.scheme.encode(), identifier.number.encode()), "sha256")


def _eleven_test(number: str) -> bool:
    """The check of BSN and RSIN: weights 9 to 2 and -1 give a multiple of eleven, and the number is not all zeros."""
    total = sum(weight * int(digit) for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), number, strict=True))
    return total % 11 == 0 and int(number) > 0
