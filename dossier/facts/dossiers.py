"""What a dossier's stream says: its rules for the engine, and the keys and lists that new statements are checked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consent.catalogue import Catalogues
from consent.facts import DossierFacts, FactRecord
from consent.folding import Fold
from crypto.encoding import decode_base64
from crypto.statements import statement_hash

PROPOSAL = "proposal"
"""A fact of the application, not of the engine: a statement that waits for more signatures."""

DEEDS = frozenset({"dossier-key", "authority-list", "authority-ended"})
"""The kinds of records that say whose the dossier is and was."""


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


@dataclass(frozen=True, slots=True)
class DossierFold:
    """A dossier's records folded so far, to be extended by later ones.

    `deeds` are the records of its keys and of who held authority, which are looked at again; all others live on only
    in what they did to the rules.
    """

    rules: Fold = field(default_factory=Fold)
    deeds: tuple[FactRecord, ...] = ()
    proposals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def extended(self, records: Sequence[FactRecord]) -> DossierFold:
        """Return the fold with later records; raise FactsError or MalformedGrantError, see `Fold`."""
        proposals = {record.subject: record.payload for record in records if record.kind == PROPOSAL}
        return DossierFold(
            rules=self.rules.extended(record for record in records if record.kind != PROPOSAL),
            deeds=(*self.deeds, *(record for record in records if record.kind in DEEDS)),
            proposals={**self.proposals, **proposals},
        )

    def state(self, catalogues: Catalogues) -> DossierState:
        """Return the dossier as it stands; raise FactsError if no owner was named."""
        rules = self.rules.result(catalogues)
        key, authority = _newest(self.deeds, "dossier-key"), _newest(self.deeds, "authority-list")
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
            proposals=self.proposals,
            ends=_ends(self.deeds),
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
