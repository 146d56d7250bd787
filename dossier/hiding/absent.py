"""What is done for a thing that is not there: as much as for one that is another's, so that its time tells nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from audit.entry import Claim, Entry, View, Want
from dossier.errors import NotFoundError
from dossier.parties.actor import Actor


class Absent(Entry[Any]):
    """Goes through the writer as the act would, and finds nothing. `wants` are of the kinds that the act wants.

    `narrowing` and `alone` are those of the act: a writer that is behind or too full refuses both or neither.
    """

    def __init__(
        self,
        actor: Actor,
        claim: Claim | None,
        wants: tuple[Want, ...] = (),
        *,
        narrowing: bool = False,
        alone: bool = False,
    ) -> None:
        self.streams = (actor.stream,)
        self.foreign = (actor.id,)
        self.wants = wants
        self.claim = claim
        self.narrowing, self.alone = narrowing, alone

    def judge(self, view: View) -> NoReturn:  # noqa: ARG002 - nothing that stands matters
        """Refuse with NotFoundError."""
        raise NotFoundError
