"""What a dossier's stream says: its rules for the engine, and the keys and lists that new statements are checked by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.catalogue import Catalogues
from consent.facts import DossierFacts, FactRecord, compile_facts
from crypto.encoding import decode_base64
from crypto.statements import statement_hash

PROPOSAL = "proposal"
"""A fact of the application, not of the engine: a statement that waits for more signatures."""


@dataclass(frozen=True, slots=True)
class SectionKey:
    """The current public key of one (section, lane): what agencies seal to. `statement` is its hex hash."""

    epoch: int
    public: bytes
    statement: str


@dataclass(frozen=True, slots=True)
class DossierState:
    """One dossier at one position of its stream.

    `rules` is all that the engine looks at. `key`, `inbox` and `key_head` are the newest dossier key, inbox key and
    the hex hash of their statement; `authority_head` and `authority_sequence` belong to the newest authority list.
    """

    dossier: str
    owner: str
    nature: str
    key: bytes
    inbox: bytes
    key_head: str
    key_sequence: int
    authority_head: str
    authority_sequence: int
    section_keys: Mapping[tuple[str, str], SectionKey]
    proposals: Mapping[str, Mapping[str, Any]]
    rules: DossierFacts
    records: tuple[FactRecord, ...] = field(repr=False)

    def extended(self, records: Iterable[FactRecord], catalogues: Catalogues) -> DossierState:
        """The state after more records of the same stream."""
        return compile_dossier((*self.records, *records), catalogues)


def compile_dossier(records: Iterable[FactRecord], catalogues: Catalogues) -> DossierState:
    """Fold the rules records of a dossier's stream; raise FactsError for records that no dossier begins with."""
    kept = tuple(records)
    rules = compile_facts((record for record in kept if record.kind != PROPOSAL), catalogues)
    key = _newest(kept, "dossier-key")
    authority = _newest(kept, "authority-list")
    return DossierState(
        dossier=key["dossier"],
        owner=key["owner"],
        nature=key["nature"],
        key=decode_base64(key["key"]),
        inbox=decode_base64(key["inboxKey"]),
        key_head=statement_hash("dossier-key", key).hex(),
        key_sequence=key["sequence"],
        authority_head=statement_hash("authority-list", authority).hex() if authority else "",
        authority_sequence=authority["sequence"] if authority else -1,
        section_keys=_section_keys(kept),
        proposals={record.subject: record.payload for record in kept if record.kind == PROPOSAL},
        rules=rules,
        records=kept,
    )


def _newest(records: tuple[FactRecord, ...], kind: str) -> Mapping[str, Any]:
    return next((record.payload for record in reversed(records) if record.kind == kind), {})


def _section_keys(records: tuple[FactRecord, ...]) -> dict[tuple[str, str], SectionKey]:
    keys: dict[tuple[str, str], SectionKey] = {}
    for record in records:
        if record.kind == "section-key":
            payload: Mapping[str, Any] = record.payload
            statement = statement_hash("section-key", payload).hex()
            public = decode_base64(payload["publicKey"])
            keys[payload["section"], payload["lane"]] = SectionKey(payload["epoch"], public, statement)
    return keys
