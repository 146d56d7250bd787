"""Foreign facts for the engine: how an actor stands, from the compiled facts of the actor's own streams. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from consent.facts import CaseState, ForeignFacts, Standing
from consent.terms import Actor as Subject
from dossier.facts.parties import OrganisationFacts, PersonFacts, person_standing, system_standing
from dossier.parties.actor import Actor


class Reader(Protocol):
    """Compiled facts by stream; an entry's view, or a snapshot."""

    def exists(self, stream: bytes) -> bool:
        """Whether the stream exists."""

    def facts(self, stream: bytes) -> Any:
        """The compiled facts (dossier.facts.compiler.Compiled) of a stream."""


def foreign_streams(actor: Actor, case: bytes | None = None) -> tuple[bytes, ...]:
    """The streams whose facts tell how an actor stands: person, organisation, and the case's if there is one."""
    person = (actor.id,) if actor.kind == "person" else ()
    organisation = (actor.organisation,) if actor.organisation else ()
    return (*person, *organisation, *((case,) if case else ()))


def subject_of(actor: Actor, role: str, key_hash: str = "") -> Subject:
    """The actor as the engine names them, acting in `role`."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    acting = role if organisation and actor.kind == "person" else ""
    return Subject(actor.kind, actor.id.hex(), organisation, acting, key_hash)


def foreign_facts(actor: Actor, reader: Reader, case: bytes | None = None) -> ForeignFacts:
    """Collect how the actor stands now; an actor of whom nothing is known stands nowhere."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    standing = _standing(actor, reader)
    standings: Mapping[tuple[str, str], Standing] = {(actor.id.hex(), organisation): standing} if standing else {}
    cases: dict[str, CaseState] = {}
    state = _value(reader, case, CaseState) if case is not None else None
    if case is not None and state is not None:
        cases[case.hex()] = state
    return ForeignFacts(standings, cases)


def _standing(actor: Actor, reader: Reader) -> Standing | None:
    employer = _value(reader, actor.organisation, OrganisationFacts) if actor.organisation else None
    if actor.kind == "system":
        return system_standing(actor.id.hex(), employer) if employer else None
    person = _value(reader, actor.id, PersonFacts)
    organisation = actor.organisation.hex() if actor.organisation else ""
    return person_standing(person, organisation, employer) if person else None


def _value(reader: Reader, stream: bytes, kind: type[Any]) -> Any:
    """The compiled value of a stream if it is of this kind: a stream of another kind tells nothing here."""
    value = reader.facts(stream).value if reader.exists(stream) else None
    return value if isinstance(value, kind) else None
