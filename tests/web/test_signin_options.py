"""Production refuses the development provider; the key of identifiers is made once and stays."""

from __future__ import annotations

import json
import stat
from typing import Any

import httpx2
import pytest
from joserfc.jwk import OctKey, OKPKey

from dossier.errors import InvalidRequestError
from tests.values import replace
from web.settings import Settings, SettingsError
from web.signin.build import build_sign_in
from web.signin.development import DevelopmentProvider
from web.signin.development_app import development_app, loopback_only
from web.signin.options import identifier_key, sign_in_options
from web.signin.personas import Persona, PersonaFile, parse_personas
from web.signin.provider import client_key


@pytest.fixture
def production(tmp_path):
    """Settings that a production service may sign people in with."""
    path = tmp_path / "client.jwk"
    path.write_text(json.dumps(OKPKey.generate_key("Ed25519", {"kid": "c"}).as_dict(private=True)))
    return Settings(
        mode="production",
        origin="https://dossier.example",
        data_dir=tmp_path,
        issuer="https://id.example",
        client_id="dossier",
        client_key=path,
    )


async def nothing(_actor, _method):
    return None


def test_production_has_no_development_provider(production):
    """With a provider of its own the service mounts no personas."""
    options = sign_in_options(production)
    assert options.personas is None
    assert build_sign_in(options, None, nothing).development is None
    assert not (production.data_dir / "personas.json").exists()


@pytest.mark.parametrize(
    "changes", [{"issuer": ""}, {"issuer": "http://id.example"}, {"client_id": ""}, {"client_key": None}]
)
def test_production_refuses_to_start_without_a_provider(production, changes):
    """No issuer, one in the clear, or no client key: the service does not start, and writes no personas."""
    with pytest.raises(SettingsError):
        sign_in_options(replace(production, **changes))
    assert not (production.data_dir / "personas.json").exists()


def test_the_client_key_is_a_private_signing_key():
    """A public key, a shared secret or nonsense is no client key."""
    key = OKPKey.generate_key("Ed25519", {"kid": "c"})
    assert client_key(json.dumps(key.as_dict(private=True))).is_private
    for text in (json.dumps(key.as_dict(private=False)), json.dumps(OctKey.generate_key(256).as_dict()), "", "[]"):
        with pytest.raises(SettingsError):
            client_key(text)


def test_the_identifier_key_is_made_once(tmp_path):
    """The key lies in a file that only its owner reads, and stays the same."""
    path = tmp_path / "keys" / "identifier.key"
    first = identifier_key(path)
    assert (len(first), identifier_key(path)) == (32, first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("00")
    with pytest.raises(SettingsError):
        identifier_key(path)


def test_personas_have_secrets_of_their_own(tmp_path):
    """The file is private; every persona has another random secret; a second reading gives the same."""
    file = PersonaFile(tmp_path / "personas.json")
    personas = file.load()
    assert file.load() == personas
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert len({persona.secret for persona in personas}) == len(personas) > 10
    assert not any(persona.secret in repr(persona) for persona in personas)


@pytest.mark.parametrize(
    "row",
    [
        [],
        {},
        {"subject": "a", "name": "A", "secret": "short"},
        {"subject": "", "name": "A", "secret": "longenough"},
        {"subject": "a", "name": "A", "secret": "longenough", "level": "highest"},
        {"subject": "a", "name": "A", "secret": "longenough", "more": "x"},
        {"subject": 1, "name": "A", "secret": "longenough"},
    ],
)
def test_a_persona_is_read_strictly(row):
    """Unknown fields and levels, empty or short values are refused."""
    with pytest.raises(InvalidRequestError):
        parse_personas([row])


def provider_app() -> Any:
    people = (Persona("a", "A", "longenough"),)
    issuer, redirect = "http://localhost/development", "http://localhost/back"
    return loopback_only(development_app(DevelopmentProvider(issuer, "c", "s", redirect, lambda: people, lambda: 0)))


@pytest.mark.parametrize(
    "peer, host, status",
    [
        ("127.0.0.1", "localhost", 200),
        ("127.0.0.1", "127.0.0.1:8000", 200),
        ("::1", "[::1]:8000", 200),
        ("192.0.2.7", "localhost", 404),
        ("127.0.0.1", "dossier.example", 404),
        ("127.0.0.1", "localhost.evil.example", 404),
        ("127.0.0.1", "evil@localhost", 200),
        ("127.0.0.1", "", 404),
    ],
)
async def test_the_development_provider_answers_on_loopback_only(peer, host, status):
    """Another peer, or a foreign name bound to loopback, is told that there is nothing."""
    app = provider_app()
    transport = httpx2.ASGITransport(app=app, client=(peer, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/.well-known/openid-configuration", headers={"host": host})
    assert answer.status_code == status


async def test_the_provider_page_escapes_and_knows_its_client():
    """Values come back escaped; a foreign client or redirect gets no page to send people away with."""
    app = provider_app()
    query = {
        "response_type": "code",
        "client_id": "c",
        "redirect_uri": "http://localhost/back",
        "scope": "openid",
        "state": '"><script>alert(1)</script>',
        "nonce": "n",
        "code_challenge": "x",
        "code_challenge_method": "S256",
    }
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        page = await client.get("/authorize", params=query)
        assert (page.status_code, "<script>" in page.text) == (200, False)
        for change in (
            {"client_id": "d"},
            {"redirect_uri": "http://evil.example/"},
            {"code_challenge_method": "plain"},
        ):
            assert (await client.get("/authorize", params={**query, **change})).status_code == 400
