"""What an access request must say to be one, and which consents answer it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent.catalogue import Catalogue
from consent.errors import ConsentError
from consent.grant import Consent, parse_scope
from consent.matching import grantee_fits
from consent.terms import FOREVER, VAULT, Actor, Scope
from dossier.errors import InvalidRequestError

Payload = Mapping[str, Any]


def check_sense(payload: Payload, catalogue: Catalogue, now: int) -> None:
    """Raise InvalidRequestError for a request that asks for nothing, for everything, or in unknown words.

    Whether it is about something that exists is not looked at: the answer would tell.
    """
    scope = scope_of(payload)
    if not _known(payload, scope, catalogue):
        raise InvalidRequestError("a code is unknown", code="unknown-code")
    if VAULT in scope.lanes or not (scope.items or scope.sections or scope.case):
        raise InvalidRequestError(
            "a request names items, sections or a case, and never the vault", code="invalid-scope"
        )
    if any(not catalogue.actions[action] <= set(payload["actions"]) for action in payload["actions"]):
        raise InvalidRequestError("an action is named without what belongs to it", code="invalid-actions")
    if not max(now, payload["from"]) < payload["until"] < FOREVER:
        raise InvalidRequestError("the period is over, empty or without end", code="empty-period")


def scope_of(payload: Payload) -> Scope:
    """What is asked for; raise InvalidRequestError."""
    try:
        return parse_scope(payload["scope"])
    except ConsentError as error:
        raise InvalidRequestError("the scope is not well-formed", code="invalid-scope") from error


def answers(consent: Consent, request: Payload, catalogue: Catalogue) -> bool:
    """Whether a consent answers a request: a permit for the one who asked, of no more than was asked."""
    acting = Actor("person", request["signer"], request["organisation"], request["role"])
    team = consent.grantee.kind == "team"
    return (
        consent.effect == "permit"
        and (not team or consent.grantee.case == request["case"])
        and grantee_fits(consent.grantee, acting, strict=True)
        and consent.actions <= set(request["actions"])
        and catalogue.is_within(consent.purpose, request["purpose"])
        and consent.period.end <= request["until"]
        and is_within(consent.scope, scope_of(request))
    )


def is_within(given: Scope, asked: Scope) -> bool:
    """Whether no more is given than was asked, as far as it can be told: single items stand where the owner sees."""
    if given.items and not asked.items:
        return not given.sections or given.sections <= asked.sections
    return (
        _part(given.items, asked.items)
        and _part(given.sections, asked.sections)
        and _part(given.lanes, asked.lanes)
        and (not asked.case or given.case == asked.case or bool(given.items))
    )


def _part(given: frozenset[str], asked: frozenset[str]) -> bool:
    """Whether a bound is kept; what was asked without bound is kept by anything."""
    return not asked or (bool(given) and given <= asked)


def _known(payload: Payload, scope: Scope, catalogue: Catalogue) -> bool:
    return (
        bool(payload["actions"])
        and set(payload["actions"]) <= catalogue.actions.keys()
        and payload["purpose"] in catalogue.purposes
        and payload["basis"] in catalogue.bases
        and payload["reason"] in catalogue.reasons
        and scope.sections <= catalogue.sections
        and scope.lanes <= catalogue.lanes
        and scope.types <= catalogue.types
        and (not scope.label_ceiling or scope.label_ceiling in catalogue.labels)
    )
