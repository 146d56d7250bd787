"""What a dossier's stream says: its rules for the engine, and the keys and lists that new statements are checked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consent.catalogue import Catalogues
from consent.errors import FactsError
from consent.facts import DossierFacts, FactRecord
from consent.folding import Fold
from crypto.encoding import decode_base64
from crypto.statements import statement_hash

PROPOSAL = "proposal"
"""A fact of the application, not of the engine: a statement that waits for more signatures."""

DEEDS = frozenset({"authority-list", "authority-ended"})
"""The kinds of records that say who held authority and until when."""


@dataclass(frozen=True, slots=True)
class DossierState:
    """One dossier at one rules position of its stream.

    `rules` is all that the engine looks at. The newest dossier key says whose dossier, `key` and `inbox` key; `key_head`
    (hex hash) and `key_sequence` belong to its statement, `authority_head` and `authority_sequence` to the newest
    authority list. `stream_key_hash` (hex) is that of the first stream key, which the first dossier key named.
    `ends` says until when (UTC seconds) persons (hex) hold at most whose authority was ended without a list.
    """

    dossier: str
    owner: str
    nature: str
    key: bytes
    inbox: bytes
    key_head: str
    key_sequence: int
    stream_key_hash: str
    authority_head: str
    authority_sequence: int
    proposals: Mapping[str, Mapping[str, Any]]
    ends: Mapping[str, int]
    rules: DossierFacts


@dataclass(frozen=True, slots=True)
class DossierFold:
    """A dossier's records folded so far, to be extended by later ones.

    `deeds` are the records of who held authority, which are looked at again; all others live on only in what they did.
    `keys` are the fields of the state that dossier keys give, none before the first.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    rules: Fold = field(default_factory=Fold)
    deeds: tuple[FactRecord, ...] = ()
    proposals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def extended(self, records: Sequence[FactRecord]) -> DossierFold:
        """Return the fold with later records; raise FactsError or MalformedGrantError, see `Fold`."""
        proposals = {record.subject: record.payload for record in records if record.kind == PROPOSAL}
        return DossierFold(
            keys=_keys(self.keys, records),
            rules=self.rules.extended(record for record in records if record.kind != PROPOSAL),
            deeds=(*self.deeds, *(record for record in records if record.kind in DEEDS)),
            proposals={**self.proposals, **proposals},
        )

    def state(self, catalogues: Catalogues) -> DossierState:
        """Return the dossier as it stands; raise FactsError if no owner was named."""
        rules = self.rules.result(catalogues)
        if not self.keys:
            raise FactsError("no dossier key is named")
        authority = next((each.payload for each in reversed(self.deeds) if each.kind == "authority-list"), None)
        return DossierState(
            **self.keys,
            authority_head=statement_hash("authority-list", authority).hex() if authority else "",
            authority_sequence=authority["sequence"] if authority else 0,
            proposals=self.proposals,
            ends=_ends(self.deeds),
            rules=rules,
        )


def _keys(before: Mapping[str, Any], records: Sequence[FactRecord]) -> Mapping[str, Any]:
    """The keys after these records too."""
    payloads = [record.payload for record in records if record.kind == "dossier-key"]
    if not payloads:
        return before
    newest: Mapping[str, Any] = payloads[-1]
    return {
        "dossier": newest["dossier"],
        "owner": newest["owner"],
        "nature": newest["nature"],
        "key": decode_base64(newest["key"]),
        "inbox": decode_base64(newest["inboxKey"]),
        "key_head": statement_hash("dossier-key", newest).hex(),
        "key_sequence": newest["sequence"],
        "stream_key_hash": payloads[0]["streamKeyHash"] if not before else before["stream_key_hash"],
    }


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
