"""What a dossier's stream says: its rules for the engine, and the keys and lists that new statements are checked by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent.catalogue import Catalogues
from consent.facts import DossierFacts, FactRecord
from consent.folding import compile_facts
from crypto.encoding import decode_base64
from crypto.statements import statement_hash

PROPOSAL = "proposal"
"""A fact of the application, not of the engine: a statement that waits for more signatures."""


@dataclass(frozen=True, slots=True)
class DossierState:
    """One dossier at one rules position of its stream.

    `rules` is all that the engine looks at. `key`, `inbox` and `key_head` are the newest dossier key, inbox key and
    the hex hash of their statement; `authority_head` and `authority_sequence` belong to the newest authority list.
    `ends` says until when (UTC seconds) persons (hex) hold at most whose authority was ended without a list.
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
    proposals: Mapping[str, Mapping[str, Any]]
    ends: Mapping[str, int]
    rules: DossierFacts


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
        authority_sequence=authority["sequence"] if authority else 0,
        proposals={record.subject: record.payload for record in kept if record.kind == PROPOSAL},
        ends=_ends(kept),
        rules=rules,
    )


def _ends(records: tuple[FactRecord, ...]) -> dict[str, int]:
    """Ends outlast the lists after them, until one gives the person longer: then others had them on it."""
    ends: dict[str, int] = {}
    for record in records:
        if record.kind == "authority-ended":
            ends[record.payload["person"]] = record.payload["until"]
        elif record.kind == "authority-list" and ends:
            longer = {
                each["person"] for each in record.payload["holders"] if each["until"] > ends.get(each["person"], 0)
            }
            ends = {person: until for person, until in ends.items() if person not in longer}
    return ends


def _newest(records: tuple[FactRecord, ...], kind: str) -> Mapping[str, Any]:
    return next((record.payload for record in reversed(records) if record.kind == kind), {})
