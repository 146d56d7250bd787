"""`demo.json`: everything that somebody needs to work with a demonstration by hand or by script.

It holds the personas' secrets, so only the owner of the folder may read it. It is for trials: a production service has
no such file, and refuses the development sign-in that its secrets are for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from dossier.errors import InvalidRequestError
from dossier.private import write_private

FILE = "demo.json"
HOME = "home"
"""The folder of the demonstration's key store, below its data directory."""

REGISTRAR = "registrar"
"""Who enters organisations in the register: name to sign in with, and kind."""


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=False):
    """Base: camelCase in the file."""


class LogPart(Struct, frozen=True):
    """The public log: where its files are, and the keys that verify checkpoints and promises."""

    url: str
    origin: str
    vkey: str
    promise_vkey: str


class SignInPart(Struct, frozen=True):
    """How a program signs a persona in: code flow with PKCE (S256) as this client, back to any port of loopback."""

    client_id: str
    authorization_endpoint: str
    token_endpoint: str
    redirect_uri: str


class OwnedDossier(Struct, frozen=True):
    """A dossier of a persona; `identifier` is what agencies find it by."""

    nature: str
    dossier: str
    identifier: str


class DemoPersona(Struct, frozen=True):
    """A persona: sign in with `subject` and `secret`; `key_file` is sealed by the store's key.

    Passphrase and recovery code open the same keys on another device. `person` is empty until the keys are made.
    """

    name: str
    kind: str
    about: str
    subject: str
    secret: str
    organisation: str = ""
    role: str = ""
    identifiers: list[str] = []
    person: str = ""
    key_file: str = ""
    passphrase: str = ""
    recovery_code: str = ""
    dossiers: list[OwnedDossier] = []
    about_en: str = ""


class DemoSystem(Struct, frozen=True):
    """A system: `client_id` at the token endpoint, its sign-in key as a JWK file, what it delivers."""

    name: str
    sections: list[str]
    types: list[str]
    client_id: str = ""
    sign_in_key: str = ""
    key_file: str = ""


class DemoAgency(Struct, frozen=True):
    """An organisation of the world with its systems, by slug."""

    name: str
    about: str
    organisation: str = ""
    systems: dict[str, DemoSystem] = {}
    about_en: str = ""


class Demo(Struct, frozen=True):
    """The file. `loaded` is false until the sample world is complete; `home` is the key store (DOSSIER_HOME)."""

    server: str
    loaded: bool
    api: str
    home: str
    store_key: str
    personas: dict[str, DemoPersona]
    agencies: dict[str, DemoAgency]
    log: LogPart | None = None
    sign_in: SignInPart | None = None
    directory_key: str = ""
    version: int = 1

    @property
    def secrets(self) -> dict[str, str]:
        """What personas sign in with, by slug."""
        return {slug: persona.secret for slug, persona in self.personas.items()}


def write_demo(data_dir: Path, demo: Demo) -> None:
    """Write the file, durably, for its owner alone."""
    text = msgspec.json.format(msgspec.json.encode(demo), indent=1).decode()
    write_private(data_dir / FILE, text + "\n")


def read_demo(path: Path) -> Demo | None:
    """Read the file, None if there is none; raise InvalidRequestError for one that is not ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Demo)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidRequestError("demo.json is not one of this program") from error


def as_json(demo: Demo) -> Any:
    """The file as plain values."""
    return msgspec.to_builtins(demo)
