"""Who may sign what: whether a statement, its signatures already checked, counts at this position.

Pure and over parsed payloads. Whether the signature is good and the key is the signer's current one is settled before
(`crypto.statements`, `crypto.chains`); here it is authority, scope, threshold, freshness and sense. Everything raises:
a statement that does not count is never stored as a fact. Widening statements need all of it; narrowing ones need one
holder within scope, or the grantee handing back, and are never refused for position or age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from consent.catalogue import Catalogue
from consent.entries import Holder
from consent.errors import NotAuthorisedError, StaleStatementError
from consent.facts import DossierFacts
from consent.fields import count, nested, text
from consent.grant import Consent, GrantException
from consent.terms import FOREVER

_RULING = ("owner", "legal-representative")
FRESH_SECONDS = 15 * 60
"""How old a widening statement may be."""

CLOCK_SLACK = 5
"""Seconds by which a signer's clock may be ahead."""

WIDENING = frozenset(
    {"consent", "source-admission", "placement", "block-end", "emergency-opt-in", "case-acceptance", "authority-list"},
)
"""Kinds that carry `after` and need the threshold; a consent that denies is no widening but is signed like one."""


def check_fresh(payload: Mapping[str, Any], rules: int, now: int) -> None:
    """Refuse a widening statement that is over 15 minutes old or whose signer saw another `rules` position.

    What was previewed is what is signed. Raises StaleStatementError.
    """
    if count(nested(payload, "after"), "seq") != rules:
        raise StaleStatementError("the facts changed after the signer looked")
    if not -CLOCK_SLACK <= now - count(payload, "issuedAt") <= FRESH_SECONDS:
        raise StaleStatementError("the statement is too old or from the future")


def check_authority(
    payload: Mapping[str, Any],
    sections: Iterable[str] | None,
    facts: DossierFacts,
    now: int,
    *,
    cosigners: Iterable[Mapping[str, Any]] = (),
    needs_threshold: bool = True,
) -> None:
    """Refuse unless signer and co-signers may do this in these sections (None = the whole dossier) at `now`.

    Each signs in the `capacity` that the payload names and needs an entry of the authority list that covers every
    section; as many different people with different keys must sign as the highest threshold among those entries. While
    nobody is listed as owner or legal representative, the owner needs no entry. Raises NotAuthorisedError.
    """
    wanted = None if sections is None else frozenset(sections)
    people: dict[str, str] = {}
    threshold = 1
    for signed in (payload, *cosigners):
        threshold = max(threshold, _authority(signed, wanted, facts, now))
        people[text(signed, "signer")] = text(signed, "keyHash")
    signatures = min(len(people), len(set(people.values())))
    if needs_threshold and signatures < threshold:
        raise NotAuthorisedError("too few signatures")


def _authority(signed: Mapping[str, Any], wanted: frozenset[str] | None, facts: DossierFacts, now: int) -> int:
    """The threshold under which this signer acts; raises NotAuthorisedError without authority over all sections."""
    person, capacity = text(signed, "signer"), text(signed, "capacity")
    entries = [each for each in facts.holders if (each.person, each.capacity) == (person, capacity)]
    current = [each for each in entries if each.period.holds(now) and _covers(each, wanted)]
    if current:
        return min(each.threshold for each in current)
    ruled = any(each.capacity in _RULING and each.period.holds(now) for each in facts.holders)
    if person == facts.owner and capacity == "owner" and not ruled:
        return 1
    raise NotAuthorisedError("the signer has no authority over this")


def _covers(holder: Holder, wanted: frozenset[str] | None) -> bool:
    return holder.full or (wanted is not None and bool(wanted) and wanted <= holder.sections)


def consent_sections(consent: Consent, item_sections: Mapping[str, str]) -> frozenset[str] | None:
    """The sections that a consent reaches, None for all; `item_sections` says where the items it lists stand now.

    Raises NotAuthorisedError if it lists an item that is not there.
    """
    if consent.scope.sections:
        return consent.scope.sections
    if not consent.scope.items:
        return None
    if not consent.scope.items <= item_sections.keys():
        raise NotAuthorisedError("the consent lists an unknown item")
    return frozenset(item_sections[item] for item in consent.scope.items)


