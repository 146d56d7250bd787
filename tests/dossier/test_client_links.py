"""A case as a client follows it: what it saw of links and ends is there ever after, or everything stops."""

from __future__ import annotations

import pytest

from crypto.encoding import new_id
from crypto.errors import CryptoError, MalformedError, PinError
from dossier.client.links import HIDDEN_END, follow, named_keys, next_link, pin_end
from dossier.client.parties import Pins
from tests.vectors import cases as made

LINKS = made.case_links()
CASE, CITIZEN = bytes.fromhex(made.CASE), bytes.fromhex(made.CITIZEN)


def shown(length, *ended, **changes):
    """What the service says of a case of so many links."""
    said = {"sequence": length - 1, "head": LINKS[length - 1].hash.hex(), "ended": list(ended)}
    return {"chain": said | changes}


def look(pins, length, *ended, **changes):
    return follow(LINKS[0], shown(length, *ended, **changes), LINKS[:length], pins)


def test_what_was_seen_is_there_ever_after():
    """Each look pins the last link; a later look may show more and never less (R14)."""
    pins = Pins()
    assert look(pins, 2).sequence == 1
    assert pins.cases == {made.CASE: LINKS[1].hash.hex()}
    assert look(pins, 4).sequence == 3
    for length in (1, 2, 3):
        with pytest.raises(PinError):
            look(pins, length)
    assert Pins.from_state(pins.to_state()).cases == pins.cases


def test_the_service_names_the_last_link_that_it_shows():
    """A list cut short below what the service itself says is refused, at the first look too."""
    for changes in ({"sequence": 2}, {"head": LINKS[1].hash.hex()}):
        with pytest.raises(PinError):
            look(Pins(), 4, **changes)
    for ended in (["zz"], ["AB" * 16], [7]):
        with pytest.raises(MalformedError):
            look(Pins(), 4, ended=ended)


def test_an_end_that_was_seen_is_not_taken_back():
    """Until a later link names it, an end is shown still, or everything in the case stops (P1, R14)."""
    pins = Pins()
    look(pins, 3, made.PERSON)
    with pytest.raises(PinError, match=HIDDEN_END):
        look(pins, 3)
    look(pins, 3, made.PERSON)
    look(pins, 4)
    assert pins.ends == {}
    look(pins, 4, made.CITIZEN)
    assert Pins.from_state(pins.to_state()).ends == pins.ends != {}


def test_a_link_that_passes_over_an_end_is_noticed():
    """A link signed by somebody to whom the service hid an end stops who saw that end: the lie cannot be mended."""
    pins = Pins()
    look(pins, 2, made.CITIZEN)
    with pytest.raises(PinError, match=HIDDEN_END):
        look(pins, 4)


def test_ones_own_act_is_seen():
    """An end that the service took in from this client counts as seen, from where the case was last looked at."""
    pins = Pins()
    pin_end(CASE, CITIZEN, pins)
    assert pins.ends == {}
    look(pins, 2)
    pin_end(CASE, CITIZEN, pins)
    with pytest.raises(PinError):
        look(pins, 2)
    pin_end(new_id(), CITIZEN, pins)
    assert look(pins, 2, made.CITIZEN).sequence == 1


def test_the_next_link_follows_on_what_was_seen():
    """It counts on, names the last link, and names who ended in one order."""
    chain = look(Pins(), 2)
    wanted = {"sequence": 2, "previous": LINKS[1].hash.hex(), "ended": ["aa" * 16, "bb" * 16]}
    assert next_link(chain, ["bb" * 16, "aa" * 16]) == wanted


def test_whose_keys_a_case_names():
    """The heads that links name for somebody in one capacity; a transfer and a system's opening name none."""
    chain = look(Pins(), 4)
    assert named_keys(chain, CITIZEN, b"") == {LINKS[1].payload["chainHead"]}
    assert named_keys(chain, CITIZEN, new_id()) == frozenset()
    person, organisation = bytes.fromhex(made.PERSON), bytes.fromhex(made.ORGANISATION)
    assert named_keys(chain, person, organisation) == {LINKS[0].payload["chainHead"]}
    by_system = made.opening(made.CITIZEN, chainHead="")
    said = {"chain": {"sequence": 0, "head": by_system.hash.hex(), "ended": []}}
    assert named_keys(follow(by_system, said, [], Pins()), person, organisation) == frozenset()


def test_only_our_errors_leave():
    """Whatever order of links is shown, what is wrong with it is a CryptoError."""
    for order in ([1, 0], [0, 2], [0, 1, 1]):
        with pytest.raises(CryptoError):
            follow(LINKS[0], shown(1), [LINKS[at] for at in order], Pins())
