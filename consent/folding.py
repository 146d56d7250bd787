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
from typing import Any, TypeAlias

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

Rule: TypeAlias = Consent | Block | Admission | Order | EmergencyUse


def compile_facts(records: Iterable[FactRecord], catalogues: Catalogues) -> DossierFacts:
    """Fold fact records, in stream order, into the rules that stand after the last one.

    Raises FactsError when positions go down, a kind is unknown, an id is used twice or no owner is named, and
    MalformedGrantError when a payload is not of its kind: an unreadable rule must never be skipped, for it could be a
    denial.
    """
    return Fold().extended(records).result(catalogues)


class Fold:
    """The rules so far. Nobody changes it but `extended`, which changes a copy.

    `rules` has every consent, block, admission, order and emergency by its id, and None under the id of one that ended:
    no id is ever used again.
    """

    __slots__ = ("holders", "opt_in", "owner", "rules", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self.owner = ""
        self.holders: tuple[Holder, ...] = ()
        self.opt_in: OptIn | None = None
        self.rules: dict[str, Rule | None] = {}

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
        fold.seq, fold.owner, fold.holders, fold.opt_in = self.seq, self.owner, self.holders, self.opt_in
        fold.rules = dict(self.rules)
        return fold

    def add(self, rule: Rule) -> None:
        """Add a rule under an id that was never used: a second one could replace a denial unseen."""
        if rule.id in self.rules:
            raise FactsError("an id is used twice")
        self.rules[rule.id] = rule

    def end(self, kind: type[Rule], id_: str) -> None:
        """End a rule of this kind. To end what is not there is no error: a narrowing act is never refused."""
        if isinstance(self.rules.get(id_), kind):
            self.rules[id_] = None

    def emergency(self, id_: str) -> EmergencyUse | None:
        """The emergency of this id, None if there is none."""
        found = self.rules.get(id_)
        return found if isinstance(found, EmergencyUse) else None

    def result(self, catalogues: Catalogues) -> DossierFacts:
        """The frozen facts."""
        if not self.owner:
            raise FactsError("no owner is named")
        standing: dict[type[Rule], list[Any]] = {kind: [] for kind in (Consent, Block, Admission, Order, EmergencyUse)}
        for _, rule in sorted(self.rules.items()):
            if rule is not None:
                standing[type(rule)].append(rule)
        return DossierFacts(
            seq=self.seq,
            owner=self.owner,
            holders=tuple(sorted(self.holders, key=lambda holder: (holder.person, holder.capacity))),
            permits=tuple(each for each in standing[Consent] if each.effect == "permit"),
            denials=tuple(each for each in standing[Consent] if each.effect == "deny"),
            blocks=tuple(standing[Block]),
            admissions=tuple(standing[Admission]),
            orders=tuple(standing[Order]),
            opt_in=self.opt_in,
            emergencies=tuple(standing[EmergencyUse]),
            catalogues=catalogues,
        )


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
    fold.end(Consent, consent.replaces)
    fold.add(consent)


def _emergency_approval(fold: Fold, record: FactRecord) -> None:
    use = fold.emergency(text(record.payload, "emergency"))
    approver = text(record.payload, "person")
    if use is not None and approver != use.person:
        fold.rules[use.id] = replace(use, approver=approver)


def _emergency_review(fold: Fold, record: FactRecord) -> None:
    use = fold.emergency(text(record.payload, "emergency"))
    if use is not None:
        fold.rules[use.id] = replace(use, reviewed=True)


def _opt_in(fold: Fold, record: FactRecord) -> None:
    fold.opt_in = parse_opt_in(record.payload)


def _add(parse: Callable[[Mapping[str, Any]], Rule]) -> _Step:
    return lambda fold, record: fold.add(parse(record.payload))


def _end(kind: type[Rule], name: str) -> _Step:
    return lambda fold, record: fold.end(kind, text(record.payload, name))


def _nothing(_fold: Fold, _record: FactRecord) -> None:
    """Item and key facts are kept elsewhere."""


_Step = Callable[[Fold, FactRecord], None]
_STEPS: Mapping[str, _Step] = {
    "dossier-key": _dossier_key,
    "authority-list": _authority_list,
    "authority-ended": _authority_ended,
    "source-admission": _add(parse_admission),
    "admission-end": _end(Admission, "admission"),
    "block": _add(parse_block),
    "block-end": _end(Block, "block"),
    "emergency-opt-in": _opt_in,
    "consent": _consent,
    "withdrawal": _end(Consent, "consent"),
    "consent-ended": _end(Consent, "consent"),
    "order": _add(parse_order),
    "order-ended": _end(Order, "order"),
    "emergency-use": _add(parse_emergency_use),
    "emergency-approval": _emergency_approval,
    "emergency-review": _emergency_review,
    "placement": _nothing,
    "removal": _nothing,
    "section-key": _nothing,
    "rotation": _nothing,
    "countersignature": _nothing,
}
