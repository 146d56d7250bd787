"""What sign-in needs of the settings, and what production refuses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from dossier.private import write_private
from web.settings import Settings, SettingsError
from web.signin.personas import PersonaFile

DEVELOPMENT_PATH = "/development"
CALLBACK_PATH = "/signin/callback"
CLIENT_ID = "eigendossier"


@dataclass(frozen=True)
class SignInOptions:
    """Our own name, the provider's, our client there, the operator's registrars, the key of identifiers.

    With ``personas`` the development provider runs in this process and `client_key` is not used.
    """

    origin: str
    provider: str
    client_id: str
    client_key: str = field(repr=False)
    registrars: tuple[str, ...]
    identifier_key: bytes = field(repr=False)
    personas: PersonaFile | None

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to."""
        return self.origin + CALLBACK_PATH


def sign_in_options(settings: Settings) -> SignInOptions:
    """Make the options; raise SettingsError for what production must not run with."""
    check_production(settings)
    key = identifier_key(settings.data_dir / "keys" / "identifier.key")
    if settings.issuer:
        client_key = settings.client_key.read_text(encoding="utf-8") if settings.client_key else ""
        where = (settings.public_origin, settings.issuer, settings.client_id, client_key)
        return SignInOptions(*where, settings.registrars, key, None)
    origin = settings.public_origin
    personas = PersonaFile(settings.data_dir / "personas.json")
    registrars = settings.registrars or ("registrar",)
    return SignInOptions(origin, origin + DEVELOPMENT_PATH, CLIENT_ID, "", registrars, key, personas)


def check_production(settings: Settings) -> None:
    """Raise SettingsError when a production service would sign people in by the development provider, or in the clear."""
    if settings.mode != "production":
        return
    if not settings.issuer:
        raise SettingsError("production needs DOSSIER_ISSUER: the development provider is for trials")
    if not settings.issuer.startswith("https://"):
        raise SettingsError("production needs DOSSIER_ISSUER with https")
    if not settings.client_id or settings.client_key is None:
        raise SettingsError("production needs DOSSIER_CLIENT_ID and DOSSIER_CLIENT_KEY")


def identifier_key(path: Path) -> bytes:
    """Return the key under which identifiers are found, made and stored at the first call: 32 bytes, as hex in a file.

    It lies outside the database and its backups. Lose it, and nobody is found by number any more.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_hex(32))
    try:
        key = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except ValueError as error:
        raise SettingsError("the identifier key is not hexadecimal") from error
    if len(key) != 32:  # noqa: PLR2004 - the size of an HMAC-SHA-256 key
        raise SettingsError("the identifier key is not 32 bytes")
    return key
