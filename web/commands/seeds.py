"""Keys in files, as agencies and organisations keep them: a seed in hexadecimal, or a private JWK."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from dossier.errors import InvalidRequestError

SEED = 32


def read_seed(path: Path) -> bytes:
    """The seed of an Ed25519 key: 64 hexadecimal digits, or the `d` of a JWK; raise InvalidRequestError, OSError."""
    text = path.read_text(encoding="utf-8").strip()
    if not text.startswith("{"):
        try:
            return decode_hex(text, SEED)
        except CryptoError as error:
            raise InvalidRequestError("a key file holds 64 hexadecimal digits or a private JWK") from error
    values = read_jwk(path).as_dict(private=True)
    if values["crv"] != "Ed25519":
        raise InvalidRequestError("the key is not one of Ed25519")
    return base64.urlsafe_b64decode(str(values["d"]) + "=")


def read_jwk(path: Path) -> OKPKey:
    """A private JWK with a key id (Ed25519), as systems sign in with; raise InvalidRequestError, OSError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        key = OKPKey.import_key(values)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequestError("the file is not a private JWK of type OKP") from error
    if not key.is_private or not key.kid:
        raise InvalidRequestError("the JWK needs its private part `d` and a key id `kid`")
    return key
