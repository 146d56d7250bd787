"""A consent as signed: a permit or a denial, frozen, from the payload of a `consent` statement.

The payload's field names are in `crypto/kinds.json`, kind `consent`; docs/spec/consent.md gives their meaning. An
exception stands one level under a denial and has no exceptions of its own; a permit has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consent.errors import MalformedGrantError
from consent.terms import Grantee, Period, Scope


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
      (0 = never), which counts only once a `consent-ended` record says so
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


def parse_grantee(payload: Mapping[str, object]) -> Grantee:
    """The grantee object of a consent, exception or order; raises MalformedGrantError."""
    raise MalformedGrantError


def parse_scope(payload: Mapping[str, object]) -> Scope:
    """The scope object of a consent, exception or access request; raises MalformedGrantError."""
    raise MalformedGrantError


def parse_consent(payload: Mapping[str, object], seq: int) -> Consent:
    """The consent in a statement payload that took effect at position `seq`.

    Raises MalformedGrantError on a missing or unknown field, a wrong type, a permit with exceptions, or an exception
    with exceptions.
    """
    raise MalformedGrantError