def check_withdrawal(
    payload: Mapping[str, Any],
    consent: Consent,
    sections: Iterable[str] | None,
    facts: DossierFacts,
    now: int,
    *,
    needs_threshold: bool = True,
) -> None:
    """Refuse unless one holder within scope withdraws, or the person or network grantee hands back a permit.

    Without `needs_threshold` one signature is enough for a denial too: to propose its end. Raises NotAuthorisedError.
    """
    if text(payload, "capacity") != "grantee":
        # a denial withdrawn is access widened: that needs as many as giving
        needs_threshold = needs_threshold and consent.effect == "deny"
        check_authority(payload, sections, facts, now, needs_threshold=needs_threshold)
    elif consent.effect != "permit" or consent.grantee.person != text(payload, "signer"):
        raise NotAuthorisedError("only the grantee may hand a permit back")


def check_block(payload: Mapping[str, Any], facts: DossierFacts, now: int) -> None:
    """Refuse a block of the owner, a co-owner or a legal representative. Raises NotAuthorisedError."""
    person = text(payload, "person")
    ruling = (each for each in facts.holders if each.capacity in _RULING)
    if person == facts.owner or any(each.person == person and each.period.holds(now) for each in ruling):
        raise NotAuthorisedError("neither owner nor legal representative can be blocked")


def check_sense(consent: Consent, facts: DossierFacts, now: int) -> None:
    """Refuse a consent that says something it cannot mean. Raises NotAuthorisedError naming the first such thing."""
    for reason, is_wrong in _SENSE:
        if is_wrong(consent, facts):
            raise NotAuthorisedError(reason)
    if consent.period.end <= max(now, consent.period.start):
        raise NotAuthorisedError("the period is over or empty")


def _is_unknown(consent: Consent, facts: DossierFacts) -> bool:
    catalogue = facts.catalogues.versions.get(consent.catalogue)
    if catalogue is None:
        return True
    parts: tuple[Consent | GrantException, ...] = (consent, *consent.exceptions)
    return consent.basis not in catalogue.bases or not all(_is_known(part, catalogue) for part in parts)


def _is_known(part: Consent | GrantException, catalogue: Catalogue) -> bool:
    """Whether every code is of the catalogue: one that is not would match nobody and nothing, a denial least of all."""
    scope, purpose, role = part.scope, part.purpose, part.grantee.role
    return (
        part.actions <= catalogue.actions.keys()
        and scope.sections <= catalogue.sections
        and scope.lanes <= catalogue.lanes
        and scope.types <= catalogue.types
        and (not purpose or purpose in catalogue.purposes)
        and (not role or role in catalogue.roles)
        and (not scope.label_ceiling or scope.label_ceiling in catalogue.labels)
    )


def _names_the_owner(consent: Consent, facts: DossierFacts) -> bool:
    return consent.effect == "deny" and consent.grantee.person == facts.owner


def _opens_the_vault(consent: Consent, _facts: DossierFacts) -> bool:
    return consent.effect == "permit" and "vault" in consent.scope.lanes


def _is_boundless(consent: Consent, _facts: DossierFacts) -> bool:
    bounds = (consent.scope.items, consent.scope.sections, consent.scope.case)
    return consent.effect == "permit" and not (any(bounds) and consent.purpose and consent.period.end < FOREVER)


def _serves_the_signer(consent: Consent, facts: DossierFacts) -> bool:
    return consent.effect == "permit" and consent.grantee.person == consent.signer and consent.signer != facts.owner


def _has_loose_actions(consent: Consent, facts: DossierFacts) -> bool:
    """A permit must name what its actions need, a denial what cannot be done without what it denies."""
    needs = facts.catalogues.versions[consent.catalogue].actions
    if consent.effect == "permit":
        return any(not needs[action] <= consent.actions for action in consent.actions)
    return any(needs[action] & consent.actions and action not in consent.actions for action in needs)


_SENSE = (
    ("a code or the catalogue is unknown", _is_unknown),
    ("no action is named", lambda consent, _facts: not consent.actions),
    ("an action is named without what belongs to it", _has_loose_actions),
    ("a denial cannot bind the owner", _names_the_owner),
    ("the vault cannot be opened", _opens_the_vault),
    ("a permit needs a scope, a purpose and an end", _is_boundless),
    ("a representative cannot permit themselves", _serves_the_signer),
    ("a denial has no label ceiling", lambda consent, _facts: consent.effect == "deny" and _has_ceiling(consent)),
    ("an end with the case needs a case", lambda consent, _facts: consent.ends_on_case_closed and not consent.case),
)


def _has_ceiling(consent: Consent) -> bool:
    return bool(consent.scope.label_ceiling)
