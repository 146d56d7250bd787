"""The service's own keys: log, promises, directory and register. Files below the data directory, one seed each.

A development service makes what is missing. A production service never does: whoever starts it with an empty folder
would found a second log without noticing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit.control import LogIdentity
from audit.note import ED25519, VerifierKey
from crypto.errors import CryptoError
from crypto.keys import SigningKey
from crypto.register import RegisterKeys
from dossier.private import write_private
from web.settings import Settings, SettingsError

REGISTER_COUNT = 3
REGISTER_THRESHOLD = 2


@dataclass(frozen=True)
class ServiceKeys:
    """The keys the service signs with, and the public half of those that sign the register.

    `origin` names the log; it is made once, stored with the keys, and not bound to a host or port.
    """

    origin: str
    log: SigningKey = field(repr=False)
    promise: SigningKey = field(repr=False)
    directory: SigningKey = field(repr=False)
    register: RegisterKeys

    @property
    def promise_name(self) -> str:
        """The name under which promises are signed."""
        return f"{self.origin}/promise"

    @property
    def log_verifier(self) -> VerifierKey:
        """What checkpoints are verified with."""
        return VerifierKey(self.origin, ED25519, self.log.public)

    @property
    def promise_verifier(self) -> VerifierKey:
        """What promises are verified with."""
        return VerifierKey(self.promise_name, ED25519, self.promise.public)

    @property
    def identity(self) -> LogIdentity:
        """What control leaf 0 says of this log."""
        register = self.register
        return LogIdentity(
            self.origin,
            self.log_verifier,
            self.promise_verifier,
            self.directory.public,
            register.keys,
            register.threshold,
        )


def load_keys(settings: Settings) -> ServiceKeys:
    """Load the keys of this data directory; raise SettingsError for a missing or damaged one in production."""
    folder = settings.data_dir / "keys"
    may_make = settings.mode != "production"
    origin = _text(folder / "log-origin", may_make, lambda: settings.log_origin or _new_origin())
    if settings.log_origin and settings.log_origin != origin:
        raise SettingsError("DOSSIER_LOG_ORIGIN differs from the origin that was stored with the keys")
    return ServiceKeys(
        origin,
        log=_key(folder / "log.key", may_make),
        promise=_key(folder / "promise.key", may_make),
        directory=_key(folder / "directory.key", may_make),
        register=register_keys(folder, may_make=may_make),
    )


def _new_origin() -> str:
    return f"localhost/eigendossier-{secrets.token_hex(4)}"


def register_keys(folder: Path, *, may_make: bool) -> RegisterKeys:
    """The public keys of the register: one per line as hex, the threshold on the first line.

    A development service holds the secret halves too (`register-1.key` and on), so that a trial needs no key ceremony.
    """
    path = folder / "register.public"
    if not path.exists() and may_make:
        keys = [_key(folder / f"register-{number}.key", may_make) for number in range(1, REGISTER_COUNT + 1)]
        write_private(path, "\n".join([str(REGISTER_THRESHOLD), *(key.public.hex() for key in keys)]) + "\n")
    try:
        threshold, *lines = path.read_text(encoding="ascii").split()
        return RegisterKeys(tuple(bytes.fromhex(line) for line in lines), int(threshold))
    except (OSError, ValueError, CryptoError) as error:
        raise SettingsError("the register's public keys are missing or damaged") from error


def _key(path: Path, may_make: bool) -> SigningKey:  # noqa: FBT001 - one private caller
    text = _text(path, may_make, lambda: secrets.token_hex(32))
    try:
        return SigningKey.from_seed(bytes.fromhex(text))
    except (ValueError, CryptoError) as error:
        raise SettingsError(f"the key file {path.name} is damaged") from error


def _text(path: Path, may_make: bool, make: Callable[[], str]) -> str:  # noqa: FBT001 - private
    if not path.exists():
        if not may_make:
            raise SettingsError(f"production needs the key file {path.name}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, make())
    return path.read_text(encoding="utf-8").strip()
