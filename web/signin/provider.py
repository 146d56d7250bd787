"""The relying party: OpenID Connect code flow with PKCE, nonce and issuer check, on authlib and joserfc.

Two steps: `begin` gives the address to send the browser to and what must be remembered; `finish` turns what came back
into an `Identity`, or raises.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey

from dossier.errors import UnauthenticatedError, UnavailableError
from dossier.parties.actor import Assurance
from web.settings import SettingsError

ALGORITHMS = ("ES256", "ES384", "PS256", "Ed25519", "RS256")
SKEW = 30
METADATA_SECONDS = 3_600
KEYS_SECONDS = 300
_SCOPE = "openid profile"


@dataclass(frozen=True)
class ProviderOptions:
    """One sign-in provider: its issuer, our client there (a secret, or a key for private_key_jwt), its level names.

    ``transport`` replaces the network for the back channel (the development provider lives in this process). ``name``
    is what accounts are kept under, where the issuer's address may change: that of the development provider has the
    port in it, and a trial may move to another.
    """

    issuer: str
    client_id: str
    client_secret: str | OKPKey | ECKey = field(repr=False)
    redirect_uri: str
    levels: Mapping[str, str]
    transport: httpx2.AsyncBaseTransport | None = None
    name: str = ""

    @property
    def known_as(self) -> str:
        """What accounts at this provider are kept under: its issuer, unless it has a name here."""
        return self.name or self.issuer


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a sign-in under way must be answered with: state and nonce, and the verifier that only we hold."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, by the provider's word: issuer and subject, name, level, when (UTC seconds), identifiers."""

    issuer: str
    subject: str
    name: str
    level: Assurance
    auth_time: int
    identifiers: tuple[str, ...] = field(default=(), repr=False)


class RelyingParty:
    """Our side of one provider. Owned by one event loop; caches the provider's metadata and keys."""

    def __init__(self, options: ProviderOptions, clock: Callable[[], int]) -> None:
        self.options = options
        self._clock = clock
        self._cached: dict[str, tuple[int, dict[str, Any]]] = {}

    async def begin(self, *, again: bool) -> tuple[str, Challenge]:
        """Return the provider's address for a new sign-in; ``again`` asks for a fresh authentication (step-up)."""
        metadata = await self._metadata()
        challenge = Challenge(generate_token(43), generate_token(43), generate_token(64))
        extra = {"prompt": "login", "max_age": "0"} if again else {}
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=challenge.state,
                nonce=challenge.nonce,
                code_verifier=challenge.verifier,
                **extra,
            )
        return str(url), challenge

    async def finish(self, query: Mapping[str, str], challenge: Challenge) -> Identity:
        """Exchange the code that came back and judge the ID token; raise UnauthenticatedError or UnavailableError."""
        self._check_answer(query, challenge, await self._metadata())
        metadata = await self._metadata()
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=query["code"],
                    code_verifier=challenge.verifier,
                )
        except OAuthError as error:
            raise _refused() from error
        except (httpx2.HTTPError, ValueError) as error:
            raise UnavailableError("the sign-in provider does not answer") from error
        return await self._identity(token.get("id_token"), challenge.nonce)

    def _client(self) -> Any:
        options = self.options
        method: Any = "client_secret_basic"
        if not isinstance(options.client_secret, str):
            # The argument becomes the audience of the assertion: the provider's issuer, nothing else.
            method = PrivateKeyJWT(options.issuer, alg=_algorithm(options.client_secret))
        return AsyncOAuth2Client(
            options.client_id,
            options.client_secret,
            token_endpoint_auth_method=method,
            scope=_SCOPE,
            redirect_uri=options.redirect_uri,
            code_challenge_method="S256",
            transport=options.transport,
            timeout=5,
        )

    def _check_answer(self, query: Mapping[str, str], challenge: Challenge, metadata: Mapping[str, Any]) -> None:
        """Refuse an answer with another state, without a code, or by another issuer (RFC 9207)."""
        state, issuer = query.get("state", ""), query.get("iss")
        if not hmac.compare_digest(state.encode(), challenge.state.encode()) or not query.get("code"):
            raise _refused()
        named = bool(metadata.get("authorization_response_iss_parameter_supported"))
        if (issuer is None and named) or (issuer is not None and issuer != self.options.issuer):
            raise _refused()

    async def _identity(self, id_token: Any, nonce: str) -> Identity:
        metadata = await self._metadata()
        claims = await self._claims(id_token, metadata["jwks_uri"])
        registry = jwt.JWTClaimsRegistry(
            now=self._clock(),
            leeway=SKEW,
            iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": self.options.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
            return self._mapped(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused() from error

    async def _claims(self, id_token: Any, jwks_uri: str) -> dict[str, Any]:
        """Verify the signature; a key that is not known yet is fetched once, as providers change their keys."""
        for newest in (False, True):
            keys = await self._document(jwks_uri, 0 if newest else KEYS_SECONDS)
            try:
                return dict(jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims)  # type: ignore[arg-type]  # checked by the library
            except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                refused = error
        raise _refused() from refused

    def _mapped(self, claims: Mapping[str, Any]) -> Identity:
        subject, now = claims["sub"], self._clock()
        moment = claims.get("auth_time", claims["iat"])
        if type(subject) is not str or not 0 < len(subject) <= 255 or type(moment) is not int or moment > now + SKEW:  # noqa: PLR2004 - OpenID Connect Core section 2
            raise _refused()
        aud = claims["aud"]
        if aud != self.options.client_id and (type(aud) is not list or len(aud) != 1):
            raise _refused()
        # An unknown level is the lowest: when in doubt, less.
        level = Assurance(self.options.levels.get(str(claims.get("acr", "")), "low"))
        name, identifiers = claims.get("name", ""), claims.get("identifiers", [])
        if type(name) is not str or len(name) > 200 or type(identifiers) is not list:  # noqa: PLR2004 - a name
            raise _refused()
        return Identity(self.options.known_as, subject, name, level, min(moment, now), tuple(map(str, identifiers[:8])))

    async def _metadata(self) -> dict[str, Any]:
        document = await self._document(f"{self.options.issuer}/.well-known/openid-configuration", METADATA_SECONDS)
        if document.get("issuer") != self.options.issuer:
            raise UnavailableError("the sign-in provider is not who it was registered as")
        return document

    async def _document(self, url: str, fresh: int) -> dict[str, Any]:
        known, now = self._cached.get(url), self._clock()
        if known is not None and now - known[0] < fresh:
            return known[1]
        try:
            async with httpx2.AsyncClient(transport=self.options.transport, timeout=5) as client:
                response = await client.get(url, headers={"accept": "application/json"})
                document = response.raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise UnavailableError("the sign-in provider does not answer") from error
        if type(document) is not dict:
            raise UnavailableError("the sign-in provider does not answer")
        self._cached[url] = (now, document)
        return document


def client_key(text: str) -> OKPKey | ECKey:
    """Read our private key at the provider from a JWK in JSON: Ed25519 or P-256; raise SettingsError."""
    try:
        key = JWKRegistry.import_key(json.loads(text))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SettingsError("DOSSIER_CLIENT_KEY is not a private key in JWK form") from error
    if not isinstance(key, OKPKey | ECKey) or not key.is_private:
        raise SettingsError("DOSSIER_CLIENT_KEY is not a private key for Ed25519 or ES256")
    return key


def _algorithm(key: OKPKey | ECKey) -> str:
    return "Ed25519" if isinstance(key, OKPKey) else "ES256"


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("sign-in failed", code="sign-in-failed")
