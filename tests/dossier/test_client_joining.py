"""Joining a service: keys are made once, kept before they are published, and never another person's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.register import SystemKeys
from crypto.statements import parse_statement
from crypto.unlock import Identity as Pairs
from dossier.client import joining
from dossier.client.assertion import new_sign_in_key
from dossier.client.enrolment import first_keys, next_keys
from dossier.client.errors import RefusedError, SignInError, UnreachableError, UntrustedError
from dossier.client.joining import HERE, MADE, PENDING, UNLOCKED, join, join_system
from dossier.client.keys import open_with_file
from dossier.client.parties import Register
from dossier.client.profiles import PERSON, SYSTEM, Profile
from tests.dossier.shownworld import NOW

PROFILE = Profile("mine", "http://localhost:1", PERSON)


class Service:
    """What a service keeps of one person; `breaks` is how many requests it answers before it is gone."""

    def __init__(self):
        self.person, self.kept, self.breaks = new_id(), {}, 10**6

    def now(self):
        return NOW

    def step_up(self):
        return None

    def get(self, path, query=None, **headers):
        if path == "/v1/me":
            return {"person": self.person.hex(), "dossiers": []}
        if path not in self.kept:
            raise RefusedError(404, "not-found", "")
        return self.kept[path]

    def post(self, path, body, **more):
        self._count()
        chains = self.kept.setdefault(path, {"chains": [{"organisation": "", "statements": []}]})
        chains["chains"][0]["statements"].append(body["statement"])

    def put(self, path, body):
        self._count()
        self.kept[path] = body

    def _count(self):
        self.breaks -= 1
        if self.breaks < 0:
            raise UnreachableError("the service does not answer")


def nobody(_prompt):
    pytest.fail("nobody is asked for anything")


@pytest.fixture
def store(tmp_path):
    return open_with_file(tmp_path / "home")


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_sign_in_cut_short_goes_on(store, done):
    """Whatever was published when the line broke, the same keys and papers come the next time; then they are forgotten."""
    service = Service()
    service.breaks = done
    with pytest.raises(UnreachableError):
        join(service, store, PROFILE, nobody)
    pending = store.load("mine")[PENDING]
    service.breaks = 10**6
    joined = join(service, store, PROFILE, nobody)
    assert (joined.how, joined.passphrase, joined.recovery_code) == (
        MADE,
        pending["passphrase"],
        pending["recoveryCode"],
    )
    assert store.load("mine")[PENDING] == {}
    again = join(service, store, PROFILE, nobody)
    assert (again.how, again.identity.head, again.passphrase) == (HERE, joined.identity.head, "")


def test_papers_open_the_keys_elsewhere(store, tmp_path):
    """Passphrase and recovery code each open the same keys in an empty store (P1)."""
    service = Service()
    joined = join(service, store, PROFILE, nobody)
    for number, typed in enumerate((joined.passphrase, joined.recovery_code)):
        other = open_with_file(tmp_path / f"other-{number}")
        found = join(service, other, PROFILE, lambda _prompt, typed=typed: typed)
        assert (found.how, found.identity.signing.seed) == (UNLOCKED, joined.identity.signing.seed)


def test_a_profile_stays_one_persons(store):
    """Somebody else who signs in under this name is turned away, and nothing changes."""
    service = Service()
    join(service, store, PROFILE, nobody)
    before = store.load("mine")
    service.person = new_id()
    with pytest.raises(SignInError, match="somebody else"):
        join(service, store, PROFILE, nobody)
    assert store.load("mine") == before


def test_other_keys_block(store):
    """Keys of oneself that the service shows and this machine never had block; a later link of the chain is told (R2)."""
    service = Service()
    joined = join(service, store, PROFILE, nobody)
    shown = service.kept[f"/v1/persons/{service.person.hex()}/keys"]["chains"][0]
    first = parse_statement(decode_base64(shown["statements"][0]))
    pairs = Pairs(SigningKey.generate(), SealingKey.generate())
    later = next_keys(first, joined.identity.signing, pairs, NOW + 1)
    shown["statements"].append(encode_base64(later.envelope))
    with pytest.raises(UntrustedError, match="another device"):
        join(service, store, PROFILE, nobody)
    shown["statements"] = [encode_base64(first_keys(service.person, b"", pairs, b"\0" * 32, NOW).envelope)]
    with pytest.raises(PinError):
        join(service, store, PROFILE, nobody)


def test_a_system_needs_the_attested_key(store, monkeypatch):
    """A system whose signing key its organisation did not attest, or that is in no register, gets no profile."""
    service, signing, organisation = Service(), SigningKey.generate(), new_id()
    profile, log = Profile("bank", "http://localhost:1", SYSTEM), SimpleNamespace(directory_key=b"\2" * 32)
    service.kept["/v1/register"] = {}
    attested = {service.person: SystemKeys(organisation, service.person, signing.public, b"", b"\3" * 32)}
    monkeypatch.setattr(joining, "first_pins", lambda _log: joining.Pins())
    key = new_sign_in_key("k1")
    for systems, wrong in (({}, signing), (attested, SigningKey.generate())):
        monkeypatch.setattr(joining, "check_register", lambda *_all, found=systems: Register({}, found))
        with pytest.raises(UntrustedError):
            join_system(service, store, profile, log, key, wrong)
        assert not store.has("bank")
    assert join_system(service, store, profile, log, key, signing) == organisation
    assert store.load("bank")["directory"] == (b"\2" * 32).hex()
