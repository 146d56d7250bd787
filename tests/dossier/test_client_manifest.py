"""The owner's check that the list of items is what was delivered (P5)."""

from __future__ import annotations

import pytest

from audit.history import Checked, StreamHead
from crypto.encoding import encode_base64, new_id
from crypto.statements import sign
from dossier.client.manifest import Differences, compare_items
from tests.dossier.shownworld import NOW, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("records"))


def delivered(*sealed):
    """The events of these deliveries, in this order, after one of another kind."""
    events = {1: {"schema": "statement/v1", "kind": "dossier-key"}}
    for seq, (item, header) in enumerate(sealed, 2):
        events[seq] = {"schema": "delivery/v1", "item": item, "header": header.hash.hex()}
    return Checked(StreamHead(len(events), b"", b""), events, (), None)


def test_a_whole_list_has_no_difference(world):
    """A list that shows the newest header of every item that was delivered is whole."""
    one, shown = world.record(world.owner)
    assert compare_items(delivered((shown["item"], one.header)), [], [shown]) == Differences((), ())


def test_an_item_left_out_is_named(world):
    """An item that the list leaves out is named by its id (N28)."""
    (one, first), (two, second) = world.record(world.owner), world.record(world.owner)
    checked = delivered((first["item"], one.header), (second["item"], two.header))
    assert compare_items(checked, [], [first]) == Differences((second["item"],), ())


def test_an_older_version_shown_as_the_newest_is_named(world):
    """An older header of an item, or one that was never delivered, is not taken for the newest (N29)."""
    (one, first), (two, _second) = world.record(world.owner), world.record(world.owner)
    checked = delivered((first["item"], one.header), (first["item"], two.header))
    assert compare_items(checked, [], [first]) == Differences((), (first["item"],))
    broken = first | {"header": encode_base64(b"no header")}
    assert compare_items(delivered((first["item"], one.header)), [], [broken]) == Differences((), (first["item"],))


def test_what_was_removed_is_not_missing(world):
    """An item that a holder removed by a signed statement need not be listed."""
    one, first = world.record(world.owner)
    fields = {"dossier": world.dossier.hex(), "removal": new_id(world.dossier[:2]).hex(), "item": first["item"]}
    fields |= {"reason": "mistake", "capacity": "owner"}
    signed = {"signer": world.owner.id.hex(), "issuedAt": NOW}
    removal = sign("removal", fields | signed, world.owner.identity.signing)
    assert compare_items(delivered((first["item"], one.header)), [removal], []) == Differences((), ())
