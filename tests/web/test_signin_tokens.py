"""The token endpoint over HTTP: programs of people, systems, replays and races."""

from __future__ import annotations

import asyncio
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from crypto.encoding import new_id
from dossier.client.assertion import new_sign_in_key
from tests.web.browsing import ORIGIN, Browser
from web.signin.assertions import TYPE
from web.signin.pkce import code_challenge
from web.signin.tokens import ASSERTION_TYPE

REDIRECT = "http://127.0.0.1:9999/back"
VERIFIER = "v" * 43


def query(**changes):
    wanted = {
        "response_type": "code",
        "client_id": "dossier-cli",
        "redirect_uri": REDIRECT,
        "code_challenge": code_challenge(VERIFIER),
        "code_challenge_method": "S256",
        "state": "s" * 16,
    }
    return urlencode({**wanted, **changes})


async def fetch(app, form):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.post("/oauth/token", data=form)


async def bearer(app, token, path="/v1/me"):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.get(path, headers={"authorization": f"Bearer {token}"})


async def code(app, personas, subject="hanneke-de-wit", **changes):
    """Sign in as a program does and return the code."""
    ended = await Browser(app).sign_in(personas[subject], f"/oauth/authorize?{query(**changes)}")
    assert ended.status_code == 303
    answer = parse_qs(urlsplit(ended.headers["location"]).query)
    assert ended.headers["location"].startswith(REDIRECT + "?")
    assert (answer["state"], answer["iss"]) == (["s" * 16], [ORIGIN])
    return answer["code"][0]


def code_form(value, **changes):
    form = {"grant_type": "authorization_code", "client_id": "dossier-cli", "redirect_uri": REDIRECT}
    return {**form, "code": value, "code_verifier": VERIFIER, **changes}


@pytest.fixture(scope="module")
async def system(app, owner_pool):
    """A system of an organisation, entered behind the service's back, and its key."""
    organisation = new_id()
    identity, key = new_id(organisation[:2]), new_sign_in_key("k1")
    public = httpx2.Response(200, json={"keys": [key.as_dict(private=False)]}).text
    await owner_pool.execute(
        "INSERT INTO dossier.system VALUES (audit.bucket($1), $1, $2, 'Systeem', $3, '', 0)",
        organisation,
        identity,
        public,
    )
    return identity.hex(), key


def assertion(system, **changes):
    client, key = system[0], OKPKey.import_key(system[1].as_dict(private=True))
    now = int(time.time())
    claims = {
        "iss": client,
        "sub": client,
        "aud": ORIGIN,
        "jti": secrets.token_hex(16),
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return jwt.encode({"alg": "Ed25519", "kid": "k1", "typ": TYPE}, claims, key, algorithms=["Ed25519"])


def system_form(text):
    return {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": text}


async def test_a_program_gets_tokens_for_its_code(app, personas):
    """Code with PKCE and loopback redirect gives a bearer token for five minutes and a refresh token."""
    answer = await fetch(app, code_form(await code(app, personas)))
    token = answer.json()
    assert (answer.status_code, token["expires_in"], token["token_type"]) == (200, 300, "Bearer")
    assert answer.headers["cache-control"] == "no-store"
    assert (await bearer(app, token["access_token"])).json()["name"] == "Hanneke de Wit"
    assert (await bearer(app, token["refresh_token"])).status_code == 401


async def test_a_code_counts_once_and_a_second_use_ends_the_session(app, personas):
    """Whoever uses a code again ends what it gave, since one of the two is a thief."""
    value = await code(app, personas)
    token = (await fetch(app, code_form(value))).json()
    again = await fetch(app, code_form(value))
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    assert (await bearer(app, token["access_token"])).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": "http://127.0.0.1:9998/back"},
        {"client_id": "other"},
        {"code": "A" * 43},
        {"code": ""},
    ],
)
async def test_a_code_is_bound_to_its_request(app, personas, changes):
    """Another verifier, redirect or client, or a made-up code, gives nothing."""
    answer = await fetch(app, code_form(await code(app, personas), **changes))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://evil.example/back"},
        {"redirect_uri": "http://localhost.evil.example/"},
        {"redirect_uri": "http://127.0.0.1/"},
        {"redirect_uri": "http://127.0.0.1:80@evil.example/"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"state": ""},
        {"response_type": "token"},
    ],
)
async def test_a_bad_request_is_shown_and_never_redirected(browser, changes):
    """No redirect goes anywhere for an unknown client, a foreign address or a missing challenge."""
    answer = await browser.request("GET", f"/oauth/authorize?{query(**changes)}")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_refresh_tokens_are_used_once(app, personas):
    """Each refresh gives another pair; using an old one again ends the session."""
    first = (await fetch(app, code_form(await code(app, personas)))).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await fetch(app, form)).json()
    assert (await bearer(app, second["access_token"])).status_code == 200
    assert (await fetch(app, form)).status_code == 400
    assert (await bearer(app, second["access_token"])).status_code in {200, 401}
    await asyncio.sleep(1.1)
    assert (await bearer(app, second["access_token"])).status_code == 401


