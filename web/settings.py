"""Settings: environment variables `DOSSIER_*`, read once into a frozen value. Refuses to start when unsure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dossier import faults

PREFIX = "DOSSIER_"
CLIENT_ONLY = frozenset({"DOSSIER_HOME", "DOSSIER_SERVER"})
"""Read by the client commands, not by the service."""

HIGHEST_PORT = 65535
HERE = Path(".data")
MODES = ("development", "production")
LEVELS = ("debug", "info", "warning", "error")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """A setting is missing, unknown, malformed or unsafe for this mode."""


def _text(value: str) -> str:
    return value


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value) <= HIGHEST_PORT:
        raise ValueError("a port is a number from 1 to 65535")
    return int(value)


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ValueError("a whole number above zero is wanted")
    return int(value)


def _path(value: str) -> Path:
    if not value:
        raise ValueError("a path is wanted")
    return Path(value).expanduser().absolute()


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is wanted")
        return value

    return parse


def _origin(value: str) -> str:
    parts = urlsplit(value)
    bare = parts.scheme in {"http", "https"} and parts.hostname and value == f"{parts.scheme}://{parts.netloc}"
    if not bare or "@" in parts.netloc:
        raise ValueError("an origin is scheme, host and perhaps port, without a path")
    return value


def setting(parse: Callable[[str], Any], default: Any, *, secret: bool = False) -> Any:
    """A field of Settings with its parser; a secret one is left out of every representation."""
    return field(default=default, repr=not secret, metadata={"parse": parse})


@dataclass(frozen=True)
class Settings:
    """All settings of the service. The variable of a field is `DOSSIER_` and its name in capitals.

    An empty `database_url` means: the embedded PostgreSQL in `data_dir`. `origin` is what browsers and tokens see;
    `log_origin` names the log, is made once and never changes with host or port. `issuer` is the OpenID provider that
    people sign in with, `client_id` and `client_key` (a JWK file) our client there; without one, a development service
    brings its own. `registrars` are the operator's people at that provider who may enter organisations;
    `authority_registers` are ids of organisations that keep a register of who represents whom.
    """

    mode: str = setting(_one_of(*MODES), "development")
    host: str = setting(_text, "127.0.0.1")
    port: int = setting(_port, 8000)
    origin: str = setting(_origin, "")
    data_dir: Path = setting(_path, HERE)
    database_url: str = setting(_text, "", secret=True)
    database_owner_url: str = setting(_text, "", secret=True)
    database_eraser_url: str = setting(_text, "", secret=True)
    database_admin_url: str = setting(_text, "", secret=True)
    database_pool: int = setting(_count, 16)
    postgres_bin: Path | None = setting(_path, None)
    postgres_user: str = setting(_text, "")
    postgres_port: int | None = setting(_port, None)
    object_bucket: str = setting(_text, "")
    object_endpoint: str = setting(_text, "")
    object_region: str = setting(_text, "auto")
    object_key_id: str = setting(_text, "")
    object_secret: str = setting(_text, "", secret=True)
    system_part_bytes: int = setting(_count, 210_000_000)
    person_part_bytes: int = setting(_count, 52_500_000)
    log_origin: str = setting(_text, "")
    log_level: str = setting(_one_of(*LEVELS), "info")
    issuer: str = setting(_text, "")
    client_id: str = setting(_text, "")
    client_key: Path | None = setting(_path, None)
    reading_limit: int = setting(_count, 500)
    look_limit: int = setting(_count, 3_000)
    registrars: tuple[str, ...] = setting(_words, ())
    authority_registers: tuple[str, ...] = setting(_words, ())

    @property
    def public_origin(self) -> str:
        """The configured origin, or that of a service on this machine."""
        return self.origin or f"http://localhost:{self.port}"

    @property
    def embedded(self) -> bool:
        """Whether the service brings its own PostgreSQL."""
        return not self.database_url


def load_settings(environment: Mapping[str, str], **overrides: Any) -> Settings:
    """Settings from the environment; `overrides` (from the command line) win where they are not None.

    Raises SettingsError for an unknown `DOSSIER_` variable, a malformed value or an unsafe combination.
    """
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    allowed = known.keys() | CLIENT_ONLY | faults.VARIABLES
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in allowed)
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]}")
    values: dict[str, Any] = {}
    for name, item in known.items():
        if environment.get(name):
            values[item.name] = _parsed(name, environment[name], item.metadata["parse"])
    values |= {name: value for name, value in overrides.items() if value is not None}
    settings = Settings(**values)
    _check(settings)
    if settings.mode == "production" and any(environment.get(name) for name in faults.VARIABLES):
        raise SettingsError("faults are for tests; production does not take DOSSIER_FAULT_*")
    return settings


def _parsed(name: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _check(settings: Settings) -> None:
    """What production asks beyond a sound value: a supported server, https, and a name for the log."""
    if settings.mode != "production":
        if settings.host not in LOOPBACK:
            raise SettingsError("a development service listens on loopback only; set DOSSIER_MODE=production")
        return
    if settings.embedded:
        raise SettingsError("production needs DOSSIER_DATABASE_URL: the embedded database is for trials")
    if not settings.origin.startswith("https://"):
        raise SettingsError("production needs DOSSIER_ORIGIN with https")
    if not settings.log_origin:
        raise SettingsError("production needs DOSSIER_LOG_ORIGIN")
