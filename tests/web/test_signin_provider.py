"""The relying party: which ID tokens count, and which answers of a provider end the sign-in."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey

from dossier.errors import UnauthenticatedError, UnavailableError
from dossier.parties.actor import Assurance
from web.signin.development import LEVELS
from web.signin.provider import ProviderOptions, RelyingParty

ISSUER = "https://id.example"
CLIENT = "dossier"
SECRET = "a-secret-that-is-long-enough-for-hmac"
NOW = 1_000_000
KEY = ECKey.generate_key("P-256", {"kid": "p1"})


class Provider(httpx2.AsyncBaseTransport):
    """A provider whose ID token, keys and metadata each test chooses."""

    def __init__(self):
        self.keys: list[Any] = [KEY]
        self.token = ""
        self.metadata = {"issuer": ISSUER, "authorization_response_iss_parameter_supported": True}
        self.asked = []
        self.token_status = 200

    async def handle_async_request(self, request):
        await request.aread()
        self.asked.append(request)
        path = request.url.path
        if path == "/token":
            body = {"access_token": "x", "token_type": "Bearer", "id_token": self.token}
            return answer(self.token_status, body if self.token_status == 200 else {"error": "invalid_grant"})
        if path == "/jwks":
            return answer(200, KeySet(self.keys).as_dict(private=False))
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        return answer(200, {**{name: ISSUER + path for name, path in places.items()}, **self.metadata})


def answer(status, body):
    return httpx2.Response(status, content=json.dumps(body).encode(), headers={"content-type": "application/json"})


def id_token(expected, key=KEY, alg="ES256", kid="p1", **changes):
    claims = {
        "iss": ISSUER,
        "sub": "hanneke",
        "aud": CLIENT,
        "iat": NOW,
        "exp": NOW + 60,
        "auth_time": NOW - 10,
        "nonce": expected,
        "acr": LEVELS["substantial"],
        "name": "Hanneke",
        "identifiers": ["bsn:999880007"],
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def party(provider):
    return relying(provider)


def relying(provider, secret=SECRET):
    levels = {name: level for level, name in LEVELS.items()}
    options = ProviderOptions(ISSUER, CLIENT, secret, "https://dossier.example/signin/callback", levels, provider)
    return RelyingParty(options, lambda: NOW)


async def finish(party, provider, key=KEY, alg="ES256", kid="p1", query=None, **changes):
    _, challenge = await party.begin(again=False)
    provider.token = id_token(challenge.nonce, key, alg, kid, **changes)
    return await party.finish({"code": "c", "state": challenge.state, "iss": ISSUER, **(query or {})}, challenge)


async def test_a_good_answer_gives_an_identity(party, provider):
    """Subject, name, level, moment and identifiers come from the verified token."""
    found = await finish(party, provider)
    assert (found.subject, found.name, found.level) == ("hanneke", "Hanneke", Assurance.SUBSTANTIAL)
    assert (found.auth_time, found.identifiers) == (NOW - 10, ("bsn:999880007",))


async def test_the_request_has_challenge_nonce_and_step_up(party):
    """PKCE by S256, a nonce and a state go out; step-up asks for a fresh authentication."""
    url, challenge = await party.begin(again=True)
    query = dict(httpx2.URL(url).params)
    assert query["code_challenge_method"] == "S256"
    assert (query["state"], query["nonce"]) == (challenge.state, challenge.nonce)
    assert (query["prompt"], query["max_age"]) == ("login", "0")
    assert challenge.verifier not in url


async def test_our_key_proves_who_asks(provider):
    """With a client key the token request carries an assertion made out to the provider's issuer, and no secret."""
    party = relying(provider, OKPKey.generate_key("Ed25519", {"kid": "c"}))
    await finish(party, provider)
    form = dict(httpx2.QueryParams(next(r for r in provider.asked if r.url.path == "/token").content.decode()))
    assert form["client_assertion_type"].endswith("jwt-bearer")
    assert "client_secret" not in form
    claims = json.loads(base64.urlsafe_b64decode(form["client_assertion"].split(".")[1] + "=="))
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": None},
        {"exp": NOW - 60},
        {"exp": None},
        {"iat": NOW + 120},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"auth_time": NOW + 120},
        {"auth_time": "now"},
        {"name": 7},
        {"name": "x" * 201},
        {"identifiers": "bsn:999880007"},
    ],
)
async def test_claims_are_strict(party, provider, changes):
    """Another nonce, issuer or audience, a time that does not hold, or a value of the wrong kind ends the sign-in."""
    with pytest.raises(UnauthenticatedError):
        await finish(party, provider, **changes)


@pytest.mark.parametrize("acr", [None, "", "urn:unknown", 3])
async def test_an_unknown_level_is_the_lowest(party, provider, acr):
    """A level that we have no name for counts as low (P9)."""
    assert (await finish(party, provider, acr=acr)).level is Assurance.LOW


async def test_only_the_providers_keys_count(party, provider):
    """A stranger's key under the known name, HS256 with our secret, or no signature at all is refused (N67)."""
    with pytest.raises(UnauthenticatedError):
        await finish(party, provider, ECKey.generate_key("P-256", {"kid": "p1"}))
    with pytest.raises(UnauthenticatedError):
        await finish(party, provider, OctKey.import_key(SECRET, {"kid": "p1"}), "HS256")
    _, challenge = await party.begin(again=False)
    signed = id_token(challenge.nonce).split(".")
    for token in (f"{signed[0]}.{signed[1]}.", "", "a.b.c", None, 7):
        provider.token = token
        with pytest.raises(UnauthenticatedError):
            await party.finish({"code": "c", "state": challenge.state, "iss": ISSUER}, challenge)


async def test_a_new_key_of_the_provider_is_found(party, provider):
    """Providers change their keys: an unknown one is looked for once, at once."""
    await finish(party, provider)
    new = ECKey.generate_key("P-256", {"kid": "p2"})
    provider.keys = [new]
    assert (await finish(party, provider, new, kid="p2")).subject == "hanneke"


@pytest.mark.parametrize(
    "query", [{"state": "x"}, {"state": ""}, {"code": ""}, {"iss": "https://evil.example"}, {"error": "x", "code": ""}]
)
async def test_another_answer_is_refused_before_the_code_is_used(party, provider, query):
    """State and issuer are checked first: a foreign code never reaches the token endpoint."""
    with pytest.raises(UnauthenticatedError):
        await finish(party, provider, query=query)
    assert not any(request.url.path == "/token" for request in provider.asked)


async def test_a_missing_issuer_is_refused_where_it_was_promised(party, provider):
    """A provider that says it sends its issuer must send it (RFC 9207)."""
    _, challenge = await party.begin(again=False)
    provider.token = id_token(challenge.nonce)
    with pytest.raises(UnauthenticatedError):
        await party.finish({"code": "c", "state": challenge.state}, challenge)


async def test_a_refused_code_is_a_failed_sign_in(party, provider):
    """What the token endpoint refuses is 401 and nothing else."""
    provider.token_status = 400
    with pytest.raises(UnauthenticatedError):
        await finish(party, provider)


async def test_a_provider_of_another_name_is_not_ours(party, provider):
    """Metadata that name another issuer make sign-in unavailable."""
    provider.metadata = {"issuer": "https://evil.example"}
    with pytest.raises(UnavailableError):
        await party.begin(again=False)


async def test_a_provider_that_is_away_makes_sign_in_unavailable(provider):
    """A broken connection is 503, not a failed sign-in."""

    class Away(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise httpx2.ConnectError("away", request=request)

    with pytest.raises(UnavailableError):
        await relying(Away()).begin(again=False)
