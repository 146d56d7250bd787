"""The words that an owner signs under, in Dutch or English, as the catalogue has them; their hash stands in the consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from dossier.client.groups import Group
from dossier.client.parties import Professional
from dossier.client.sharing import Grantees, Terms
from web.codes import catalogue, check_known

_WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        "sentence": "{who} {verb} in: {where}. Doel: {purpose}.",
        "until": " Tot en met {day:%d-%m-%Y}.",
        "permit": "mag meekijken",
        "deny": "mag niet kijken",
        "items": "{count} stukken",
        "all": "alles",
        "any": "ieder",
        "of": "{name} van {organisation}",
        "team": "Het team van de zaak",
        "role": "Iedere {role} van {organisation}",
    },
    "en": {
        "sentence": "{who} {verb} in: {where}. Purpose: {purpose}.",
        "until": " Through {day:%Y-%m-%d}.",
        "permit": "may look along",
        "deny": "may not look",
        "items": "{count} items",
        "all": "everything",
        "any": "any",
        "of": "{name} of {organisation}",
        "team": "The team of the case",
        "role": "Every {role} of {organisation}",
    },
}


def catalogue_hash() -> str:
    """The hash of the catalogue that consents are worded in."""
    return str(catalogue().hash)


def wording(who: str, terms: Terms) -> str:
    """What a consent says in the language of its terms; `who` is for whom.

    Raise InvalidRequestError for a code that the catalogue has not.
    """
    check_codes(terms)
    texts, words, language = catalogue().texts, _WORDS[terms.language], terms.language
    items = words["items"].format(count=len(terms.items)) if terms.items else words["all"]
    where = ", ".join(texts["sections"][each][language] for each in sorted(terms.sections)) or items
    purpose = texts["purposes"][terms.purpose][language] if terms.purpose else words["any"]
    until = words["until"].format(day=datetime.fromtimestamp(terms.end - 1, UTC)) if terms.end else ""
    return words["sentence"].format(who=who, verb=words[terms.effect], where=where, purpose=purpose) + until


def named(who: Professional, language: str = "nl") -> str:
    """A professional as the words name them."""
    return _WORDS[language]["of"].format(name=who.name, organisation=who.organisation.name)


def described(recipient: Grantees, organisation: str, language: str = "nl") -> str:
    """Whom a consent is for; `organisation` is the name of theirs, empty for a citizen."""
    words = _WORDS[language]
    if not isinstance(recipient, Group):
        name = recipient.name or recipient.id.hex()
        return words["of"].format(name=name, organisation=organisation) if organisation else name
    if recipient.kind == "team":
        return words["team"]
    role = catalogue().texts["roles"][recipient.role][language]
    return words["role"].format(role=role, organisation=organisation)


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
