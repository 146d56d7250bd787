"""Fetching key sets from addresses that others registered: never into our own network (N90)."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import InvalidRequestError
from web.signin.keysets import MAX_BYTES, KeySets, check_url, fetch_key_set, public_address

URL = "https://keys.example/jwks.json"
PUBLIC = "93.184.216.34"


def resolver(*answers):
    """Answer a name with each list in turn, then with the last for ever."""
    left = list(answers)

    async def resolve(_host):
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


class Server(httpx2.AsyncBaseTransport):
    """Answers every request alike and remembers what it was asked."""

    def __init__(self, status=200, content=b'{"keys": []}', headers=None):
        self.asked = []
        self.answer = (status, content, headers or {})

    async def handle_async_request(self, request):
        self.asked.append(request)
        status, content, headers = self.answer
        return httpx2.Response(status, content=content, headers=headers)


async def test_a_public_address_is_fetched_by_the_address_that_was_checked():
    """The connection goes to the checked address, while name and certificate stay the name's."""
    server = Server()
    assert await fetch_key_set(URL, resolver([PUBLIC]), server) == {"keys": []}
    request = server.asked[0]
    assert request.url.host == PUBLIC
    assert request.headers["host"] == "keys.example"
    assert request.extensions["sni_hostname"] == "keys.example"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "not-an-address",
        "fe80::1%eth0",
    ],
)
async def test_internal_addresses_are_refused(address):
    """Loopback, private, link-local, multicast and wrapped addresses are refused, alone or beside a good one (N90)."""
    server = Server()
    for answers in ([address], [PUBLIC, address]):
        with pytest.raises(InvalidRequestError):
            await fetch_key_set(URL, resolver(answers), server)
    assert server.asked == []


async def test_a_name_that_changes_its_mind_is_resolved_once():
    """A second answer with an internal address is never asked for: one look-up, one connection (N90, DNS rebinding)."""
    server = Server()
    await fetch_key_set(URL, resolver([PUBLIC], ["127.0.0.1"]), server)
    assert [request.url.host for request in server.asked] == [PUBLIC]
    with pytest.raises(InvalidRequestError):
        await fetch_key_set(URL, resolver(["127.0.0.1"]), server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status):
    """A redirect, to an internal address or anywhere, is a refusal (N90)."""
    server = Server(status, b"", {"location": "http://169.254.169.254/latest/meta-data"})
    with pytest.raises(InvalidRequestError):
        await fetch_key_set(URL, resolver([PUBLIC]), server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/jwks",
        "https://keys.example:8443/jwks",
        "https://user:secret@keys.example/jwks",
        "https:///jwks",
        "file:///etc/passwd",
        "gopher://keys.example/",
        "https://keys.example/jwks#part",
        "https://keys.example:99999/",
        "https://keys.example/\u00e9",
        "https://keys.example/" + "a" * 500,
        "",
    ],
)
def test_only_plain_https_addresses_are_registered(url):
    """Another scheme, port, user or fragment is refused when it is registered."""
    with pytest.raises(InvalidRequestError):
        check_url(url)


@pytest.mark.parametrize("content", [b"[]", b"x", b"", b"[" * 50_000, b" " * (MAX_BYTES + 1)])
async def test_what_is_no_small_object_is_refused(content):
    """Lists, nonsense, deep nesting and more than 64 KiB are refused."""
    with pytest.raises(InvalidRequestError):
        await fetch_key_set(URL, resolver([PUBLIC]), Server(content=content))


async def test_a_key_set_is_kept_for_five_minutes():
    """A known key set is not fetched again, and for an unknown key id at most once a minute."""
    now, server = [0], Server()
    sets = KeySets(lambda: now[0], resolver([PUBLIC]), server)
    await sets.get(URL)
    await sets.get(URL)
    await sets.get(URL, newer=True)
    assert len(server.asked) == 1
    now[0] = 60
    await sets.get(URL, newer=True)
    assert len(server.asked) == 2
    now[0] = 359
    await sets.get(URL)
    assert len(server.asked) == 2
    now[0] = 360
    await sets.get(URL)
    assert len(server.asked) == 3


@given(st.text(max_size=80))
def test_nothing_but_our_error_escapes(text):
    """Whatever is registered as an address is either a host or refused."""
    try:
        assert check_url(text)
    except InvalidRequestError:
        return


@given(st.lists(st.text(max_size=20), max_size=3))
def test_no_text_passes_for_a_public_address(texts):
    """What is not an address is refused."""
    try:
        assert public_address(texts) in texts
    except InvalidRequestError:
        return
