"""Signing in through a provider that others wrote: what we send and what we accept is OpenID Connect, not our own idea."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey, OKPKey

from dossier.errors import UnauthenticatedError, UnavailableError
from dossier.parties.actor import Assurance
from tests.web.browsing import ORIGIN, Browser, running
from tests.web.independent import ProviderBrowser, provider, registration
from web.app import create_app
from web.settings import load_settings
from web.signin.actor import SESSION_COOKIE
from web.signin.development import LEVELS
from web.signin.options import CALLBACK_PATH
from web.signin.provider import ProviderOptions, RelyingParty

REDIRECT = ORIGIN + CALLBACK_PATH
KEYS = {"dossier": OKPKey.generate_key("Ed25519", {"kid": "c1"}), "other": ECKey.generate_key("P-256", {"kid": "c2"})}
ACCOUNTS = {
    "citizen-1": {"name": "Hanneke de Wit", "identifiers": ["bsn:999990019"], "acr": LEVELS["substantial"]},
    "stranger": {"name": "Noor Hoekstra", "identifiers": [], "acr": LEVELS["low"]},
}


@pytest.fixture(scope="module")
def issuer():
    """The provider's issuer, while it runs."""
    with provider([registration(client, key, REDIRECT) for client, key in KEYS.items()], ACCOUNTS) as started:
        yield started


@pytest.fixture(scope="module")
async def app(issuer, database_urls, tmp_path_factory):
    """The application with that provider as its own, set as an operator sets it."""
    folder = tmp_path_factory.mktemp("data")
    key = folder / "client.jwk"
    key.write_text(json.dumps(KEYS["dossier"].as_dict(private=True)))
    environment = {
        "DOSSIER_ISSUER": issuer,
        "DOSSIER_CLIENT_ID": "dossier",
        "DOSSIER_CLIENT_KEY": str(key),
        "DOSSIER_DATA_DIR": str(folder),
        "DOSSIER_DATABASE_URL": database_urls.service,
        "DOSSIER_DATABASE_OWNER_URL": database_urls.owner,
        "DOSSIER_DATABASE_ERASER_URL": database_urls.eraser,
        "DOSSIER_LOG_ORIGIN": "localhost/test",
    }
    async with running(create_app(load_settings(environment))) as built:
        yield built


@pytest.fixture
async def there(issuer):
    """A browser at the provider, without any cookie."""
    opened = ProviderBrowser(issuer)
    yield opened
    await opened.close()


def relying(issuer, client="dossier", key=None):
    levels = {name: level for level, name in LEVELS.items()}
    return RelyingParty(
        ProviderOptions(issuer, client, key or KEYS[client], REDIRECT, levels), lambda: int(time.time())
    )


def query(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer).query).items()}


def changed(url, **values):
    """The address with other values of these parameters."""
    return str(httpx2.URL(url).copy_merge_params(values))


async def test_a_citizen_signs_in(app, issuer, there, owner_pool):
    """Code flow, S256, nonce and our key as proof end in a session of a person who now has an account and a number."""
    browser = Browser(app)
    begun = await browser.request("GET", "/signin?next=/zaken")
    assert query(begun.headers["location"])["code_challenge_method"] == "S256"
    ended = await browser.request("GET", await there.consent(begun.headers["location"], "citizen-1"))
    assert (ended.status_code, ended.headers["location"]) == (303, "/zaken")
    assert there.asked == ["login", "consent"]
    assert (await browser.request("GET", "/v1/session")).status_code == 200
    me = (await browser.request("GET", "/v1/me")).json()
    assert (me["name"], me["kind"]) == ("Hanneke de Wit", "person")
    account = await owner_pool.fetchrow("SELECT * FROM dossier.account WHERE issuer = $1", issuer)
    assert (account["subject"], account["person"].hex(), account["organisation"]) == ("citizen-1", me["person"], None)
    schemes = await owner_pool.fetch("SELECT scheme FROM dossier.identifier WHERE person = $1", account["person"])
    assert [row["scheme"] for row in schemes] == ["bsn"]
    level = await owner_pool.fetchval("SELECT level FROM dossier.session WHERE party = $1", account["person"])
    assert level == "substantial"


