"""What stands in `demo.json`, put together from the world, its secrets and the keys that were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from crypto.encoding import encode_base64
from dossier.client.flow import CLIENT_ID
from dossier.private import write_private
from dossier.sample import Agency, Persona, Professional, World
from web.demo.company import Company
from web.demo.filling import dossier_of
from web.demo.record import (
    HOME,
    REGISTRAR,
    Demo,
    DemoAgency,
    DemoPersona,
    DemoSystem,
    LogPart,
    OwnedDossier,
    SignInPart,
)
from web.signin.personas import PersonaFile


def begin(server: str, data_dir: Path, world: World) -> Demo:
    """The file as it is before the world is loaded: who there is, and what they sign in with."""
    known = {each.subject: each for each in PersonaFile(data_dir / "personas.json").load()}
    people = {each.slug: _citizen(each, known[each.slug].secret) for each in world.personas if each.signs_in}
    people |= {each.slug: _professional(each, known[each.slug].secret) for each in world.professionals}
    registrar = known[REGISTRAR]
    people[REGISTRAR] = DemoPersona(
        registrar.name, REGISTRAR, registrar.about, REGISTRAR, registrar.secret, about_en=registrar.about_en
    )
    return Demo(
        server=server,
        loaded=False,
        api=f"{server}/v1/openapi.json",
        home=str(data_dir / HOME),
        store_key=str(data_dir / HOME / "store.key"),
        personas=people,
        agencies={each.slug: _agency(each) for each in world.agencies},
        sign_in=_sign_in(server),
    )


def moved(demo: Demo, server: str, data_dir: Path) -> Demo:
    """The file for a service that now answers at another address, or whose folder is elsewhere now."""
    home = data_dir / HOME
    return replace(
        demo,
        server=server,
        api=f"{server}/v1/openapi.json",
        log=replace(demo.log, url=f"{server}/log") if demo.log else None,
        sign_in=_sign_in(server),
        home=str(home),
        store_key=str(home / "store.key"),
        personas={slug: replace(each, key_file=_there(home, each.key_file)) for slug, each in demo.personas.items()},
        agencies={slug: replace(each, systems=_systems_there(home, each)) for slug, each in demo.agencies.items()},
    )


def _systems_there(home: Path, agency: DemoAgency) -> dict[str, DemoSystem]:
    return {
        name: replace(each, key_file=_there(home, each.key_file), sign_in_key=_there(home, each.sign_in_key))
        for name, each in agency.systems.items()
    }


def _there(home: Path, path: str) -> str:
    """The file of this name in the key store as it is now; nothing stays nothing."""
    return str(home / Path(path).name) if path else ""


def complete(company: Company, begun: Demo) -> Demo:
    """The file once the world is there: ids, keys and verifier keys added."""
    identity = company.log_identity()
    log = LogPart(f"{begun.server}/log", identity.origin, str(identity.log_key), str(identity.promise_key))
    return replace(
        begun,
        loaded=True,
        personas={slug: _with_keys(company, slug, each) for slug, each in begun.personas.items()},
        agencies={slug: _with_systems(company, slug, each) for slug, each in begun.agencies.items()},
        log=log,
        directory_key=encode_base64(identity.directory_key),
    )


def _sign_in(server: str) -> SignInPart:
    return SignInPart(
        CLIENT_ID, f"{server}/oauth/authorize", f"{server}/oauth/token", "http://127.0.0.1:8765/signed-in"
    )


def _citizen(persona: Persona, secret: str) -> DemoPersona:
    numbers = dict.fromkeys([f"bsn:{persona.bsn}", *(f"{each.scheme}:{each.number}" for each in persona.dossiers)])
    dossiers = [OwnedDossier(each.nature, "", f"{each.scheme}:{each.number}") for each in persona.dossiers]
    return DemoPersona(
        persona.name,
        persona.kind,
        persona.about.nl,
        persona.slug,
        secret,
        identifiers=list(numbers),
        dossiers=dossiers,
        about_en=persona.about.en,
    )


def _professional(person: Professional, secret: str) -> DemoPersona:
    return DemoPersona(
        person.name,
        "professional",
        person.about.nl,
        person.slug,
        secret,
        organisation=person.organisation,
        role=person.role,
        about_en=person.about.en,
    )


def _agency(agency: Agency) -> DemoAgency:
    systems = {each.slug: DemoSystem(each.name, list(each.sections), list(each.types)) for each in agency.systems}
    return DemoAgency(agency.name, agency.about.nl, systems=systems, about_en=agency.about.en)


def _with_keys(company: Company, slug: str, persona: DemoPersona) -> DemoPersona:
    if not company.knows(slug):
        return persona
    state = company.state(slug)
    owned = [
        OwnedDossier(each.nature, dossier_of(company.session(slug), each.nature), each.identifier)
        for each in persona.dossiers
    ]
    return replace(
        persona,
        person=state["identity"]["person"],
        key_file=str(company.store.home / f"{slug}.sealed"),
        passphrase=state["passphrase"],
        recovery_code=state["recoveryCode"],
        dossiers=owned,
    )


def _with_systems(company: Company, slug: str, agency: DemoAgency) -> DemoAgency:
    if not company.knows(slug):
        return agency
    organisation = company.state(slug)["organisation"]
    systems = {name: _with_client(company, f"{slug}.{name}", each) for name, each in agency.systems.items()}
    return replace(agency, organisation=organisation, systems=systems)


def _with_client(company: Company, name: str, system: DemoSystem) -> DemoSystem:
    if not company.knows(name):
        return system
    state: Mapping[str, object] = company.state(name)
    key = company.store.home / f"{name}.jwk"
    write_private(key, json.dumps(state["signIn"], indent=1) + "\n")
    sealed = company.store.home / f"{name}.sealed"
    return DemoSystem(system.name, system.sections, system.types, str(state["system"]), str(key), str(sealed))
