"""Personas of the development sign-in provider: made-up people, each with a secret of its own.

They stand in a JSON file that only the owner of the service can read. Production settings refuse the provider.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from consent.catalogue import shipped_catalogues
from dossier.errors import InvalidRequestError
from dossier.parties.actor import Assurance
from dossier.private import write_private
from dossier.sample import Agency, Professional
from dossier.sample.loading import load_world

_TEXTS = ("subject", "name", "secret", "level", "about", "about_en")


@dataclass(frozen=True, slots=True)
class Persona:
    """One made-up person: subject at the provider, name to show, secret, level, identifiers (`bsn:…`), who that is."""

    subject: str
    name: str
    secret: str = field(repr=False)
    level: Assurance = Assurance.HIGH
    identifiers: tuple[str, ...] = field(default=(), repr=False)
    about: str = ""
    about_en: str = ""


@dataclass(frozen=True, slots=True)
class PersonaFile:
    """The file of personas, read again when somebody signs in, so that it may be edited while the service runs."""

    path: Path

    def load(self) -> tuple[Persona, ...]:
        """Return the personas; at the first call those of the sample world, with random secrets, are written."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self.path, json.dumps([asdict(persona) for persona in sample_personas()], indent=1))
        return load_personas(self.path)


def sample_personas() -> tuple[Persona, ...]:
    """The people of the sample world who sign in, and a registrar, each with a new random secret."""
    world = load_world()
    citizens = [
        Persona(
            person.slug,
            person.name,
            _secret(),
            identifiers=tuple(
                dict.fromkeys([f"bsn:{person.bsn}", *(f"{d.scheme}:{d.number}" for d in person.dossiers)])
            ),
            about=person.about.nl,
            about_en=person.about.en,
        )
        for person in world.personas
        if person.signs_in
    ]
    professionals = [_professional(each, world.agency(each.organisation)) for each in world.professionals]
    registrar = Persona(
        "registrar", "Registerbeheer", _secret(), about="Beheert het register.", about_en="Keeps the register."
    )
    return (*citizens, *professionals, registrar)


def _professional(person: Professional, employer: Agency) -> Persona:
    word = shipped_catalogues().current.word
    return Persona(
        person.slug,
        person.name,
        _secret(),
        about=f"{word('roles', person.role, 'nl')}, {employer.name}",
        about_en=f"{word('roles', person.role, 'en')}, {employer.name}",
    )


def load_personas(path: Path) -> tuple[Persona, ...]:
    """Read personas from a JSON list of objects; raise InvalidRequestError when the file is not that."""
    try:
        return parse_personas(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InvalidRequestError("personas cannot be read") from error


def parse_personas(rows: Iterable[object]) -> tuple[Persona, ...]:
    """Build personas from plain dicts; raise InvalidRequestError for unknown fields, empty values or doubled subjects."""
    try:
        personas = tuple(_persona(row) for row in rows)
    except (TypeError, ValueError) as error:
        raise InvalidRequestError("not a persona") from error
    if len({persona.subject for persona in personas}) != len(personas):
        raise InvalidRequestError("two personas share a subject")
    return personas


def _persona(row: object) -> Persona:
    if not isinstance(row, dict) or not all(isinstance(row.get(name, ""), str) for name in _TEXTS):
        raise TypeError("a persona is an object of texts")
    identifiers = tuple(map(str, row.get("identifiers", ())))
    persona = Persona(**{**row, "level": Assurance(row.get("level", "high")), "identifiers": identifiers})
    if not persona.subject or not persona.name or len(persona.secret) < 8:  # noqa: PLR2004 - even a demonstration's
        raise ValueError("a persona has a subject, a name and a secret of 8 characters or more")
    return persona


def _secret() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(4))
