"""The words that an owner signs under, in Dutch, as the catalogue has them; their hash stands in the consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from consent.catalogue import Catalogue, shipped_catalogues
from dossier.client.groups import Group
from dossier.client.parties import Professional
from dossier.client.sharing import Grantees, Terms
from dossier.errors import InvalidRequestError


def catalogue_hash() -> str:
    """The hash of the catalogue that consents are worded in."""
    return str(_catalogue().hash)


def wording(who: str, terms: Terms) -> str:
    """What a consent says; `who` is for whom. Raise InvalidRequestError for a code that the catalogue has not."""
    texts = _catalogue().texts
    check_codes(terms)
    items = f"{len(terms.items)} stukken" if terms.items else "alles"
    where = ", ".join(texts["sections"][each]["nl"] for each in sorted(terms.sections)) or items
    purpose = texts["purposes"][terms.purpose]["nl"] if terms.purpose else "ieder"
    verb = "mag niet kijken" if terms.effect == "deny" else "mag meekijken"
    until = f" Tot en met {datetime.fromtimestamp(terms.end - 1, UTC):%d-%m-%Y}." if terms.end else ""
    return f"{who} {verb} in: {where}. Doel: {purpose}.{until}"


def named(who: Professional) -> str:
    """A professional as the words name them."""
    return f"{who.name} van {who.organisation.name}"


def described(recipient: Grantees, organisation: str) -> str:
    """Whom a consent is for; `organisation` is the name of theirs, empty for a citizen."""
    if not isinstance(recipient, Group):
        name = recipient.name or recipient.id.hex()
        return f"{name} van {organisation}" if organisation else name
    if recipient.kind == "team":
        return "Het team van de zaak"
    role = _catalogue().texts["roles"][recipient.role]["nl"]
    return f"Iedere {role} van {organisation}"


def check_codes(terms: Terms) -> None:
    """Raise InvalidRequestError that names the first code of the terms which the catalogue has not, and those it has."""
    purposes = (terms.purpose,) if terms.purpose else ()
    for name, codes in (
        ("sections", terms.sections),
        ("lanes", terms.lanes),
        ("types", terms.types),
        ("actions", terms.actions),
        ("purposes", purposes),
    ):
        check_known(name, codes)


def check_known(kind: str, codes: Iterable[str]) -> None:
    """Raise InvalidRequestError unless the catalogue has all of these codes (sections, roles, purposes and so on)."""
    known = _catalogue().texts[kind]
    for code in codes:
        if code not in known:
            raise InvalidRequestError(f"{code!r} is none of the {kind}: {', '.join(sorted(known))}")


def known_codes(kind: str) -> list[str]:
    """All codes of a kind in the catalogue."""
    return sorted(_catalogue().texts[kind])


def _catalogue() -> Catalogue:
    return shipped_catalogues().current
