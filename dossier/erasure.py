"""Erasing what an event says: its payload goes, its leaf stays, and an event of the same stream says so and why.

Run by an operator with the eraser's database role, which nothing in the service has. What a decision used (consents,
authority, items) is not erased with it; the decision itself can no longer be made again, and a replay says by which
event that is so.
"""

from __future__ import annotations

from audit.entry import Outcome, Receipt, View
from audit.erasure import Erase
from crypto.kinds import is_code
from dossier.auditing.store import ErasableWant
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError


class ErasePayload(Erase):
    """Erase the payload of one event, or refuse: NotFoundError, ConflictError, InvalidRequestError.

    Two kinds of event stay for ever: one that commits the next key of its stream, and one that says what was erased;
    without them the stream no longer verifies.
    """

    def __init__(self, stream: bytes, seq: int, actor: str, ground: str) -> None:
        if not is_code(ground) or not is_code(actor):
            raise InvalidRequestError("actor and ground are codes", code="invalid-ground")
        super().__init__(stream, seq, actor, ground)
        self._want = ErasableWant(stream, seq)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[Receipt]:
        """Refuse what is not there, was erased before, or must stay."""
        found = view.rows(self._want)
        if found is None:
            raise NotFoundError
        if found.erased:
            raise ConflictError("the payload was erased before", code="erased")
        if found.needed:
            raise ConflictError("the stream cannot be verified without this event", code="needed-event")
        return super().judge(view)
