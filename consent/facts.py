"""Everything a decision may rest on: the rules of one dossier plus a few facts of other streams, as frozen values.

`DossierFacts` is what `consent.folding` makes of the records of the dossier's stream; `ForeignFacts` come from other
streams (person, organisation, case) and are read afresh. Only verified statements may become records
(`consent.verification`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from consent.catalogue import Catalogues
from consent.entries import Admission, Block, EmergencyUse, Holder, OptIn, Order
from consent.grant import Consent
from consent.index import Index
from consent.people import CaseState, ForeignFacts, Participant, Standing

__all__ = [
    "Admission",
    "Block",
    "CaseState",
    "DossierFacts",
    "EmergencyUse",
    "FactRecord",
    "Facts",
    "ForeignFacts",
    "Holder",
    "OptIn",
    "Order",
    "Participant",
    "Standing",
]


@dataclass(frozen=True, slots=True)
class FactRecord:
    """One fact-changing event: its position, kind, the id of what it is about, and the payload."""

    seq: int
    kind: str
    subject: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """The rules of one dossier at position `seq`; tuples are in id order. Ended facts are no longer here."""

    seq: int
    owner: str
    holders: tuple[Holder, ...]
    permits: tuple[Consent, ...]
    denials: tuple[Consent, ...]
    blocks: tuple[Block, ...]
    admissions: tuple[Admission, ...]
    orders: tuple[Order, ...]
    opt_in: OptIn | None
    emergencies: tuple[EmergencyUse, ...]
    catalogues: Catalogues = field(repr=False)
    index: Index = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", Index(self.permits, self.denials, self.catalogues))


class Facts(msgspec.Struct, frozen=True):
    """All that `decide` may look at."""

    dossier: DossierFacts
    foreign: ForeignFacts
