"""The consents of a dossier by whom they name, so that those for others need not be looked at one by one.

An aid to speed only: what is found here is still asked whether it fits (`consent.matching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from consent.grant import Consent
from consent.terms import Actor, Grantee

ANYBODY = ""
"""Under this name stand the consents that name nobody: those for a team, and denials of everybody."""

_NAMES = {
    "person": attrgetter("person"),
    "network": attrgetter("person"),
    "role": attrgetter("organisation"),
    "system": attrgetter("system"),
}
_id = attrgetter("id")


def name_of(grantee: Grantee) -> str:
    """The id that an actor has, as their own or as their organisation's, whenever the grantee fits them."""
    named = _NAMES.get(grantee.kind)
    return ANYBODY if named is None else str(named(grantee))


def by_name(consents: Iterable[Consent]) -> Mapping[str, Sequence[Consent]]:
    """Consents in id order, by the name of their grantee."""
    found: dict[str, list[Consent]] = {}
    for each in consents:
        found.setdefault(name_of(each.grantee), []).append(each)
    return found


def naming(named: Mapping[str, Sequence[Consent]], actor: Actor) -> list[Consent]:
    """All that may fit the actor, in id order."""
    names = {actor.id, actor.organisation, ANYBODY}
    return sorted((each for name in names for each in named.get(name, ())), key=_id)
