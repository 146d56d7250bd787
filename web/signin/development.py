"""The development sign-in provider: a small OpenID provider with personas, for demonstration and tests.

It answers on loopback only and production settings refuse it (`web.signin.options`). It knows one client, this service;
it speaks the code flow with PKCE (RFC 7636), answers with ``iss`` (RFC 9207) and signs ID tokens with ES256. It asks
for the persona's secret every time, so every sign-in is a fresh authentication.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from dossier.errors import InvalidRequestError, TooManyError, UnauthenticatedError
from web.signin.personas import Persona
from web.signin.pkce import code_challenge

CODE_SECONDS = 60
TOKEN_SECONDS = 300
MAX_CODES = 10_000
LEVELS = {
    "low": "http://eidas.europa.eu/LoA/low",
    "substantial": "http://eidas.europa.eu/LoA/substantial",
    "high": "http://eidas.europa.eu/LoA/high",
}
REQUEST_FIELDS = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge")


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a code stands for, until it is used or `ends`."""

    persona: Persona
    nonce: str
    challenge: str
    authenticated: int
    ends: int


@dataclass
class DevelopmentProvider:
    """The provider's rules without HTTP. Owned by one event loop; codes and the signing key live in memory only."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    people: Callable[[], tuple[Persona, ...]]
    clock: Callable[[], int]
    _key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "development", "use": "sig"}))
    _codes: dict[str, _Granted] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0 section 3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def key_set(self) -> dict[str, Any]:
        """Return the public keys that ID tokens verify with."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def check_request(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of an authorization request; raise InvalidRequestError for any that is not our client's."""
        if query.get("client_id") != self.client_id or query.get("redirect_uri") != self.redirect_uri:
            raise InvalidRequestError("unknown client or address")
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise InvalidRequestError("only the code flow with S256 is spoken here")
        fields = {name: query.get(name, "") for name in REQUEST_FIELDS}
        if not all(fields.values()) or any(len(value) > 500 for value in fields.values()):  # noqa: PLR2004 - generous
            raise InvalidRequestError("a field of the request is missing or too long")
        return {**fields, "code_challenge_method": "S256"}

    def authenticate(self, request: Mapping[str, str], subject: str, secret: str) -> str:
        """Return the address to go on to, with a code; raise UnauthenticatedError for a wrong secret."""
        fields, now = self.check_request(request), self.clock()
        persona = next((known for known in self.people() if known.subject == subject), None)
        expected = persona.secret if persona else secrets.token_hex()
        if not hmac.compare_digest(expected.encode(), secret.encode()) or persona is None:
            raise UnauthenticatedError("unknown persona or wrong secret")
        self._codes = {code: granted for code, granted in self._codes.items() if granted.ends > now}
        if len(self._codes) >= MAX_CODES:
            raise TooManyError("too many sign-ins are under way")
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Granted(persona, fields["nonce"], fields["code_challenge"], now, now + CODE_SECONDS)
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': fields['state'], 'iss': self.issuer})}"

    def exchange(self, form: Mapping[str, str], client_id: str, client_secret: str) -> dict[str, Any]:
        """Return the token answer for a code, which is used up whatever happens; raise UnauthenticatedError."""
        granted = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        known = client_id == self.client_id and hmac.compare_digest(client_secret.encode(), self.client_secret.encode())
        if granted is None or not known or form.get("grant_type") != "authorization_code":
            raise UnauthenticatedError("unknown client or code")
        if self.clock() >= granted.ends or form.get("redirect_uri") != self.redirect_uri:
            raise UnauthenticatedError("the code is no longer good")
        if not hmac.compare_digest(code_challenge(verifier), granted.challenge):
            raise UnauthenticatedError("the code belongs to another request")
        return {
            "access_token": secrets.token_urlsafe(32),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": self._id_token(granted),
        }

    def _id_token(self, granted: _Granted) -> str:
        now, persona = self.clock(), granted.persona
        claims = {
            "iss": self.issuer,
            "sub": persona.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": granted.authenticated,
            "nonce": granted.nonce,
            "acr": LEVELS[persona.level],
            "name": persona.name,
        }
        if persona.identifiers:
            claims["identifiers"] = list(persona.identifiers)
        return jwt.encode({"alg": "ES256", "kid": "development"}, claims, self._key, algorithms=["ES256"])