async def test_step_up_asks_there_again(app, there, owner_pool):
    """With a session at the provider a second sign-in asks for nothing; a step-up asks for the person again."""
    browser = Browser(app)

    async def go(start):
        there.asked.clear()
        begun = await browser.request("GET", start)
        ended = await browser.request("GET", await there.consent(begun.headers["location"], "citizen-1"))
        assert ended.status_code == 303
        return list(there.asked)

    assert "login" in await go("/signin")
    assert await go("/signin") == []
    assert "login" in await go("/signin?again=1")
    moment = await owner_pool.fetchval("SELECT max(auth_time) FROM dossier.session")
    assert abs(moment - time.time()) < 60


@pytest.mark.parametrize("changes", [{"iss": "http://127.0.0.1:1"}, {"state": "x" * 43}, {"code": "x" * 43}])
async def test_a_changed_answer_is_refused(app, there, changes):
    """The provider's answer with another issuer, state or code is 401, and there is no session."""
    browser = Browser(app)
    begun = await browser.request("GET", "/signin")
    answer = await there.consent(begun.headers["location"], "citizen-1")
    assert changes.keys() < query(answer).keys()
    assert (await browser.request("GET", changed(answer, **changes))).status_code == 401
    assert SESSION_COOKIE not in browser.cookies


async def test_another_nonce_is_refused(app, there):
    """A token that was signed by the right provider, for our client, but for another sign-in's nonce, is 401."""
    browser = Browser(app)
    begun = await browser.request("GET", "/signin")
    answer = await there.consent(changed(begun.headers["location"], nonce="n" * 43), "citizen-1")
    assert (await browser.request("GET", answer)).status_code == 401
    assert SESSION_COOKIE not in browser.cookies


async def test_the_provider_holds_us_to_our_challenge(app, there):
    """A code that was asked for with another challenge gives nothing: our verifier is sent, and checked there."""
    browser = Browser(app)
    begun = await browser.request("GET", "/signin")
    answer = await there.consent(changed(begun.headers["location"], code_challenge="c" * 43), "citizen-1")
    assert (await browser.request("GET", answer)).status_code == 401
    assert SESSION_COOKIE not in browser.cookies


async def test_who_has_no_number_is_not_let_in(app, there, owner_pool):
    """The provider's word alone makes no account: without identifier and without employer the answer is 403."""
    browser = Browser(app)
    begun = await browser.request("GET", "/signin")
    ended = await browser.request("GET", await there.consent(begun.headers["location"], "stranger"))
    assert (ended.status_code, ended.headers["problem-code"]) == (403, "account-unknown")
    assert await owner_pool.fetchval("SELECT count(*) FROM dossier.account WHERE subject = 'stranger'") == 0


@pytest.mark.parametrize("client", KEYS)
async def test_both_kinds_of_client_key_are_understood(issuer, there, client):
    """Assertions by Ed25519 and by ES256 are accepted there, and the identity is the account's."""
    party = relying(issuer, client)
    url, challenge = await party.begin(again=False)
    found = await party.finish(query(await there.consent(url, "citizen-1")), challenge)
    assert (found.issuer, found.subject, found.name) == (issuer, "citizen-1", "Hanneke de Wit")
    assert (found.level, found.identifiers) == (Assurance.SUBSTANTIAL, ("bsn:999990019",))


async def test_a_strangers_key_is_refused_there(issuer, there):
    """Whoever lacks our key gets nothing for our code: sign-in ends in the error of a refused one."""
    party = relying(issuer, key=OKPKey.generate_key("Ed25519", {"kid": "c1"}))
    url, challenge = await party.begin(again=False)
    answer = query(await there.consent(url, "citizen-1"))
    with pytest.raises(UnauthenticatedError):
        await party.finish(answer, challenge)


async def test_a_provider_under_another_name_is_not_ours(issuer):
    """The same provider under an address that is not its issuer is no provider of ours."""
    with pytest.raises(UnavailableError):
        await relying(issuer.replace("127.0.0.1", "localhost")).begin(again=False)
