from __future__ import annotations

import pytest

from crypto import (
    MalformedError,
    SectionPlace,
    TamperedError,
    adopt_item_key,
    open_adopted,
    open_item_key,
    open_placed,
    seal_placed,
    section_list_key,
    section_sealing_key,
    unwrap_section,
    wrap_section,
)
from tests.values import replace

ROOT = b"r" * 32


def test_everything_from_the_secret(delivery):
    """The owner unwraps the section secret and opens what was sealed to it (P1)."""
    wrapped = wrap_section(ROOT, delivery.secret, delivery.place)
    secret = unwrap_section(ROOT, wrapped, delivery.place, delivery.section.public)
    pair = section_sealing_key(secret, delivery.place)
    assert open_item_key(delivery.header, pair, delivery.sealed.sealed_key) == delivery.item_key


@pytest.mark.parametrize("change", [{"dossier": b"e" * 16}, {"section": "health"}, {"lane": "vault"}, {"epoch": 4}])
def test_places_differ(change, delivery):
    """Another dossier, section, lane or epoch has another pair and another list key from the same secret."""
    place = replace(delivery.place, **change)
    assert section_sealing_key(delivery.secret, place) != delivery.section
    assert section_list_key(delivery.secret, place) != section_list_key(delivery.secret, delivery.place)


def test_pair_and_list_key_differ(delivery):
    """The list key is not the seed of the pair."""
    assert section_list_key(delivery.secret, delivery.place) != delivery.section.seed


def test_replaced_secret(delivery):
    """A secret put in place of another is not taken, even if it was wrapped under the root (R1, N36)."""
    wrapped = wrap_section(ROOT, b"x" * 32, delivery.place)
    with pytest.raises(TamperedError):
        unwrap_section(ROOT, wrapped, delivery.place, delivery.section.public)


def test_adoption(delivery):
    """A holder opens an item key with the list key alone; a wrong key is never adopted nor taken."""
    key = section_list_key(delivery.secret, delivery.place)
    adopted = adopt_item_key(key, delivery.item_key, delivery.place, delivery.header)
    assert open_adopted(key, adopted, delivery.place, delivery.header) == delivery.item_key
    with pytest.raises(TamperedError):
        adopt_item_key(key, bytes(32), delivery.place, delivery.header)
    with pytest.raises(TamperedError):
        open_adopted(bytes(32), adopted, delivery.place, delivery.header)


def test_placement(delivery):
    """An item key moves to another section, checked at both ends."""
    place = replace(delivery.place, section="health")
    pair = section_sealing_key(b"h" * 32, place)
    sealed = seal_placed(delivery.item_key, place, delivery.header, pair.public)
    assert open_placed(sealed, place, delivery.header, pair) == delivery.item_key
    with pytest.raises(TamperedError):
        seal_placed(bytes(32), place, delivery.header, pair.public)
    with pytest.raises(TamperedError):
        open_placed(sealed, delivery.place, delivery.header, pair)


@pytest.mark.parametrize(
    "fields", [(b"", "debts", "ordinary"), (bytes(16), "Debts", "ordinary"), (bytes(16), "debts", "")]
)
def test_impossible_place(fields):
    """A place has a whole id and codes."""
    with pytest.raises(MalformedError):
        SectionPlace(fields[0], fields[1], fields[2], 0)
