"""The statements that govern a dossier, kind by kind: what each touches, and what it must agree with. Pure.

A table says for each kind which sections it reaches and which check it must pass beside signature, position and
authority (dossier.dossiers.authority). Consents and withdrawals are the business of dossier.sharing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.entry import Fact
from consent.errors import ConsentError
from consent.facts import DossierFacts
from consent.verification import check_block
from crypto.statements import Statement
from dossier.dossiers.authority import refusal
from dossier.errors import ConflictError, InvalidRequestError
from dossier.items.state import ItemState

Payload = Mapping[str, Any]
Check = Callable[[Payload, DossierFacts, ItemState | None, int], None]


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of statement: the field that names its subject, what it reaches, what it must agree with.

    `sections` gives the sections that it touches, None for the whole dossier. `item` names the field of the item that
    it is about, if it is about one.
    """

    subject: str
    sections: Callable[[Payload, ItemState | None], Iterable[str] | None]
    check: Check
    item: str = ""


def facts_of(statement: Statement, act: Act) -> tuple[Fact, ...]:
    """The facts that an accepted statement makes: one of rules, and for a statement about an item one of items."""
    payload = statement.payload
    rules = Fact("rules", statement.kind, bytes.fromhex(payload[act.subject]), payload)
    if not act.item:
        return (rules,)
    return (rules, Fact("items", statement.kind, bytes.fromhex(payload[act.item]), payload))


def _whole(_payload: Payload, _item: ItemState | None) -> None:
    return None


def _named(payload: Payload, _item: ItemState | None) -> list[str] | None:
    """The sections in the payload; an empty list stands for all of them."""
    return payload["sections"] or None


def _placed(payload: Payload, item: ItemState | None) -> list[str]:
    """Where the item stands and where it goes: authority is wanted over both."""
    return [payload["section"], *([item.facts.section] if item else [])]


def _standing(_payload: Payload, item: ItemState | None) -> list[str]:
    return [item.facts.section] if item else []


def _admit(payload: Payload, facts: DossierFacts, _item: ItemState | None, now: int) -> None:
    _check_period(payload, now)
    _check_new(payload["admission"], (each.id for each in facts.admissions))


def _end_admission(payload: Payload, facts: DossierFacts, _item: ItemState | None, _now: int) -> None:
    _check_there(payload["admission"], (each.id for each in facts.admissions))


def _block(payload: Payload, facts: DossierFacts, _item: ItemState | None, now: int) -> None:
    _check_period(payload, now)
    _check_new(payload["block"], (each.id for each in facts.blocks))
    try:
        check_block(payload, facts, now)
    except ConsentError as error:
        raise refusal(error) from error


def _end_block(payload: Payload, facts: DossierFacts, _item: ItemState | None, _now: int) -> None:
    _check_there(payload["block"], (each.id for each in facts.blocks))


def _opt_in(payload: Payload, _facts: DossierFacts, _item: ItemState | None, now: int) -> None:
    _check_period(payload, now)


def _place(payload: Payload, facts: DossierFacts, item: ItemState | None, _now: int) -> None:
    catalogue = facts.catalogues.current
    known = (
        payload["section"] in catalogue.sections
        and payload["lane"] in catalogue.lanes
        and payload["label"] in catalogue.labels
    )
    if not known:
        raise InvalidRequestError("a section, lane or label is unknown", code="unknown-code")
    if item is None or item.removed or payload["previous"] != item.placement:
        raise ConflictError("the item has been moved or removed meanwhile", code="wrong-placement")


def _remove(_payload: Payload, _facts: DossierFacts, item: ItemState | None, _now: int) -> None:
    if item is None or item.removed:
        raise ConflictError("the item is not there any more", code="already-removed")


def _check_period(payload: Payload, now: int) -> None:
    if payload["until"] <= max(now, payload["from"]):
        raise InvalidRequestError("the period is over or empty", code="empty-period")


def _check_new(wanted: str, known: Iterable[str]) -> None:
    if wanted in known:
        raise ConflictError("this id is in use", code="id-in-use")


def _check_there(wanted: str, known: Iterable[str]) -> None:
    if wanted not in known:
        raise ConflictError("this has ended before, or never began", code="not-standing")


ACTS: Mapping[str, Act] = {
    "source-admission": Act("admission", _named, _admit),
    "admission-end": Act("admission", _whole, _end_admission),
    "block": Act("block", _whole, _block),
    "block-end": Act("block", _whole, _end_block),
    "emergency-opt-in": Act("optIn", _named, _opt_in),
    "placement": Act("placement", _placed, _place, item="item"),
    "removal": Act("removal", _standing, _remove, item="item"),
}
