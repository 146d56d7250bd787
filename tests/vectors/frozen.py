"""Makes vectors reproducible: fixed keys, fixed chance, and one file per vector.

Nonces and generated keys come from a counter while a maker runs. HPKE draws its randomness out of our reach, so every
seal made once is kept in `seals.json` and used again; seals are the only bytes that a new run could not make anew.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nacl.bindings as sodium

# The package exports a function of the same name, so the module is fetched by its full one.
sealing: Any = importlib.import_module("crypto.seal")

FOLDER = Path(__file__).parent
SEALS = FOLDER / "seals.json"

made: dict[str, dict[str, Any]] = {}
"""Every vector of this run by its path below FOLDER."""


def fixed(name: str, size: int = 32) -> bytes:
    """Return bytes that depend on the name alone."""
    return hashlib.shake_256(b"eigendossier vector " + name.encode()).digest(size)


def b64(data: bytes) -> str:
    """Spell bytes for a vector."""
    return base64.b64encode(data).decode()


def flip(data: bytes, at: int = -1) -> bytes:
    """Return the data with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def vector(form: str, name: str, expect: str, comment: str, /, **fields: Any) -> None:
    """Add one vector; its folder is the name of its format."""
    path = f"{form}/{name}.json"
    if path in made:
        raise ValueError(f"vector {path} is made twice")
    made[path] = {"format": form, "comment": comment, "expect": expect, **fields}


def render(value: dict[str, Any]) -> str:
    """Return the text of a vector file."""
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


class _KeptSeals:
    """Stands in for the HPKE suite: opens as it does, and seals what it sealed before."""

    def __init__(self, suite: Any) -> None:
        self._suite = suite
        self._kept: dict[str, str] = json.loads(SEALS.read_text()) if SEALS.exists() else {}
        self.used: dict[str, str] = {}

    def encrypt(self, plaintext: bytes, recipient: Any, *, info: bytes) -> bytes:
        # The same plaintext sealed again for the same place is another seal: the first free number tells them apart.
        place = len(info).to_bytes(8, "big") + info + plaintext
        names = (hashlib.sha256(place + bytes([number])).hexdigest() for number in range(256))
        name = next(name for name in names if name not in self.used)
        kept = self._kept.get(name) or b64(self._suite.encrypt(plaintext, recipient, info=info))
        self.used[name] = kept
        return base64.b64decode(kept)

    def decrypt(self, sealed: bytes, key: Any, *, info: bytes) -> bytes:
        opened: bytes = self._suite.decrypt(sealed, key, info=info)
        return opened


@contextmanager
def frozen() -> Iterator[Callable[[], dict[str, str]]]:
    """Fix every source of chance in crypto/; yield a function that returns the seals used."""
    suite, draw = _KeptSeals(sealing._HPKE), _Counter()

    def init_push(state: Any, key: bytes) -> bytes:
        # Sealing and opening a stream start from the same state, so a header can be chosen.
        header = draw(24)
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
        return header

    with (
        patch.object(secrets, "token_bytes", draw),
        patch.object(sealing, "_HPKE", suite),
        patch.object(sodium, "crypto_secretstream_xchacha20poly1305_init_push", init_push),
    ):
        yield lambda: suite.used


class _Counter:
    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size: int = 32) -> bytes:
        self._count += 1
        return fixed(f"chance {self._count}", size)
