"""Keys in files, as agencies and organisations keep them: a seed in hexadecimal, or a private JWK."""

from __future__ import annotations

import json
from pathlib import Path

from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from dossier.client.assertion import SignInKey
from dossier.client.errors import KeyStoreError
from dossier.errors import InvalidRequestError

SEED = 32


def read_seed(path: Path) -> bytes:
    """The seed of an Ed25519 key: 64 hexadecimal digits, or the `d` of a JWK; raise InvalidRequestError, OSError."""
    text = path.read_text(encoding="utf-8").strip()
    if text.startswith("{"):
        return read_jwk(path).signing.seed
    try:
        return decode_hex(text, SEED)
    except CryptoError as error:
        raise InvalidRequestError("a key file holds 64 hexadecimal digits or a private JWK") from error


def read_jwk(path: Path) -> SignInKey:
    """A private JWK with a key id (Ed25519), as systems sign in with; raise InvalidRequestError, OSError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidRequestError("the file is not a JWK") from error
    if not isinstance(values, dict):
        raise InvalidRequestError("the file is not a JWK")
    try:
        return SignInKey.from_jwk(values)
    except KeyStoreError as error:
        raise InvalidRequestError(str(error)) from error
