"""The key store on a client's machine: one sealed file per name below DOSSIER_HOME, and what was pinned.

A store is opened with a passphrase (Argon2id) or with a key file beside it (for machines and demonstrations; whoever
reads the folder then reads the keys). Nothing in it is known to the service.
Page: docs/spec/key-store.md.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto.canonical import decode_json, encode_json
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError
from crypto.keys import SealingKey, SigningKey
from crypto.labels import Label
from crypto.seal import KEY_SIZE, unwrap, wrap
from crypto.unlock import MEMORY_KIB, PASSES, SALT_SIZE, Method, stretch
from dossier.client.errors import KeyStoreError
from dossier.client.making import Identity
from dossier.private import write_private

FORMAT = "eigendossier-key-store-1"
STORE_KEY = "store.key"
STORE_SETTINGS = "store.json"
MAX_STATE = 8 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


@dataclass(frozen=True)
class KeyStore:
    """A folder of sealed files; `key` is the 32 bytes that seal them."""

    home: Path
    key: bytes = field(repr=False)

    def names(self) -> list[str]:
        """Return the names that are kept, sorted."""
        return sorted(path.stem for path in self.home.glob("*.sealed"))

    def load(self, name: str) -> dict[str, Any]:
        """Return what is kept under a name; raise KeyStoreError when there is nothing, or it does not open."""
        try:
            sealed = self._path(name).read_bytes()
        except OSError as error:
            raise KeyStoreError("nothing is kept under this name") from error
        try:
            state = decode_json(unwrap(Label.DEVICE_STATE, (name.encode(),), self.key, sealed), limit=MAX_STATE)
        except CryptoError as error:
            raise KeyStoreError("the key store does not open: another passphrase, or it was changed") from error
        if not isinstance(state, dict):
            raise KeyStoreError("what is kept under this name is not ours")
        return state

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep a state under a name, durably, in place of an earlier one."""
        sealed = wrap(Label.DEVICE_STATE, (name.encode(),), self.key, encode_json(dict(state), limit=MAX_STATE))
        write_bytes(self._path(name), sealed)

    def update(self, name: str, /, **changes: Any) -> dict[str, Any]:
        """Keep more under a name, beside what is kept there; return all of it. Programs take turns."""
        with self.turn(name):
            state = {**(self.load(name) if self.has(name) else {}), **changes}
            self.save(name, state)
        return state

    def has(self, name: str) -> bool:
        """Whether anything is kept under a name."""
        return self._path(name).exists()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Let one program at a time work with what is kept under a name."""
        with (self._path(name).with_suffix(".lock")).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyStoreError("a name is lower-case words and digits joined by hyphens")
        return self.home / f"{name}.sealed"


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return DOSSIER_HOME, or `.dossier` in the home directory."""
    return Path(environment.get("DOSSIER_HOME") or Path.home() / ".dossier")


def open_with_file(home: Path) -> KeyStore:
    """Open a store whose key stands in the file `store.key` beside it, made at the first call."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / STORE_KEY
    if not path.exists():
        write_private(path, secrets.token_bytes(KEY_SIZE).hex())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise KeyStoreError("the key file of the store is damaged") from error
    if len(key) != KEY_SIZE:
        raise KeyStoreError("the key file of the store is damaged")
    return KeyStore(home, key)


def open_with_passphrase(home: Path, passphrase: str) -> KeyStore:
    """Open a store whose key is derived from a passphrase; its salt and cost stand in `store.json`."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / STORE_SETTINGS
    if not path.exists():
        cost = {"memoryKib": MEMORY_KIB[0], "passes": PASSES[0], "salt": encode_base64(secrets.token_bytes(SALT_SIZE))}
        write_private(path, encode_json({"format": FORMAT, **cost}).decode())
    try:
        written = decode_json(path.read_bytes())
        if written["format"] != FORMAT:
            raise KeyStoreError("the key store is of another form than this program knows")
        method = Method(b"", "passphrase", b"", written["memoryKib"], written["passes"], decode_base64(written["salt"]))
        return KeyStore(home, stretch(method, unicodedata.normalize("NFKC", passphrase).encode()))
    except (OSError, KeyError, TypeError, CryptoError) as error:
        raise KeyStoreError("the key store does not open") from error


def identity_state(identity: Identity) -> dict[str, Any]:
    """Return an identity as JSON values for the store."""
    return {
        "person": identity.person.hex(),
        "organisation": identity.organisation.hex(),
        "signing": encode_base64(identity.signing.seed),
        "sealing": encode_base64(identity.sealing.seed),
        "head": identity.head.hex(),
    }


def read_identity(state: Mapping[str, Any]) -> Identity:
    """Rebuild an identity from the store; raise KeyStoreError when the state holds none."""
    try:
        return Identity(
            bytes.fromhex(state["person"]),
            bytes.fromhex(state["organisation"]),
            SigningKey.from_seed(decode_base64(state["signing"])),
            SealingKey.from_seed(decode_base64(state["sealing"])),
            bytes.fromhex(state["head"]),
        )
    except (KeyError, TypeError, ValueError, CryptoError) as error:
        raise KeyStoreError("no identity is kept under this name") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 durably: aside, to disk, then renamed into place."""
    aside = path.with_name(path.name + ".new")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
