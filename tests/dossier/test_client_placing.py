"""Where an item stands: nothing is sealed or signed for a place that no signed statement names."""

from __future__ import annotations

import pytest

from crypto.encoding import encode_base64, new_id
from crypto.errors import CryptoError, PinError
from crypto.headers import parse_header
from crypto.statements import sign
from dossier.client import sharing
from dossier.client.authority import check_authority_lists
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from dossier.client.placing import check_place
from dossier.client.signers import Signers
from tests.dossier.shownworld import NOBODY, NOW, World, citizen


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def record(world):
    """The header of a record by the owner, and how a list shows it."""
    sealed, shown = world.record(world.owner)
    return parse_header(sealed.header), shown


def placed(world, header, signer=None, **changes):
    """A placement of a record in the health section, as a closer matter."""
    who = signer or world.owner
    payload = {
        "placement": new_id(world.dossier[:2]).hex(),
        "dossier": world.dossier.hex(),
        "item": header.core.item.hex(),
        "section": "health",
        "lane": "confidential",
        "epoch": 1,
        "label": "special",
        "cases": [],
        "wrapHash": "",
        "previous": "",
        "after": {"seq": 4, "leaf": "22" * 32},
        "signer": who.id.hex(),
        "issuedAt": NOW,
        "capacity": "owner",
    } | changes
    return sign("placement", payload, who.identity.signing)


def check(world, header, shown):
    """Check where a record stands, with the lists of the world's dossier."""
    chain_of = Signers(world.answers, Pins()).chain
    return check_place(header, shown, lambda: check_authority_lists(world.statements, world.chain, chain_of))


THERE = {"section": "health", "lane": "confidential", "label": "special"}


def test_an_item_stands_where_it_was_born(world):
    """Without a placement only what the author signed counts: section, lane, label, and no case (R7)."""
    header, shown = record(world)
    assert check(world, header, shown) is None
    for said in ({"section": "income"}, {"lane": "vault"}, {"label": "public"}, {"cases": ["00" * 16]}):
        with pytest.raises(PinError):
            check(world, header, shown | said)


def test_an_item_stands_where_a_holder_placed_it(world):
    """A placement counts as it was signed, of this very item, by somebody with authority."""
    header, shown = record(world)
    move = placed(world, header)
    moved = shown | THERE | {"standsBy": encode_base64(move.envelope)}
    assert check(world, header, moved) == move
    with pytest.raises(PinError, match="elsewhere"):
        check(world, header, moved | {"label": "personal"})
    other, _ = record(world)
    with pytest.raises(PinError, match="of another"):
        check(world, other, moved)


def test_an_invented_placement_moves_nothing(world):
    """Whoever stores statements can move no item by one that no holder signed (P6)."""
    header, shown = record(world)
    stranger = citizen(world.answers)
    forged = placed(world, header, stranger)
    payload = {name: each for name, each in placed(world, header).payload.items() if name != "keyHash"}
    in_her_name = sign("placement", payload, stranger.identity.signing)
    for each in (forged, in_her_name):
        with pytest.raises(CryptoError):
            check(world, header, shown | THERE | {"standsBy": encode_base64(each.envelope)})


def test_keys_of_an_item_shown_elsewhere_are_not_given(world, monkeypatch):
    """A service that shows a record in a section that is being shared gets no key of it sealed (P1)."""
    header, shown = record(world)
    owner = Owner(world.answers, world.owner.identity, NOBODY)
    elsewhere = OpenedItem(header, {"title": "Brief"}, b"k" * 32, shown | {"section": "income"})
    monkeypatch.setattr(Owner, "items", lambda _owner, _held: iter([elsewhere]))
    assert sharing.covered(owner, world.held, sharing.Terms(["income"], purpose="debt-help")) == []
    with pytest.raises(PinError):
        owner.adopt(world.held, elsewhere)
    here = OpenedItem(header, {"title": "Brief"}, b"k" * 32, shown)
    monkeypatch.setattr(Owner, "items", lambda _owner, _held: iter([here]))
    assert sharing.covered(owner, world.held, sharing.Terms(["debts"], purpose="debt-help")) == [here]
