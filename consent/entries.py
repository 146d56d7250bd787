"""The other rules of a dossier beside consents: who holds authority, who may deliver, who is shut out, and so on.

Each is a frozen value read from the payload of its statement (`crypto/kinds.json`); a wrong type raises
MalformedGrantError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consent.errors import MalformedGrantError
from consent.fields import code_list, count, flag, nested, nested_list, text
from consent.grant import parse_grantee
from consent.terms import EMERGENCY_SECONDS, Grantee, Period

CAPACITIES = ("owner", "legal-representative", "mandate")


@dataclass(frozen=True, slots=True)
class Holder:
    """One entry of the authority list. `capacity`: owner, legal-representative or mandate.

    Covers an item if `full` or the item's section is listed; the vault only if `full` and capacity owner. `threshold`
    counts for signing, never for reading.
    """

    person: str
    capacity: str
    sections: frozenset[str]
    full: bool
    threshold: int
    period: Period

    def covers(self, section: str) -> bool:
        """Whether the section lies in the holder's scope."""
        return self.full or section in self.sections


@dataclass(frozen=True, slots=True)
class Admission:
    """The owner lets an organisation deliver; empty `sections` = all."""

    id: str
    organisation: str
    sections: frozenset[str]
    period: Period


@dataclass(frozen=True, slots=True)
class Block:
    """A natural person is shut out of the dossier in every role and organisation."""

    id: str
    person: str
    period: Period


@dataclass(frozen=True, slots=True)
class Order:
    """Access on law or court order: its listed items and actions only, never vault.

    Counts only with a non-empty article and at least two different persons among `approvers`. `notice_from`: the owner
    is told then (at once if in the past). `overrides_block`: both approvers signed that it goes before a block.
    """

    id: str
    article: str
    grantee: Grantee
    items: frozenset[str]
    actions: frozenset[str]
    overrides_block: bool
    period: Period
    notice_from: int
    approvers: frozenset[str]
    issued: int


@dataclass(frozen=True, slots=True)
class OptIn:
    """The owner allows emergency access to these sections; none listed = none allowed."""

    id: str
    sections: frozenset[str]
    period: Period


@dataclass(frozen=True, slots=True)
class EmergencyUse:
    """A person in a capacity declared an emergency for some sections; at most 24 hours from its start.

    `approver` is the second person, empty if none; `reviewed` whether it was reviewed afterwards.
    """

    id: str
    person: str
    organisation: str
    role: str
    sections: frozenset[str]
    reason: str
    period: Period
    approver: str
    reviewed: bool


def parse_holder(payload: Mapping[str, Any]) -> Holder:
    """One element of an authority list's `holders`."""
    capacity = text(payload, "capacity")
    if capacity not in CAPACITIES:
        raise MalformedGrantError("capacity is unknown")
    return Holder(
        person=text(payload, "person"),
        capacity=capacity,
        sections=code_list(payload, "sections"),
        full=flag(payload, "full"),
        threshold=count(payload, "threshold"),
        period=parse_period(payload),
    )


def parse_admission(payload: Mapping[str, Any]) -> Admission:
    """A `source-admission`."""
    sections = code_list(payload, "sections")
    return Admission(text(payload, "admission"), text(payload, "organisation"), sections, parse_period(payload))


def parse_block(payload: Mapping[str, Any]) -> Block:
    """A `block`."""
    return Block(text(payload, "block"), text(payload, "person"), parse_period(payload))


def parse_order(payload: Mapping[str, Any]) -> Order:
    """An `order`."""
    return Order(
        id=text(payload, "order"),
        article=text(payload, "article"),
        grantee=parse_grantee(nested(payload, "grantee")),
        items=code_list(payload, "items"),
        actions=code_list(payload, "actions"),
        overrides_block=flag(payload, "overridesBlock"),
        period=parse_period(payload),
        notice_from=count(payload, "noticeFrom"),
        approvers=frozenset(text(each, "person") for each in nested_list(payload, "approvers")) - {""},
        issued=count(payload, "issuedAt"),
    )


def parse_opt_in(payload: Mapping[str, Any]) -> OptIn:
    """An `emergency-opt-in`."""
    return OptIn(text(payload, "optIn"), code_list(payload, "sections"), parse_period(payload))


def parse_emergency_use(payload: Mapping[str, Any]) -> EmergencyUse:
    """An `emergency-use`, cut to the longest emergency; it never begins before it was declared."""
    declared = parse_period(payload)
    period = Period(max(declared.start, count(payload, "issuedAt")), declared.end)
    return EmergencyUse(
        id=text(payload, "emergency"),
        person=text(payload, "signer"),
        organisation=text(payload, "organisation"),
        role=text(payload, "role"),
        sections=code_list(payload, "sections"),
        reason=text(payload, "reason"),
        period=Period(period.start, min(period.end, period.start + EMERGENCY_SECONDS)),
        approver="",
        reviewed=False,
    )


def parse_period(payload: Mapping[str, Any]) -> Period:
    """The fields `from` and `until`."""
    return Period(count(payload, "from"), count(payload, "until"))
