"""The key that a system signs in with, and what it signs with it: a client assertion (RFC 7523) as a compact JWS.

Only made here, never read: whoever verifies one is the service. The key that signs items is another.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.keys import SigningKey
from dossier.client.errors import KeyStoreError

SECONDS = 60
"""How long an assertion counts."""


@dataclass(frozen=True)
class SignInKey:
    """An Ed25519 pair and the key id by which the service finds its public half."""

    kid: str
    signing: SigningKey = field(repr=False)

    @classmethod
    def from_jwk(cls, values: Mapping[str, Any]) -> Self:
        """Read a private JWK (RFC 8037) of curve Ed25519 with a key id; raise KeyStoreError."""
        if (values.get("kty"), values.get("crv")) != ("OKP", "Ed25519"):
            raise KeyStoreError("the key is not a JWK of curve Ed25519")
        if not isinstance(kid := values.get("kid"), str) or not kid or not values.get("d"):
            raise KeyStoreError("the JWK needs its private part `d` and a key id `kid`")
        try:
            signing = SigningKey.from_seed(_decoded(values["d"]))
            matches = _decoded(values.get("x", "")) == signing.public
        except CryptoError as error:
            raise KeyStoreError("the JWK is damaged") from error
        if not matches:
            raise KeyStoreError("the two halves of the JWK do not belong together")
        return cls(kid, signing)

    def as_dict(self, *, private: bool) -> dict[str, str]:
        """The pair as a JWK; without `private` only its public half, as the service keeps it."""
        public = {"kty": "OKP", "crv": "Ed25519", "x": _encoded(self.signing.public), "kid": self.kid}
        return {**public, "d": _encoded(self.signing.seed)} if private else public


def new_sign_in_key(kid: str) -> SignInKey:
    """Make the key by which a system signs in (private_key_jwt)."""
    return SignInKey(kid, SigningKey.generate())


def client_assertion(client_id: str, issuer: str, key: SignInKey, now: int) -> str:
    """Make a client assertion (RFC 7523, section 3): one audience, one use, one minute from `now` in UTC seconds."""
    header = {"alg": "Ed25519", "kid": key.kid, "typ": "client-authentication+jwt"}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": secrets.token_urlsafe(24),
        "iat": now,
        "exp": now + SECONDS,
    }
    # RFC 7515, section 5.1: what is signed is the two parts as they travel.
    text = ".".join(_encoded(json.dumps(each, separators=(",", ":")).encode()) for each in (header, claims))
    return f"{text}.{_encoded(key.signing.sign(text.encode('ascii')))}"


def _encoded(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: object) -> bytes:
    """The bytes of base64url without padding; raise CryptoError for any other spelling."""
    if not isinstance(text, str) or set(text) & set("+/="):
        raise KeyStoreError("the JWK is damaged")
    return decode_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
