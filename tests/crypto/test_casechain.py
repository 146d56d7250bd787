"""The links of a case, and the keys that somebody joined with, on the statements that the vectors are made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import MalformedError, PinError, check_case_chain, joined_key, verify_key_chain
from tests.vectors import cases as made
from tests.vectors.chains import KEYS, SEALING

CITIZEN = bytes.fromhex(made.CITIZEN)


def test_each_link_stays_a_pin():
    """Whatever link was seen stays a valid pin, and is missed as soon as the case is shown without it (R14)."""
    links = made.case_links()
    for at, link in enumerate(links):
        assert check_case_chain(links, pinned=link.hash).sequence == 3
        if at:
            with pytest.raises(PinError):
                check_case_chain(links[:at], pinned=link.hash)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=6))
def test_only_the_links_from_the_first_on_are_a_chain(order):
    """Of all that can be shown of the same links, only an unbroken beginning passes; all else is refused (R14)."""
    links = made.case_links()
    shown = [links[at] for at in order]
    if order and order == list(range(len(order))):
        assert check_case_chain(shown).head == links[len(order) - 1].hash
        return
    with pytest.raises(MalformedError):
        check_case_chain(shown)


def test_a_link_commits_to_whose_part_ended():
    """Who hides an end from nobody but the next signer cannot put it out of the signed link again."""
    links = made.case_links()
    changed = made.participation(3, links[2], ended=[])
    assert changed.hash != links[3].hash
    with pytest.raises(PinError):
        check_case_chain([*links[:3], changed], pinned=links[3].hash)


def test_a_chain_around_a_known_signing_key_is_not_theirs():
    """Keys are named by the head of their chain: the signing key alone binds no sealing key (R2)."""
    bea = made.participation(1, made.opening())
    first = made.key_statement(
        0, made.CITIZEN, "", signingKey=made.b64(KEYS[0].public), sealingKey=made.b64(SEALING[1].public)
    )
    swapped = verify_key_chain([first], CITIZEN)
    assert swapped.signing_key == KEYS[0].public
    with pytest.raises(PinError):
        joined_key(bea, swapped)
