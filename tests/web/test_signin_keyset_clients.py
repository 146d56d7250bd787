"""Systems whose keys stand at an address: new keys are found, and what is not there lets nobody in."""

from __future__ import annotations

import json
import time

import httpx2
import pytest

from crypto.encoding import new_id
from dossier.client.assertion import client_assertion, new_sign_in_key
from dossier.errors import UnauthenticatedError
from dossier.parties.store import PartyStore
from web.signin.keysets import KeySets
from web.signin.limits import Limiter
from web.signin.sessions import Sessions
from web.signin.store import SignInStore
from web.signin.tokens import ASSERTION_TYPE, TokenEndpoint

ISSUER = "https://dossier.example"
URL = "https://keys.example/jwks.json"


class Keys(httpx2.AsyncBaseTransport):
    """An address with a key set that may be changed."""

    def __init__(self):
        self.keys = []
        self.asked = 0

    async def handle_async_request(self, request):
        assert request.method == "GET"
        self.asked += 1
        document = {"keys": [key.as_dict(private=False) for key in self.keys]}
        return httpx2.Response(200, content=json.dumps(document).encode())


@pytest.fixture
def keys():
    return Keys()


@pytest.fixture
def clock():
    return [int(time.time())]


@pytest.fixture
def endpoint(pool, keys, clock):
    async def resolve(_host):
        return ["93.184.216.34"]

    def now():
        return clock[0]

    store = SignInStore(pool)
    sessions = Sessions(store, Limiter(now), now)
    return TokenEndpoint(ISSUER, sessions, store, PartyStore(pool), KeySets(now, resolve, keys), now)


@pytest.fixture
async def system(owner_pool):
    organisation = new_id()
    identity = new_id(organisation[:2])
    await owner_pool.execute(
        "INSERT INTO dossier.system VALUES (audit.bucket($1), $1, $2, 'Systeem', '', $3, 0)",
        organisation,
        identity,
        URL,
    )
    return identity.hex()


def form(system, key, now):
    assertion = client_assertion(system, ISSUER, key, now)
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }


async def test_a_key_at_an_address_signs_in(endpoint, keys, system, clock):
    """The key set is fetched at its first use and kept."""
    key = new_sign_in_key("k1")
    keys.keys = [key]
    assert (await endpoint.grant(form(system, key, clock[0]))).access
    assert (await endpoint.grant(form(system, key, clock[0]))).access
    assert keys.asked == 1


async def test_a_new_key_is_found_within_a_minute(endpoint, keys, system, clock):
    """An unknown key id asks the address again, at most once a minute, and the taken-away key ends with its copy."""
    old, new = new_sign_in_key("k1"), new_sign_in_key("k2")
    keys.keys = [old]
    await endpoint.grant(form(system, old, clock[0]))
    keys.keys = [new]
    with pytest.raises(UnauthenticatedError):
        await endpoint.grant(form(system, new, clock[0]))
    clock[0] += 61
    assert (await endpoint.grant(form(system, new, clock[0]))).access
    with pytest.raises(UnauthenticatedError):
        await endpoint.grant(form(system, old, clock[0]))


async def test_an_address_without_keys_lets_nobody_in(endpoint, keys, system, clock):
    """An empty answer refuses; it does not fall back to anything."""
    keys.keys = []
    with pytest.raises(UnauthenticatedError):
        await endpoint.grant(form(system, new_sign_in_key("k1"), clock[0]))
