"""Whether somebody may add to a dossier, or do anything in it at all: the engine's word before there is an item. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from consent.engine import decide
from consent.facts import Facts
from consent.terms import Decision, ItemFacts, Request
from crypto.core import Core
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import Reader, foreign_facts, subject_of
from dossier.parties.actor import Actor

NO_DOSSIER = Decision(permitted=False, reason="no-consent", step=10)
"""The decision on a dossier that is not there: to its sender the same as on one that admits nothing of theirs."""


def decide_add(actor: Actor, core: Core, dossier: bytes, reader: Reader, now: int) -> Decision:
    """Whether the actor may add a version with this core to a dossier."""
    place = ItemFacts("", core.section, core.lane, core.label, core.type, source_of(actor).hex())
    request = Request(subject_of(actor, actor.role, core.author_key_id.hex()), "add", place)
    state = _state(dossier, reader)
    return NO_DOSSIER if state is None else decide(request, _facts(actor, state, reader), now)


def decide_any(actor: Actor, dossier: bytes, reader: Reader, now: int) -> Decision:
    """Whether the actor may add anything anywhere in a dossier: the first permit by section, else the last refusal."""
    state = _state(dossier, reader)
    if state is None:
        return NO_DOSSIER
    asked = Request(subject_of(actor, actor.role), "add", somewhere(state, source_of(actor)))
    return decide_somewhere(asked, state.rules.catalogues.current.sections, _facts(actor, state, reader), now)


def decide_somewhere(asked: Request, sections: Iterable[str], facts: Facts, now: int) -> Decision:
    """The first permit of this question in one of these sections, else the last refusal."""
    decision = NO_DOSSIER
    for section in sorted(sections):
        decision = decide(
            msgspec.structs.replace(asked, item=msgspec.structs.replace(asked.item, section=section)), facts, now
        )
        if decision.permitted:
            break
    return decision


def somewhere(state: DossierState, source: bytes = b"") -> ItemFacts:
    """An item that could be: ordinary, of the lowest label, in a section still to be said."""
    label = min(state.rules.catalogues.current.labels.items(), key=lambda pair: pair[1].rank)[0]
    return ItemFacts("", "", "ordinary", label, "document", source.hex())


def source_of(actor: Actor) -> bytes:
    """Whose records these are: a system's organisation's, or a person's own."""
    return actor.organisation if actor.kind == "system" and actor.organisation else actor.id


def _state(dossier: bytes, reader: Reader) -> DossierState | None:
    value = reader.facts(dossier).value if reader.exists(dossier) else None
    return value if isinstance(value, DossierState) else None


def _facts(actor: Actor, state: DossierState, reader: Reader) -> Facts:
    return Facts(state.rules, foreign_facts(actor, reader))
