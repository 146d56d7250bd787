"""The group writer's view of facts: records of a stream in, the compiled value of its kind out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.entry import FactRecord as StoredRecord
from consent.catalogue import Catalogues
from consent.facts import FactRecord
from consent.people import CaseRecord, compile_case
from dossier.facts.dossiers import compile_dossier
from dossier.facts.parties import compile_organisation, compile_person


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled value with the records that made it, so that it can be extended without asking the database.

    `value` is a DossierState, PersonFacts, OrganisationFacts or CaseState by the stream's kind; None for the service.
    """

    kind: str
    value: Any
    records: tuple[FactRecord, ...] = field(repr=False)


class Compiler:
    """Compile facts of every kind of stream (see audit.entry.FactCompiler); pure but for the catalogues it was given."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues

    def compile(self, kind: str, records: Sequence[StoredRecord]) -> Compiled:
        """Compile all rules facts of a stream, in order; raise consent.errors.FactsError for impossible records."""
        return self._compile(kind, tuple(map(_record, records)))

    def extend(self, compiled: Compiled, records: Sequence[StoredRecord]) -> Compiled:
        """Return what `compile` would give with these records behind the others."""
        return self._compile(compiled.kind, (*compiled.records, *map(_record, records)))

    def _compile(self, kind: str, records: tuple[FactRecord, ...]) -> Compiled:
        return Compiled(kind, self._value(kind, records), records)

    def _value(self, kind: str, records: tuple[FactRecord, ...]) -> Any:
        if kind == "dossier":
            # A stream that is being opened has no facts yet; its first event brings them.
            return compile_dossier(records, self._catalogues) if records else None
        if kind == "person":
            return compile_person(records)
        if kind == "organisation":
            return compile_organisation(records)
        if kind == "case":
            changes = [CaseRecord(record.seq, record.kind, record.payload) for record in records]
            return compile_case(_case_of(records), changes)
        return None


def _record(stored: StoredRecord) -> FactRecord:
    return FactRecord(stored.seq, stored.kind, stored.subject.hex(), stored.body)


def _case_of(records: Sequence[FactRecord]) -> str:
    return next((str(record.payload["case"]) for record in records if record.kind == "case-opening"), "")
