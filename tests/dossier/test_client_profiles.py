"""Profiles: found by name, and tokens that programs share without using one twice."""

from __future__ import annotations

import json

import pytest

from dossier.client.carrier import Answer, Carrier
from dossier.client.errors import KeyStoreError
from dossier.client.keys import open_with_file, open_with_passphrase
from dossier.client.profiles import PERSON, Profile, SessionKeeper, find_profile
from dossier.client.session import Bearer, Session

SERVER = "http://localhost:1"


class Tokens(Carrier):
    """A token endpoint that takes each refresh token once; a second use ends everything."""

    def __init__(self):
        self.used, self.given, self.bearers = set(), 0, []

    def close(self):
        self.closed = True

    def send(self, request):
        body = request.content.decode()
        if request.path != "/oauth/token":
            self.bearers.append(request.headers["authorization"])
            return answer(200, ok=True)
        if "refresh_token=" not in body or body in self.used:
            return answer(400, error="invalid_grant")
        self.used.add(body)
        self.given += 1
        return answer(200, access_token=f"a{self.given}", refresh_token=f"r{self.given}", expires_in=300)


def answer(status, **body):
    return Answer(status, (("content-type", "application/json"),), json.dumps(body).encode())


def test_profiles_are_told_from_other_states(tmp_path):
    """A state of a demonstration is no profile; a profile that is not ours is said to be broken."""
    store = open_with_file(tmp_path)
    store.save("persona", {"identity": {}})
    store.save("mine", {"profile": Profile("mine", SERVER, PERSON).state()})
    store.save("other", {"profile": {"server": SERVER}})
    assert find_profile(store, "persona") is None
    assert find_profile(store, "nobody") is None
    assert find_profile(store, "mine") == Profile("mine", SERVER, PERSON)
    with pytest.raises(KeyStoreError):
        find_profile(store, "other")


def test_another_passphrase_is_said_to_be_one(tmp_path):
    """What does not open is told from what is not there."""
    open_with_passphrase(tmp_path, "een").save("mine", {"a": 1})
    with pytest.raises(KeyStoreError, match="another passphrase"):
        open_with_passphrase(tmp_path, "twee").load("mine")
    with pytest.raises(KeyStoreError, match="nothing is kept"):
        open_with_passphrase(tmp_path, "een").load("yours")


def test_an_update_leaves_the_rest(tmp_path):
    """What is kept beside stays, and the file stays for its owner alone."""
    store = open_with_file(tmp_path)
    store.update("mine", a=1)
    assert store.update("mine", b=2) == {"a": 1, "b": 2}
    assert store.load("mine") == {"a": 1, "b": 2}
    assert (tmp_path / "mine.sealed").stat().st_mode & 0o077 == 0


def program(store, service, clock):
    """One program that acts with kept tokens; a browser would be a mistake here."""
    opened = Session(SERVER, transport=service, clock=lambda: clock[0])
    opened.sign_in_browser(lambda _url: pytest.fail("nobody is asked"), SessionKeeper(store, "mine"))
    return opened


def test_programs_take_turns_at_renewing(tmp_path):
    """Two programs with the same kept tokens: one renews, the other takes what it got; none is used twice."""
    store, service, clock = open_with_file(tmp_path), Tokens(), [1_000.0]
    SessionKeeper(store, "mine").keep(Bearer("a0", "r0", 1_100.0, 1_000.0))
    with program(store, service, clock) as first, program(store, service, clock) as second:
        first.get("/v1/me")
        clock[0] = 1_090.0
        first.get("/v1/me")
        second.get("/v1/me")
    assert service.given == 1
    assert service.bearers == ["Bearer a0", "Bearer a1", "Bearer a1"]
    kept = store.load("mine")["session"]
    assert (kept["access"], kept["refresh"], kept["authenticated"]) == ("a1", "r1", 1_000)


def test_a_kept_sign_in_is_no_fresh_one(tmp_path):
    """An act that widens asks the person again, however fresh the tokens are: the moment is kept with them (P6)."""
    store, clock = open_with_file(tmp_path), [1_000.0]
    SessionKeeper(store, "mine").keep(Bearer("a0", "r0", 9_000.0, 1_000.0))
    asked = []
    with program(store, Tokens(), clock) as opened:
        opened.step_up()
        clock[0] = 2_000.0
        opened._again = lambda: asked.append(1)
        opened.step_up()
    assert asked == [1]
