"""Lists of consents: each entry is held against its signers, and what does not hold is shown as such."""

from __future__ import annotations

import pytest

from crypto.encoding import encode_base64
from crypto.errors import PinError
from crypto.keys import SigningKey
from dossier.client.listed import Shown
from dossier.client.listing import UNVOUCHED, RejectedConsent, list_named, list_own
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from tests.dossier.shownworld import NOBODY, World, citizen


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def path(world):
    return f"/v1/dossiers/{world.dossier.hex()}/consents"


def shown_by(world, *statements, **states):
    """What the service lists, with the id beside each statement as it does."""
    world.show(*statements)
    for entry, statement in zip(world.answers.paths[path(world)]["consents"], statements, strict=True):
        entry["consent"] = statement.payload["consent"]
        entry["state"] = states.get("state", "active")


def own(world):
    owner = Owner(world.answers, world.owner.identity, NOBODY)
    held = world.held
    object.__setattr__(held, "statements", tuple(world.statements))
    owner.hold = lambda _dossier: held
    return owner


def test_forged_consents_stand_out(world):
    """What the owner's key did not sign is named as no consent, for the owner and for who it names (R2, R14)."""
    good = world.consent(world.owner)
    forged = [world.consent(world.owner, SigningKey.generate()), world.consent(citizen(world.answers))]
    shown_by(world, good, *forged)
    for listed in (list_own(own(world), world.dossier), list_named(world.answers, world.dossier, Pins())):
        assert [type(each) for each in listed] == [Shown, RejectedConsent, RejectedConsent]
        assert all(each.reason for each in listed[1:])


def test_malformed_entries_hide_nothing(world):
    """An entry that is no statement, or is listed under another id, is named; the others stand."""
    good = world.consent(world.owner)
    shown_by(world, good)
    entries = world.answers.paths[path(world)]["consents"]
    entries += [
        {"consent": "aa" * 16, "state": "active", "statement": encode_base64(b"{}"), "seq": 3},
        {**entries[0], "consent": "bb" * 16},
    ]
    listed = list_own(own(world), world.dossier)
    assert [type(each) for each in listed] == [Shown, RejectedConsent, RejectedConsent]
    assert [each.consent for each in listed[1:]] == ["aa" * 16, "bb" * 16]


def test_ended_consents_have_no_witness_left(world):
    """Where none stands, the service tells a grantee nothing to hold an ended one against: that is said."""
    shown_by(world, world.consent(world.owner), state="withdrawn")
    (listed,) = list_named(world.answers, world.dossier, Pins())
    assert isinstance(listed, RejectedConsent)
    assert listed.reason == UNVOUCHED


def test_a_replaced_chain_blocks_the_list(world):
    """Another chain of the dossier than the one that is pinned gives no list at all (R14)."""
    shown_by(world, world.consent(world.owner))
    with pytest.raises(PinError):
        list_named(world.answers, world.dossier, Pins(dossiers={world.dossier.hex(): "33" * 32}))
