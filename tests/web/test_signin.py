"""Signing in with a browser: the real application, provider and database."""

from __future__ import annotations

import pytest

from web.signin.actor import ATTEMPT_COOKIE, SESSION_COOKIE


async def test_a_persona_signs_in_by_form(browser, personas):
    """The code flow with PKCE, nonce and issuer ends with a session cookie and the page asked for."""
    ended = await browser.sign_in(personas["hanneke-de-wit"], "/signin?next=/zaken")
    assert (ended.status_code, ended.headers["location"]) == (303, "/zaken")
    assert (await browser.request("GET", "/v1/session")).status_code == 200


async def test_cookies_are_for_this_host_and_out_of_reach_of_scripts(browser, personas):
    """Every cookie of sign-in is __Host-, Secure, HttpOnly, SameSite and for the whole host without a domain."""
    await browser.sign_in(personas["hanneke-de-wit"])
    assert {line.partition("=")[0] for line in browser.set_cookies} == {ATTEMPT_COOKIE, SESSION_COOKIE}
    for line in browser.set_cookies:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert line.startswith("__Host-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_a_planted_cookie_is_worth_nothing(browser, another_browser, personas):
    """Whatever session cookie stands before sign-in (none, or an attacker's own) is another one afterwards."""
    await another_browser.sign_in(personas["yusuf-kaya"])
    planted = another_browser.cookies[SESSION_COOKIE]
    browser.cookies[SESSION_COOKIE] = planted
    await browser.sign_in(personas["hanneke-de-wit"])
    assert browser.cookies[SESSION_COOKIE] != planted
    assert (await another_browser.request("GET", "/v1/session")).status_code == 401


async def test_each_sign_in_gives_another_secret(browser, personas):
    """Signing in again rotates the cookie and ends the old session."""
    await browser.sign_in(personas["hanneke-de-wit"])
    first = dict(browser.cookies)
    await browser.sign_in(personas["hanneke-de-wit"])
    second = dict(browser.cookies)
    browser.cookies = first
    assert first != second
    assert (await browser.request("GET", "/v1/session")).status_code == 401


async def test_an_answer_for_another_browser_is_refused(browser, another_browser, personas):
    """The provider's answer counts only in the browser that asked (login CSRF)."""
    begun = await browser.request("GET", "/signin")
    answer = await browser.consent(begun.headers["location"], personas["hanneke-de-wit"])
    await another_browser.request("GET", "/signin")
    assert (await another_browser.request("GET", answer)).status_code == 401
    assert SESSION_COOKIE not in another_browser.cookies


async def test_an_answer_counts_once(browser, personas):
    """The provider's answer cannot be used a second time."""
    begun = await browser.request("GET", "/signin")
    held = dict(browser.cookies)
    answer = await browser.consent(begun.headers["location"], personas["hanneke-de-wit"])
    assert (await browser.request("GET", answer)).status_code == 303
    browser.cookies = held
    assert (await browser.request("GET", answer)).status_code == 401


@pytest.mark.parametrize("change", ["state=", "code=", "iss="])
async def test_a_changed_answer_is_refused(browser, personas, change):
    """Another state, code or issuer in the answer ends in 401 without session."""
    begun = await browser.request("GET", "/signin")
    answer = await browser.consent(begun.headers["location"], personas["hanneke-de-wit"])
    at = answer.index(change) + len(change)
    forged = answer[:at] + ("A" if answer[at] != "A" else "B") + answer[at + 1 :]
    assert (await browser.request("GET", forged)).status_code == 401
    assert SESSION_COOKIE not in browser.cookies


async def test_a_wrong_secret_stays_at_the_provider(browser, personas):
    """A wrong secret shows the page again; nobody is signed in."""
    begun = await browser.request("GET", "/signin")
    with pytest.raises(AssertionError):
        await browser.consent(begun.headers["location"], personas["hanneke-de-wit"], "wrong-secret")
    assert (await browser.request("GET", "/v1/session")).status_code == 401


async def test_only_pages_of_this_service_may_follow(browser):
    """No open redirect: an address elsewhere is refused before anything begins."""
    for page in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert (await browser.request("GET", "/signin", params={"next": page})).status_code == 400


async def test_unsafe_requests_need_their_csrf_token(browser, another_browser, personas):
    """A cookie alone changes nothing: without the token, with another's, or from another site the answer is 403."""
    await another_browser.sign_in(personas["yusuf-kaya"])
    await another_browser.learn_csrf()
    await browser.sign_in(personas["hanneke-de-wit"])
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await browser.request("POST", "/signout", headers=form)).status_code == 403
    foreign = {"x-csrf-token": another_browser.csrf}
    assert (await browser.request("POST", "/signout", headers=foreign)).status_code == 403
    await browser.learn_csrf()
    crossing = {"sec-fetch-site": "cross-site"}
    assert (await browser.request("POST", "/signout", headers=crossing)).status_code == 403
    assert (await browser.request("GET", "/v1/session")).status_code == 200


async def test_signing_out_ends_the_session(browser, personas):
    """After signing out the old cookie is worth nothing."""
    await browser.sign_in(personas["hanneke-de-wit"])
    await browser.learn_csrf()
    held = dict(browser.cookies)
    assert (await browser.request("POST", "/signout")).status_code == 303
    assert SESSION_COOKIE not in browser.cookies
    browser.cookies = held
    assert (await browser.request("GET", "/v1/session")).status_code == 401


async def test_who_nobody_knows_is_not_let_in(browser, personas):
    """A professional whom no organisation has entered gets no account, and no session."""
    ended = await browser.sign_in(personas["noor-hoekstra"])
    assert (ended.status_code, ended.headers["problem-code"]) == (403, "account-unknown")
    assert SESSION_COOKIE not in browser.cookies


async def test_the_database_holds_no_secret_and_no_number(browser, personas, owner_pool):
    """Sessions and identifiers are in the database as hashes only."""
    await browser.sign_in(personas["hanneke-de-wit"])
    cookie = browser.cookies[SESSION_COOKIE]
    number = personas["hanneke-de-wit"].identifiers[0].partition(":")[2]
    tables = await owner_pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'dossier'")
    for table in tables:
        rows = await owner_pool.fetch(f"SELECT t::text AS text FROM dossier.{table['tablename']} t")
        assert not any(cookie in row["text"] or number in row["text"] for row in rows)
    assert len(tables) > 10