async def test_a_cookie_session_opens_no_program(browser, personas):
    """A signed-in browser is sent to the provider all the same when a program asks."""
    await browser.sign_in(personas["hanneke-de-wit"])
    answer = await browser.request("GET", f"/oauth/authorize?{query()}")
    assert "/development/authorize" in answer.headers["location"]


async def test_a_system_gets_a_token_and_no_refresh(app, system):
    """Client credentials give a bearer token of five minutes for the system, and nothing to renew it with."""
    answer = (await fetch(app, system_form(assertion(system)))).json()
    assert answer.keys() == {"access_token", "token_type", "expires_in"}
    assert (await bearer(app, answer["access_token"])).json()["kind"] == "system"


async def test_a_client_id_beside_an_assertion_is_its_own(app, system):
    """A form that names the client may name the assertion's alone (RFC 7521 section 4.2)."""
    ours = {"client_id": system[0]}
    assert (await fetch(app, system_form(assertion(system)) | ours)).status_code == 200
    answer = await fetch(app, system_form(assertion(system)) | {"client_id": "ab" * 16})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_assertion_counts_once_also_in_a_race(app, system):
    """Of ten uses of one assertion at the same moment exactly one gives a token (N69)."""
    form = system_form(assertion(system))
    answers = await asyncio.gather(*(fetch(app, form) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    assert (await fetch(app, form)).status_code == 401


async def test_two_processes_share_what_was_used(app, system, settings):
    """An assertion used at one process is refused at another (N69)."""
    from tests.web.browsing import running
    from web.app import create_app

    form = system_form(assertion(system))
    assert (await fetch(app, form)).status_code == 200
    async with running(create_app(settings)) as other:
        assert (await fetch(other, form)).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ORIGIN]},
        {"aud": f"{ORIGIN}/oauth/token"},
        {"iat": int(time.time()) + 120, "exp": int(time.time()) + 180},
        {"exp": int(time.time()) + 3_600},
        {"sub": "cd" * 16},
    ],
)
async def test_bad_assertions_are_refused_alike(app, system, changes):
    """Array or token URL as audience, future, over-long or another's: 401 with one and the same answer (N69, R19)."""
    answer = await fetch(app, system_form(assertion(system, **changes)))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_unknown_client_is_refused_alike(app, system):
    """A system that does not exist gets the answer of a wrong key."""
    answer = await fetch(app, system_form(assertion(("cd" * 16, system[1]))))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    "form, error",
    [
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, "invalid_client"),
    ],
)
async def test_other_grants_are_refused(app, form, error):
    """No password, no shared secret, nothing implicit."""
    answer = await fetch(app, form)
    assert answer.json() == {"error": error}
    assert answer.status_code in {400, 401}


async def test_a_form_is_read_strictly(app):
    """A repeated field or another media type is refused."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        twice = await client.post(
            "/oauth/token",
            content=b"grant_type=refresh_token&grant_type=refresh_token",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        json = await client.post("/oauth/token", json={"grant_type": "refresh_token"})
    assert (twice.status_code, twice.json()) == (400, {"error": "invalid_request"})
    assert (json.status_code, json.json()) == (400, {"error": "invalid_request"})


async def test_the_server_describes_itself(app):
    """The metadata name issuer, endpoints and the only methods there are (RFC 8414)."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        found = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == ORIGIN
    assert found["token_endpoint"] == f"{ORIGIN}/oauth/token"
    assert found["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"]
    assert found["code_challenge_methods_supported"] == ["S256"]


async def test_a_token_beside_a_cookie_is_refused(app, browser, personas):
    """A request with both is malformed: which of the two counts would be a guess."""
    token = (await fetch(app, code_form(await code(app, personas)))).json()["access_token"]
    await browser.sign_in(personas["hanneke-de-wit"])
    answer = await browser.request("GET", "/v1/me", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 400


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é", "A" * 44, "===="])
async def test_made_up_tokens_are_nobody(app, token):
    """A token that we never gave, of any shape, is 401."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        header = [(b"authorization", b"Bearer " + token.encode())]
        assert (await client.get("/v1/me", headers=header)).status_code == 401
