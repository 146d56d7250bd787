"""The passwords of the embedded PostgreSQL's roles: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from dossier.embedded.errors import ForeignClusterError


def _new() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True)
class Passwords:
    """One random password a role; the representation shows none of them."""

    superuser: str = field(default_factory=_new, repr=False)
    owner: str = field(default_factory=_new, repr=False)
    service: str = field(default_factory=_new, repr=False)
    eraser: str = field(default_factory=_new, repr=False)


def load_passwords(path: Path) -> Passwords:
    """The passwords kept at `path`, made and stored durably at the first call."""
    if not path.exists():
        write_private(path, json.dumps(asdict(Passwords())))
    try:
        stored = json.loads(path.read_text("utf-8"))
        return Passwords(**{item.name: stored[item.name] for item in fields(Passwords)})
    except (ValueError, KeyError, TypeError) as error:
        raise ForeignClusterError(f"`{path}` is not a password file of ours") from error


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 durably: aside, to disk, then renamed into place."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
