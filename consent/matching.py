"""Whether one rule speaks of one request: grantee, scope, purpose. Time is left to the engine.

Every question has a strict and a loose form. Permits and orders are strict: what is empty where it counts, unknown, or
only partly inside does not match. Denials are loose: they match whenever they might. So a fact that is missing never
opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consent.catalogue import Catalogue
from consent.grant import Consent, GrantException
from consent.terms import Actor, Grantee, ItemFacts, Request, Scope


def grantee_fits(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    """Whether the grantee may be this actor, as far as kind, ids and role tell.

    Taking part in a case (team, network) is a matter of time and is not looked at here.
    """
    fits = _FITS.get(grantee.kind)
    return not strict if fits is None else fits(grantee, actor, strict=strict)


def _person_fits(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    named = _same(grantee.person, actor.id, strict=strict)
    return actor.kind == "person" and named and _same_capacity(grantee, actor, strict=strict)


def _role_fits(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    # INVARIANT whole-actor: only a professional has a role
    return bool(actor.role) and _same_capacity(grantee, actor, strict=strict)


def _team_fits(_grantee: Grantee, actor: Actor, *, strict: bool) -> bool:  # noqa: ARG001 - one of five alike
    return actor.kind == "person"


def _system_fits(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    # the organisation may stay empty in a permit too: a system's id is unique
    organisation = _same(grantee.organisation, actor.organisation, strict=False)
    return actor.kind == "system" and organisation and _same(grantee.system, actor.id, strict=strict)


def _network_fits(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    # INVARIANT whole-actor: without organisation it is a citizen
    return not actor.organisation and _same(grantee.person, actor.id, strict=strict)


_FITS: Mapping[str, Callable[..., bool]] = {
    "person": _person_fits,
    "role": _role_fits,
    "team": _team_fits,
    "system": _system_fits,
    "network": _network_fits,
}


def _same_capacity(grantee: Grantee, actor: Actor, *, strict: bool) -> bool:
    return _same(grantee.organisation, actor.organisation, strict=strict) and _same(
        grantee.role, actor.role, strict=strict
    )


def _same(named: str, actual: str, *, strict: bool) -> bool:
    return named == actual if named else not strict


def place_fits(scope: Scope, item: ItemFacts, catalogue: Catalogue | None, *, strict: bool) -> bool:
    """Whether the item's section, lane, type, source and label lie in the scope."""
    return (
        (not scope.sections or item.section in scope.sections)
        and (not scope.lanes or item.lane in scope.lanes)
        and (not scope.types or item.type in scope.types)
        and (not scope.sources or item.source in scope.sources)
        and (not scope.label_ceiling or _label_fits(scope.label_ceiling, item.label, catalogue, strict=strict))
    )


def _label_fits(ceiling: str, label: str, catalogue: Catalogue | None, *, strict: bool) -> bool:
    labels = catalogue.labels if catalogue else {}
    if ceiling not in labels or label not in labels:
        return not strict
    return labels[label].rank <= labels[ceiling].rank


def item_fits(scope: Scope, item: ItemFacts, *, strict: bool) -> bool:
    """Whether the item itself, its cases and its data period lie in the scope."""
    if scope.items and item.item not in scope.items:
        return False
    if scope.case and scope.case not in item.cases:
        return False
    if not scope.data_from and not scope.data_until:
        return True
    if not item.data_from or not item.data_until:
        return not strict
    if strict:
        return item.data_from >= scope.data_from and (not scope.data_until or item.data_until < scope.data_until)
    return item.data_until >= scope.data_from and (not scope.data_until or item.data_from < scope.data_until)


def purpose_fits(purpose: str, asked: str, catalogue: Catalogue | None, *, strict: bool) -> bool:
    """Whether the purpose asked for is the rule's purpose or lies below it."""
    if strict:
        return catalogue is not None and catalogue.is_within(asked, purpose)
    if catalogue is None or asked not in catalogue.purposes or purpose not in catalogue.purposes:
        return True
    return catalogue.is_within(asked, purpose)


def is_early_enough(consent: Consent, request: Request) -> bool:
    """Whether a consent without later items covers an item delivered when this one was."""
    if request.action == "add" or request.item.item in consent.scope.items:
        return True
    return request.item.delivered < consent.seq


def exception_fits(exception: GrantException, request: Request, catalogue: Catalogue | None) -> bool:
    """Whether the exception takes this request out of its denial, participation left aside.

    Empty fields of its grantee are no constraint, yet what is unknown does not match: an exception makes a denial
    smaller, so it must be certain.
    """
    return (
        request.action in exception.actions
        and grantee_fits(exception.grantee, request.actor, strict=False)
        and (not exception.purpose or purpose_fits(exception.purpose, request.purpose, catalogue, strict=True))
        and place_fits(exception.scope, request.item, catalogue, strict=True)
        and item_fits(exception.scope, request.item, strict=True)
    )
