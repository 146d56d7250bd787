"""Holding a dossier: section keys from the first epoch on, and pinned."""

from __future__ import annotations

import pytest

from crypto.encoding import decode_base64, encode_base64, new_id, sha256
from crypto.errors import MalformedError, PinError
from crypto.keys import SealingKey, SigningKey
from crypto.sections import SectionPlace
from crypto.statements import parse_statement
from dossier.client.holding import hold_dossier
from dossier.client.making import START, Identity, make_dossier, section_key
from dossier.client.owner import Owner
from dossier.client.parties import Register

NOW = 1_800_000_000


class Home:
    """A dossier and what the service shows of it to its owner."""

    def __init__(self):
        self.owner = Identity(new_id(), b"", SigningKey.generate(), SealingKey.generate(), sha256(b"head"))
        self.made = make_dossier(self.owner, "private", ["debts"], NOW)
        body = self.made.body
        self.shown = {
            "dossier": self.made.dossier.hex(),
            "statements": list(body["statements"]),
            "capsules": body["capsules"],
            "rules": START,
            "sections": [{**each, "epoch": 0, "sequence": 0} for each in body["sections"]],
        }
        self.first = self.hold().current("debts", "ordinary")

    def hold(self, pins=None):
        return hold_dossier(self.shown, self.owner, pins)

    def rotate(self, epoch, previous):
        """Show a further epoch of a lane; return the hash of its statement."""
        place = SectionPlace(self.made.dossier, "debts", "ordinary", epoch)
        statement, wrapped = section_key(self.made.keys, place, previous.hex(), NOW + epoch)
        self.shown["statements"].append(encode_base64(statement.envelope))
        where = {"section": "debts", "lane": "ordinary", "epoch": epoch, "sequence": 0}
        self.shown["sections"].append({**where, "wrapped": encode_base64(wrapped)})
        return statement.hash

    def drop(self, *hashes):
        """Show a dossier without these statements."""
        kept = [text for text in self.shown["statements"] if _hash(text) not in hashes]
        assert len(kept) == len(self.shown["statements"]) - len(hashes)
        self.shown["statements"] = kept


def _hash(text):
    return parse_statement(decode_base64(text)).hash


@pytest.fixture
def home():
    return Home()


def test_a_new_epoch_follows_what_was_pinned(home):
    """Epochs in any order are held, the newest is current, and pins move on with it."""
    pins = home.hold().pins()
    second = home.rotate(1, home.first.hash)
    home.shown["statements"] = home.shown["statements"][:1] + home.shown["statements"][:0:-1]
    held = home.hold(pins)
    assert held.current("debts", "ordinary").place.epoch == 1
    assert second.hex() in held.pins().values()
    assert home.first.hash.hex() not in held.pins().values()


def test_a_section_without_its_first_epochs_is_refused(home):
    """A newest key that does not follow from the first, by number or by hash, is not held (R14)."""
    home.rotate(2, home.first.hash)
    with pytest.raises(MalformedError):
        home.hold()
    other = Home()
    other.rotate(1, sha256(b"another"))
    with pytest.raises(MalformedError):
        other.hold()


def test_an_older_epoch_is_not_shown_as_the_newest(home):
    """A service that keeps back the newest epoch is found out: what was pinned must be among the keys (N23, R14)."""
    second = home.rotate(1, home.first.hash)
    pins = home.hold().pins()
    home.drop(second)
    with pytest.raises(PinError, match="do not follow"):
        home.hold(pins)


def test_another_epoch_in_its_place_is_refused(home):
    """Two keys of one epoch: the one that was not pinned blocks, though the dossier key signed both."""
    second = home.rotate(1, home.first.hash)
    pins = home.hold().pins()
    home.drop(second)
    home.rotate(1, home.first.hash)
    with pytest.raises(PinError, match="do not follow"):
        home.hold(pins)


def test_a_section_does_not_go(home):
    """A section and lane that was seen before is there again, or nothing is held."""
    pins = home.hold().pins()
    home.drop(home.first.hash)
    assert home.hold().sections
    with pytest.raises(PinError, match="gone"):
        home.hold(pins)


def test_the_owner_keeps_the_pins(home):
    """An owner's client pins what it held, for this dossier alone, and takes no other dossier for it."""

    class Shown:
        def get(self, path, query=None, **headers):
            return home.shown

    owner = Owner(Shown(), home.owner, Register({}, {}), {"00" * 16 + "/debts/ordinary": "00" * 32})
    owner.hold(home.made.dossier)
    assert owner.pins.items() >= home.hold().pins().items()
    assert len(home.hold().pins()) == 4
    second = home.rotate(1, home.first.hash)
    owner.hold(home.made.dossier)
    home.drop(second)
    with pytest.raises(PinError):
        owner.hold(home.made.dossier)
    with pytest.raises(PinError, match="another dossier"):
        Owner(Shown(), home.owner, Register({}, {})).hold(new_id())
