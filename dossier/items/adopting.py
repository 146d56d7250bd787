"""Adoption: a holder keeps an item key under the list key of the section in which the item stands.

It makes later lists cheaper and opens nothing to anybody; still it is an act with a key, and so an event with an actor.
"""

from __future__ import annotations

from typing import NamedTuple

from audit.entry import Append, Entry, Outcome, View, Want, Write
from audit.event import make_event
from crypto.encoding import new_id, sha256
from dossier.dossiers.authority import holder_state, holds_section
from dossier.dossiers.store import SectionWant
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.events import actor_fields
from dossier.items.store import PUT_WRAP, ItemWant
from dossier.parties.actor import Actor


class Wrap(NamedTuple):
    """The key of a version of an item, wrapped under the list key of a section, lane and epoch."""

    version: int
    section: str
    lane: str
    epoch: int
    wrapped: bytes


class Adopt(Entry[None]):
    """Keep a wrap in the place of the one before, for one who holds that section.

    Refuse with NotFoundError, or InvalidRequestError with code wrong-place for another place, version or epoch.
    """

    def __init__(self, actor: Actor, dossier: bytes, item: bytes, wrap: Wrap) -> None:
        self._actor, self._dossier, self._name, self._wrap = actor, dossier, item, wrap
        self.streams = (dossier,)
        self.foreign = (actor.id,)
        self._item, self._section = ItemWant(dossier, item), SectionWant(dossier, wrap.section, wrap.lane)
        self.wants: tuple[Want, ...] = (self._item, self._section)

    def judge(self, view: View) -> Outcome[None]:
        """Check who it is, then that the item stands where the wrap says, under the newest key of that place."""
        rules = holder_state(view, self._dossier, self._actor).rules
        wrap = self._wrap
        if not holds_section(rules, self._actor, wrap.section, view.now):
            raise NotFoundError
        self._check_place(view)
        values = actor_fields(self._actor, new_id(), view.now)
        values |= {
            "kind": "adoption",
            "subject": self._name.hex(),
            "sequence": wrap.version,
            "keyHash": sha256(wrap.wrapped).hex(),
        }
        return Outcome(
            appends=(Append(self._dossier, make_event("key/v1", values)),),
            answer=lambda _receipts: None,
            writes=(Write(PUT_WRAP, (self._name, wrap.version, wrap.section, wrap.lane, wrap.epoch, wrap.wrapped)),),
        )

    def _check_place(self, view: View) -> None:
        state, newest, wrap = view.rows(self._item), view.rows(self._section), self._wrap
        stands = state is not None and not state.removed and wrap.version <= state.version
        here = stands and (state.facts.section, state.facts.lane) == (wrap.section, wrap.lane)
        if not here or newest is None or newest.epoch != wrap.epoch:
            raise InvalidRequestError("the item does not stand there", code="wrong-place")
