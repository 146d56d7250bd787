"""A consent as signed: a permit or a denial, frozen, from the payload of a `consent` statement.

The payload's field names are in `crypto/kinds.json`, kind `consent`; docs/spec/consent.md gives their meaning. An
exception stands one level under a denial and has no exceptions of its own; a permit has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consent.errors import MalformedGrantError
from consent.fields import code, code_list, count, exact, flag, nested, nested_list, text
from consent.terms import Grantee, Period, Scope

EFFECTS = ("permit", "deny")
GRANTEE_KINDS = ("person", "role", "team", "system", "network")
_CONSENT_FIELDS = frozenset(
    (
        "consent",
        "dossier",
        "effect",
        "grantee",
        "scope",
        "actions",
        "purpose",
        "basis",
        "from",
        "until",
        "endsOn",
        "laterItems",
        "exceptions",
        "case",
        "catalogue",
        "text",
        "replaces",
        "after",
        "signer",
        "keyHash",
        "issuedAt",
        "capacity",
    )
)


@dataclass(frozen=True, slots=True)
class GrantException:
    """The part of a denial that the denial does not touch. It permits nothing by itself.

    It applies when grantee, scope, action and purpose all match; `purpose` empty = no constraint, `actions` must name
    the action.
    """

    grantee: Grantee
    scope: Scope
    actions: frozenset[str]
    purpose: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One signed permit or denial, as it counts from position `seq` of the dossier's stream.

    - effect: "permit" or "deny"
    - grantee, scope: see `terms`
    - actions: exactly these, none implies another
    - purpose: this node of the purpose tree and everything below it, in the catalogue it names; a permit without
      purpose matches nothing, a denial without purpose every purpose
    - basis: the ground that a permit reports
    - period: when it holds
    - ends_on_case_closed: over for good once `case` is closed; unused_months: over after so many months without use
      (0 = never). Both count only once a `consent-ended` record says so; until then a closed case allows `add` alone
    - later_items: if false, only items whose `delivered` position is below `seq` are covered. Listing an item by id in
      the scope covers it whatever its position, and `add` is never limited by it
    - exceptions: of a denial, one level
    - case: if set, the request must be made in that case's context
    - replaces: the consent which this one ends
    - issued: when it was signed; seq: the position at which it took effect
    """

    id: str
    effect: str
    grantee: Grantee
    scope: Scope
    actions: frozenset[str]
    purpose: str
    basis: str
    period: Period
    ends_on_case_closed: bool
    unused_months: int
    later_items: bool
    exceptions: tuple[GrantException, ...]
    case: str
    catalogue: str
    text_hash: str
    text_language: str
    text_version: str
    replaces: str
    signer: str
    capacity: str
    issued: int
    seq: int


def parse_grantee(payload: Mapping[str, Any]) -> Grantee:
    """The grantee object of a consent, exception or order; raises MalformedGrantError."""
    exact(payload, {"kind", "person", "organisation", "role", "case", "system", "laterMembers"})
    kind = text(payload, "kind")
    if kind not in GRANTEE_KINDS:
        raise MalformedGrantError("grantee kind is unknown")
    return Grantee(
        kind=kind,
        person=text(payload, "person"),
        organisation=code(payload, "organisation"),
        role=code(payload, "role"),
        case=code(payload, "case"),
        system=text(payload, "system"),
        later_members=flag(payload, "laterMembers"),
    )


def parse_scope(payload: Mapping[str, Any]) -> Scope:
    """The scope object of a consent, exception or access request; raises MalformedGrantError."""
    lists = ("items", "sections", "lanes", "types", "sources")
    exact(payload, {*lists, "case", "labelCeiling", "dataFrom", "dataUntil"})
    items, sections, lanes, types, sources = (code_list(payload, name) for name in lists)
    return Scope(
        items=items,
        sections=sections,
        lanes=lanes,
        types=types,
        sources=sources,
        case=code(payload, "case"),
        label_ceiling=code(payload, "labelCeiling"),
        data_from=count(payload, "dataFrom"),
        data_until=count(payload, "dataUntil"),
    )


def parse_consent(payload: Mapping[str, Any], seq: int) -> Consent:
    """The consent in a statement payload that took effect at position `seq`.

    Raises MalformedGrantError on a missing or unknown field, a wrong type, a permit with exceptions, or an exception
    with exceptions.
    """
    exact(payload, _CONSENT_FIELDS)
    effect = text(payload, "effect")
    if effect not in EFFECTS:
        raise MalformedGrantError("effect is unknown")
    exceptions = tuple(_parse_exception(each) for each in nested_list(payload, "exceptions"))
    if effect == "permit" and exceptions:
        raise MalformedGrantError("a permit has no exceptions")
    ends_on, shown = nested(payload, "endsOn"), nested(payload, "text")
    exact(ends_on, {"caseClosed", "unusedMonths"})
    exact(shown, {"hash", "language", "version"})
    return Consent(
        id=text(payload, "consent"),
        effect=effect,
        grantee=parse_grantee(nested(payload, "grantee")),
        scope=parse_scope(nested(payload, "scope")),
        actions=code_list(payload, "actions"),
        purpose=code(payload, "purpose"),
        basis=code(payload, "basis"),
        period=Period(count(payload, "from"), count(payload, "until")),
        ends_on_case_closed=flag(ends_on, "caseClosed"),
        unused_months=count(ends_on, "unusedMonths"),
        later_items=flag(payload, "laterItems"),
        exceptions=exceptions,
        case=code(payload, "case"),
        catalogue=code(payload, "catalogue"),
        text_hash=code(shown, "hash"),
        text_language=code(shown, "language"),
        text_version=code(shown, "version"),
        replaces=text(payload, "replaces"),
        signer=code(payload, "signer"),
        capacity=code(payload, "capacity"),
        issued=count(payload, "issuedAt"),
        seq=seq,
    )


def _parse_exception(payload: Mapping[str, Any]) -> GrantException:
    exact(payload, {"grantee", "scope", "actions", "purpose"})
    return GrantException(
        grantee=parse_grantee(nested(payload, "grantee")),
        scope=parse_scope(nested(payload, "scope")),
        actions=code_list(payload, "actions"),
        purpose=code(payload, "purpose"),
    )
