"""The passwords of the embedded PostgreSQL's roles: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from dossier.embedded.errors import ForeignClusterError
from dossier.private import write_private


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
