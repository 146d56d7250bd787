"""The rules of one dossier, folded from the fact records of its stream, in order.

The result depends on nothing but the records and the catalogues, so it may be cached by the stream's `rules` position
and a past position can be compiled again for replay.

Record kinds and payloads (a statement kind has the payload of `crypto/kinds.json`):

| kind | effect |
|---|---|
| dossier-key | names the owner; a later one must name the same |
| authority-list | replaces all holders |
| authority-ended | `{"person", "until"}`: that person's entries end at `until` at the latest (register event, step-down) |
| source-admission, admission-end | an organisation may add to these sections (empty list = all); until ended |
| block, block-end | a natural person is shut out; until ended |
| emergency-opt-in | emergency access is possible in these sections (empty list = none); replaces the earlier opt-in |
| consent | a permit or denial; ends the consent it replaces |
| withdrawal | ends the consent it names |
| consent-ended | `{"consent", "reason"}`: ends it (sweeper, or stopped without key) |
| order | a statutory order |
| order-ended | `{"order"}`: ends it |
| emergency-use | somebody declared an emergency |
| emergency-approval | `{"emergency", "person"}`: a second person approved it |
| emergency-review | `{"emergency"}`: it was reviewed afterwards |
| placement, removal, section-key, rotation, countersignature | carry item or key facts: no effect here |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from consent.catalogue import Catalogues
from consent.entries import (
    Admission,
    Block,
    EmergencyUse,
    Holder,
    OptIn,
    Order,
    parse_admission,
    parse_block,
    parse_emergency_use,
    parse_holder,
    parse_opt_in,
    parse_order,
)
from consent.errors import FactsError
from consent.facts import DossierFacts, FactRecord
from consent.fields import count, nested_list, text
from consent.grant import Consent, parse_consent
from consent.terms import Period


def compile_facts(records: Iterable[FactRecord], catalogues: Catalogues) -> DossierFacts:
    """Fold fact records, in stream order, into the rules that stand after the last one.

    Raises FactsError when positions go down, a kind is unknown, an id is used twice or no owner is named, and
    MalformedGrantError when a payload is not of its kind: an unreadable rule must never be skipped, for it could be a
    denial.
    """
    return Fold().extended(records).result(catalogues)


class Fold:
    """The rules so far, by id. Nobody changes it but `extended`, which changes a copy."""

    def __init__(self) -> None:
        self.seq = 0
        self.owner = ""
        self.holders: tuple[Holder, ...] = ()
        self.consents: dict[str, Consent] = {}
        self.blocks: dict[str, Block] = {}
        self.admissions: dict[str, Admission] = {}
        self.orders: dict[str, Order] = {}
        self.opt_in: OptIn | None = None
        self.emergencies: dict[str, EmergencyUse] = {}
        self.used: set[str] = set()

    def extended(self, records: Iterable[FactRecord]) -> Fold:
        """Return the rules after these records too; raise as `compile_facts` does."""
        fold = self._copy()
        for record in records:
            if record.seq < fold.seq:
                raise FactsError("positions go down")
            if record.kind not in _STEPS:
                raise FactsError("kind of record is unknown")
            fold.seq = record.seq
            _STEPS[record.kind](fold, record)
        return fold

    def _copy(self) -> Fold:
        fold = Fold()
        for name, value in vars(self).items():
            setattr(fold, name, value.copy() if isinstance(value, dict | set) else value)
        return fold

    def add(self, rules: dict[str, Any], rule: Any) -> None:
        """Add a rule under an id that was never used: a second one could replace a denial unseen."""
        if rule.id in self.used:
            raise FactsError("an id is used twice")
        self.used.add(rule.id)
        rules[rule.id] = rule

    def result(self, catalogues: Catalogues) -> DossierFacts:
        """The frozen facts."""
        if not self.owner:
            raise FactsError("no owner is named")
        consents = _in_order(self.consents)
        return DossierFacts(
            seq=self.seq,
            owner=self.owner,
            holders=tuple(sorted(self.holders, key=lambda holder: (holder.person, holder.capacity))),
            permits=tuple(each for each in consents if each.effect == "permit"),
            denials=tuple(each for each in consents if each.effect == "deny"),
            blocks=_in_order(self.blocks),
            admissions=_in_order(self.admissions),
            orders=_in_order(self.orders),
            opt_in=self.opt_in,
            emergencies=_in_order(self.emergencies),
            catalogues=catalogues,
        )


def _in_order(rules: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(rules[key] for key in sorted(rules))


def _dossier_key(fold: Fold, record: FactRecord) -> None:
    owner = text(record.payload, "owner")
    if fold.owner not in ("", owner):
        raise FactsError("a second owner is named")
    fold.owner = owner


def _authority_list(fold: Fold, record: FactRecord) -> None:
    fold.holders = tuple(parse_holder(each) for each in nested_list(record.payload, "holders"))


def _authority_ended(fold: Fold, record: FactRecord) -> None:
    person, until = text(record.payload, "person"), count(record.payload, "until")
    fold.holders = tuple(_ended(each, until) if each.person == person else each for each in fold.holders)


def _ended(holder: Holder, until: int) -> Holder:
    return replace(holder, period=Period(holder.period.start, min(holder.period.end, until)))


def _consent(fold: Fold, record: FactRecord) -> None:
    consent = parse_consent(record.payload, record.seq)
    fold.consents.pop(consent.replaces, None)
    fold.add(fold.consents, consent)


def _emergency_approval(fold: Fold, record: FactRecord) -> None:
    use = fold.emergencies.get(text(record.payload, "emergency"))
    approver = text(record.payload, "person")
    if use is not None and approver != use.person:
        fold.emergencies[use.id] = replace(use, approver=approver)


def _emergency_review(fold: Fold, record: FactRecord) -> None:
    use = fold.emergencies.get(text(record.payload, "emergency"))
    if use is not None:
        fold.emergencies[use.id] = replace(use, reviewed=True)


def _opt_in(fold: Fold, record: FactRecord) -> None:
    fold.opt_in = parse_opt_in(record.payload)


def _add(table: str, parse: Callable[[Mapping[str, Any]], Any]) -> _Step:
    return lambda fold, record: fold.add(getattr(fold, table), parse(record.payload))


def _end(table: str, name: str) -> _Step:
    # ending what is not there is no error: a narrowing act is never refused
    return lambda fold, record: getattr(fold, table).pop(text(record.payload, name), None)


def _nothing(_fold: Fold, _record: FactRecord) -> None:
    """Item and key facts are kept elsewhere."""


_Step = Callable[[Fold, FactRecord], None]
_STEPS: Mapping[str, _Step] = {
    "dossier-key": _dossier_key,
    "authority-list": _authority_list,
    "authority-ended": _authority_ended,
    "source-admission": _add("admissions", parse_admission),
    "admission-end": _end("admissions", "admission"),
    "block": _add("blocks", parse_block),
    "block-end": _end("blocks", "block"),
    "emergency-opt-in": _opt_in,
    "consent": _consent,
    "withdrawal": _end("consents", "consent"),
    "consent-ended": _end("consents", "consent"),
    "order": _add("orders", parse_order),
    "order-ended": _end("orders", "order"),
    "emergency-use": _add("emergencies", parse_emergency_use),
    "emergency-approval": _emergency_approval,
    "emergency-review": _emergency_review,
    "placement": _nothing,
    "removal": _nothing,
    "section-key": _nothing,
    "rotation": _nothing,
    "countersignature": _nothing,
}
