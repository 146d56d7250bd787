"""Promising once more: a reading that is asked for again gets a new promise for the same leaf, of the same instant.

The answer itself is never stored. The leaf is, and so are the sealed fields of its event; a note over that one leaf,
with the event's own time, binds us exactly as the first one did.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.batch import Signer
from audit.entry import Claimed, Receipt
from audit.errors import AuditError
from audit.merkle import leaf_hash
from audit.monthkeys import MonthKeys
from audit.payload import open_payload, open_seed
from audit.promise import make_promise
from audit.stream import digest_fields, field_salts
from dossier.errors import GoneError
from dossier.reading.store import EventRow, ReadingStore


@dataclass(frozen=True, slots=True)
class Promiser:
    """Makes receipts of events that are stored already. Holds the promise key, as the writer does."""

    store: ReadingStore
    signer: Signer
    keys: MonthKeys

    async def receipt(self, claimed: Claimed) -> Receipt:
        """Return the receipt of an event; raise GoneError when its payload was erased."""
        row = await self.store.event(claimed.stream, claimed.seq)
        if row is None:
            raise GoneError("the record of this reading was erased", code="erased")
        try:
            return self._receipt(claimed, row)
        except AuditError as error:
            raise GoneError("the record of this reading was erased", code="erased") from error

    def _receipt(self, claimed: Claimed, row: EventRow) -> Receipt:
        month_key = self.keys.find(row.month)
        seed = open_seed(month_key, claimed.stream, claimed.seq, row.seed)
        event, _evidence = open_payload(month_key, claimed.stream, claimed.seq, row.sealed)
        hashed = leaf_hash(row.leaf)
        signer = self.signer
        note = make_promise(signer.origin, [hashed], [], row.at, signer.name, signer.key)
        salts = field_salts(seed, len(event.values))
        place = (row.event, claimed.stream, claimed.seq, row.leaf, hashed, row.at, 0)
        return Receipt(*place, note, event, seed, salts, digest_fields(salts, event))
