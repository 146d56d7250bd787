"""The codes of the catalogue, as commands take them: told apart from mistypes before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from consent.catalogue import Catalogue, shipped_catalogues
from dossier.errors import InvalidRequestError


def check_known(kind: str, codes: Iterable[str]) -> None:
    """Raise InvalidRequestError unless the catalogue has all of these codes (sections, roles, purposes and so on)."""
    known = catalogue().texts[kind]
    for code in codes:
        if code not in known:
            raise InvalidRequestError(f"{code!r} is none of the {kind}: {', '.join(sorted(known))}")


def known_codes(kind: str) -> list[str]:
    """All codes of a kind in the catalogue."""
    return sorted(catalogue().texts[kind])


def catalogue() -> Catalogue:
    """The catalogue that consents are worded in."""
    return shipped_catalogues().current
