"""The words that an owner signs under, in Dutch, as the catalogue has them; their hash stands in the consent."""

from __future__ import annotations

from datetime import UTC, datetime

from dossier.client.groups import Group
from dossier.client.parties import Professional
from dossier.client.sharing import Grantees, Terms
from web.codes import catalogue, check_known


def catalogue_hash() -> str:
    """The hash of the catalogue that consents are worded in."""
    return str(catalogue().hash)


def wording(who: str, terms: Terms) -> str:
    """What a consent says; `who` is for whom. Raise InvalidRequestError for a code that the catalogue has not."""
    texts = catalogue().texts
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
    role = catalogue().texts["roles"][recipient.role]["nl"]
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
