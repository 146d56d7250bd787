"""The end of a sign-in in a browser: one answer to one question, on the loopback address."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from dossier.client.errors import SignInError
from dossier.client.listening import PATH, Listener, sign_in_by_browser

ISSUER = "http://localhost:1"


def come_back(url, **changes):
    """What a browser does at the end: it asks for the redirect's address."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = {"code": "c1", "state": asked["state"], "iss": ISSUER} | changes
    return httpx2.get(f"{asked['redirect_uri']}?{urlencode(answer)}", trust_env=False)


def signed_in(*journeys, seconds=20.0):
    """Sign in with a browser that makes these journeys; return the outcome and the pages that it saw."""
    pages, threads = [], []

    def show(url):
        thread = threading.Thread(target=lambda: pages.extend(each(url) for each in journeys))
        threads.append(thread)
        thread.start()

    try:
        return sign_in_by_browser(ISSUER, show, seconds), pages
    finally:
        for thread in threads:
            thread.join()


def test_the_browser_brings_the_code():
    """The answer with our state and issuer is taken, and a page says in both languages that one may go on."""
    (code, attempt), pages = signed_in(come_back)
    assert (code.code, code.verifier) == ("c1", attempt.verifier)
    assert urlsplit(attempt.redirect_uri).hostname == "127.0.0.1"
    assert "U bent ingelogd" in pages[0].text
    assert "You are signed in" in pages[0].text


def test_strangers_change_nothing():
    """Who guesses the port and not the state is turned away, and the right answer is taken after it."""
    wrong = (
        lambda url: come_back(url, state="x" * 32),
        lambda url: httpx2.get(parse_qs(urlsplit(url).query)["redirect_uri"][0], trust_env=False),
        lambda url: httpx2.get(
            parse_qs(urlsplit(url).query)["redirect_uri"][0].replace(PATH, "/other"), trust_env=False
        ),
    )
    (code, _), pages = signed_in(*wrong, come_back)
    assert code.code == "c1"
    assert [page.status_code for page in pages] == [404, 404, 404, 200]


@pytest.mark.parametrize("changes", [{"iss": "http://localhost:2"}, {"code": ""}])
def test_an_answer_of_another_is_refused(changes):
    """An answer of another issuer (RFC 9207), or without a code, signs nobody in."""
    with pytest.raises(SignInError):
        signed_in(lambda url: come_back(url, **changes))


def test_nobody_comes():
    """Without an answer in time, the sign-in has failed, and the port is free again."""
    with pytest.raises(SignInError, match="time"):
        signed_in(seconds=0.0)
    with Listener() as listener, pytest.raises(SignInError):
        listener.wait("state", 0.0)
