"""How long a session lasts, and what it cannot do: idleness, ended members, attestations, old authentications."""

from __future__ import annotations

import asyncio
import time

import pytest

from crypto.encoding import encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.unlock import Identity as Pairs
from dossier.client.enrolment import first_keys
from web.signin.actor import SESSION_COOKIE
from web.signin.build import DEVELOPMENT
from web.signin.credentials import check_csrf, csrf_token, locate, new_secret
from web.signin.sessions import IDLE_SECONDS

NOT_CACHED = 1.1
"""Seconds after which a cached session is read again."""


@pytest.fixture(scope="module")
async def employee(app, personas, settings, owner_pool):
    """A member of an organisation, entered behind the service's back: (persona, organisation, person)."""
    organisation, person, persona = new_id(), new_id(), personas["tom-verhagen"]
    until = int(time.time()) + 86_400
    await owner_pool.execute("INSERT INTO dossier.person VALUES (audit.bucket($1), $1, 'Tom', 0)", person)
    await owner_pool.execute(
        "INSERT INTO dossier.account VALUES ($1, $2, $3, $4, 0)", DEVELOPMENT, persona.subject, person, organisation
    )
    await owner_pool.execute(
        "INSERT INTO dossier.member VALUES (audit.bucket($1), $1, $2, 'Tom', '{district-nurse}', 0, $3, 0)",
        organisation,
        person,
        until,
    )
    return persona, organisation, person


async def status(browser, path="/v1/me"):
    return (await browser.request("GET", path)).status_code


async def set_session(owner_pool, browser, **columns):
    """Change the row of a browser's session."""
    where = locate(browser.cookies[SESSION_COOKIE])
    for name, value in columns.items():
        await owner_pool.execute(
            f"UPDATE dossier.session SET {name} = $3 WHERE session ="
            " (SELECT session FROM dossier.token WHERE bucket = $1 AND hash = $2)",
            where.bucket,
            where.hash,
            value,
        )


async def test_acts_ask_for_a_fresh_authentication(browser, personas, owner_pool):
    """With a session older than five minutes nothing that matters can be done (N84), until one signs in again."""
    await browser.sign_in(personas["yusuf-kaya"])
    await set_session(owner_pool, browser, auth_time=int(time.time()) - 400)
    await browser.learn_csrf()
    me = (await browser.request("GET", "/v1/me")).json()
    pairs, key = Pairs(SigningKey.generate(), SealingKey.generate()), b"k" * 32
    statement = first_keys(bytes.fromhex(me["person"]), b"", pairs, key, int(time.time()))
    body = {"statement": encode_base64(statement.envelope), "streamKey": encode_base64(key)}
    path = f"/v1/persons/{me['person']}/keys"
    refused = await browser.request("POST", path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "step-up-required")
    await browser.sign_in(personas["yusuf-kaya"], "/signin?again=1")
    await browser.learn_csrf()
    assert (await browser.request("POST", path, json=body)).status_code == 201


async def test_an_idle_session_ends(browser, personas, owner_pool):
    """A browser session that was not used for half an hour is over."""
    await browser.sign_in(personas["hanneke-de-wit"])
    await set_session(owner_pool, browser, seen=int(time.time()) - IDLE_SECONDS - 5)
    assert await status(browser) == 401


async def test_a_session_ends_at_its_time(browser, personas, owner_pool):
    """However busy, a session ends; a new sign-in is needed."""
    await browser.sign_in(personas["hanneke-de-wit"])
    assert await status(browser) == 200
    await set_session(owner_pool, browser, expires=int(time.time()) - 1)
    await asyncio.sleep(NOT_CACHED)
    assert await status(browser) == 401


async def test_use_is_written_down(browser, personas, owner_pool):
    """The time of last use reaches the database within about a second, so that idleness counts everywhere."""
    await browser.sign_in(personas["hanneke-de-wit"])
    await set_session(owner_pool, browser, seen=1, kind="client")
    assert await status(browser) == 200
    where = locate(browser.cookies[SESSION_COOKIE])
    for _ in range(30):
        await asyncio.sleep(0.1)
        seen = await owner_pool.fetchval(
            "SELECT seen FROM dossier.session s JOIN dossier.token t USING (bucket, session)"
            " WHERE t.bucket = $1 AND t.hash = $2",
            where.bucket,
            where.hash,
        )
        if seen > 1:
            break
    assert seen >= time.time() - 10


async def test_an_ended_attestation_ends_the_session(browser, employee, owner_pool):
    """Once the attestation under which somebody signed in has ended, so has the session; a renewed one goes on (N65)."""
    persona, organisation, _ = employee
    await browser.sign_in(persona)
    assert await status(browser) == 200

    async def attested_until(moment):
        await owner_pool.execute(
            "UPDATE dossier.member SET attested_until = $2 WHERE organisation = $1", organisation, moment
        )
        await asyncio.sleep(NOT_CACHED)

    await attested_until(int(time.time()) + 3_600)
    assert await status(browser) == 200
    await set_session(owner_pool, browser, started=int(time.time()) - 600)
    await attested_until(int(time.time()) - 1)
    assert await status(browser) == 401
    await attested_until(int(time.time()) + 3_600)
    assert await status(browser) == 200


async def test_another_employer_ends_the_session(browser, employee, owner_pool):
    """Without a present membership a session for the organisation is nobody's (N65)."""
    persona, organisation, person = employee
    await browser.sign_in(persona)
    assert await status(browser) == 200
    await owner_pool.execute("UPDATE dossier.member SET until = 1 WHERE person = $1", person)
    await asyncio.sleep(NOT_CACHED)
    assert await status(browser) == 401
    ended = await browser.sign_in(persona)
    assert (ended.status_code, ended.headers["problem-code"]) == (403, "membership-ended")
    await owner_pool.execute(
        "UPDATE dossier.member SET until = $2 WHERE organisation = $1", organisation, int(time.time()) + 86_400
    )


async def test_roles_are_read_with_the_session(browser, employee, owner_pool):
    """A role taken away is gone from open sessions within about a second."""
    persona, organisation, _ = employee
    await browser.sign_in(persona)
    assert (await browser.request("GET", "/v1/me")).json()["roles"] == ["district-nurse"]
    await owner_pool.execute("UPDATE dossier.member SET roles = '{care-adviser}' WHERE organisation = $1", organisation)
    await asyncio.sleep(NOT_CACHED)
    assert (await browser.request("GET", "/v1/me")).json()["roles"] == ["care-adviser"]


def test_a_secret_is_found_by_its_own_place():
    """The place of a secret is its bucket and hash; another secret has another place."""
    first, second = new_secret(b"\x12\x34" + b"x" * 14), new_secret(b"\x12\x34")
    assert locate(first).bucket == 0x1234
    assert locate(first) == locate(first)
    assert locate(first) != locate(second)


def test_a_csrf_token_belongs_to_one_cookie():
    """The token of one session fits no other, and is not the cookie."""
    first, second = new_secret(b"ab"), new_secret(b"ab")
    assert check_csrf(first, csrf_token(first))
    assert not check_csrf(second, csrf_token(first))
    assert not check_csrf(first, first)
    assert not check_csrf(first, "")
