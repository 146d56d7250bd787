"""Erasing a payload: an event of the same stream says which and on what ground, in the transaction that deletes it.

Only a writer that connects as the eraser's role can run this entry; for any other the database refuses the deletion,
and with it the event. The leaf stays: stream and log go on verifying. Page: docs/spec/writer.md.
"""

from __future__ import annotations

from typing import Any

from audit.entry import Append, Entry, Outcome, Receipt, View, Write
from audit.errors import IncompleteError
from audit.event import make_event
from audit.history import ERASURE_SCHEMA

_DELETE = "SELECT audit.erase_payload($1, $2, $3, $4)"


class Erase(Entry[Receipt]):
    """Erase the payload of event `seq`; `actor` is a party (32 hex digits or a code), `ground` a code."""

    def __init__(self, stream: bytes, seq: int, actor: str, ground: str, request: str = "") -> None:
        self.streams = (stream,)
        self._stream = stream
        self._seq = seq
        self._fields: dict[str, Any] = {"actor": actor, "ground": ground, "request": request}

    def judge(self, view: View) -> Outcome[Receipt]:
        """Refuse for an event that is not there yet."""
        if not 0 < self._seq <= view.head(self._stream).seq:
            raise IncompleteError("there is no such event to erase")
        place: dict[str, str | int] = {"stream": self._stream.hex(), "seq": self._seq, "time": view.now}
        append = Append(self._stream, make_event(ERASURE_SCHEMA, self._fields | place))
        return Outcome((append,), lambda receipts: receipts[0], lambda receipts: [self._delete(receipts[0])])

    def _delete(self, receipt: Receipt) -> Write:
        return Write(_DELETE, (self._stream, self._seq, self._fields["ground"], receipt.seq))
