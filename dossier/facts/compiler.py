"""The group writer's view of facts: records of a stream in, the compiled value of its kind out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.entry import FactRecord as StoredRecord
from consent.catalogue import Catalogues
from consent.facts import FactRecord
from consent.people import CaseRecord, compile_case
from dossier.facts.dossiers import DossierFold
from dossier.facts.parties import OrganisationFacts, PersonFacts, compile_organisation, compile_person


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the facts of a stream come to.

    `value` is a DossierState, PersonFacts, OrganisationFacts or CaseState by the stream's kind; None for the service,
    and for a stream that is being opened, whose first event brings its facts. `records` are those that are looked at
    again: of a dossier the deeds, of a case all.
    """

    kind: str
    value: Any = None
    records: tuple[FactRecord, ...] = field(default=(), repr=False)
    fold: DossierFold = field(default_factory=DossierFold, repr=False, compare=False)


class Compiler:
    """Compile facts of every kind of stream (see audit.entry.FactCompiler); pure but for the catalogues it was given.

    A stream is only ever extended: what a new fact costs does not grow with the parsing of all those before it.
    """

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues

    def compile(self, kind: str, records: Sequence[StoredRecord]) -> Compiled:
        """Compile all rules facts of a stream, in order; raise consent.errors.FactsError for impossible records."""
        return self.extend(Compiled(kind), records)

    def extend(self, compiled: Compiled, records: Sequence[StoredRecord]) -> Compiled:
        """Return what `compile` would give with these records behind the others."""
        later = tuple(map(_record, records))
        if compiled.kind == "dossier" and later:
            fold = compiled.fold.extended(later)
            return Compiled("dossier", fold.state(self._catalogues), fold.deeds, fold)
        if compiled.kind == "person":
            return Compiled("person", compile_person(later, compiled.value or PersonFacts()))
        if compiled.kind == "organisation":
            return Compiled("organisation", compile_organisation(later, compiled.value or OrganisationFacts()))
        if compiled.kind == "case":
            return _compile_case((*compiled.records, *later))
        return compiled


def _record(stored: StoredRecord) -> FactRecord:
    return FactRecord(stored.seq, stored.kind, stored.subject.hex(), stored.body)


def _compile_case(records: tuple[FactRecord, ...]) -> Compiled:
    changes = [CaseRecord(record.seq, record.kind, record.payload) for record in records]
    case = next((str(record.payload["case"]) for record in records if record.kind == "case-opening"), "")
    return Compiled("case", compile_case(case, changes), records)
