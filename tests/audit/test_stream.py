from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError
from audit.merkle import leaf_hash
from audit.stream import (
    LEAF_SIZE,
    NO_PREVIOUS,
    commitment,
    event_digests,
    event_leaf,
    event_link,
    event_tag,
    field_digests,
    field_salts,
    make_leaf,
    parse_leaf,
)
from tests.audit.examples import KEYS, events, reading

KEY, SEED = b"\x11" * 32, b"\x22" * 32
FIELDS = [(b"decision", b"permit"), (b"purpose", b"intake")]
LEAF_1 = bytes.fromhex(
    "01"
    "b09aa23d55b67457120e030b14d048a642a2f9436d04425575694bdfca7d8672"
    "5cda7dbef28489341dd445a3ae4a8e4c82dc70c1fca25329c0d97bbf2cb89af6"
    "5a1a414841395b7906c5d29fccabb0bc13e21b2fccfd6e48e947fc76db6df98b"
)


def test_worked_example_of_a_first_event():
    """Salts, digests, leaf and leaf hash of two fields are the agreed ones, byte for byte."""
    assert [salt.hex() for salt in field_salts(SEED, 2)] == [
        "889da13e02fb99057fdf039fd8a244782c7135b768df89daca050d4e3e881953",
        "cf025b1f141b25d5adee8f7ad50ff6c062654500d74dd96d2fa61575f417a1e4",
    ]
    digests = field_digests(SEED, FIELDS)
    assert [digest.hex() for digest in digests] == [
        "744526be384de0e5880e5ecf7ad1f4a2928df70934f75db949b82b816b8b0bf4",
        "8b1a62c1bb6b5227f58342b4fcfd29ae01636080ad0b43367bb0781a96412bbc",
    ]
    leaf = make_leaf(KEY, 1, NO_PREVIOUS, commitment(digests))
    assert leaf == LEAF_1
    assert leaf_hash(leaf).hex() == "699b5c98ecbfe8ac6d682d0a29b35934ce7611dacbea57ec54614f224c07af69"


def test_worked_example_of_a_second_event():
    """Tag and link of event 2 follow from the first leaf."""
    assert event_tag(KEY, 2).hex() == "8082d8c56c4737d822de6981caff76be7c8193258761f8a2e3048ec612ef8278"
    link = event_link(KEY, 2, leaf_hash(LEAF_1))
    assert link.hex() == "c5fef6fd9884588f6097dda3ebce162b0b7f931c11a776819adf47111529e9bb"


@given(st.binary(min_size=32, max_size=32), st.integers(1, 24))
@settings(max_examples=50)
def test_salts_are_hkdf(seed, count):
    """Each salt is HKDF-SHA256 (RFC 5869) of the seed without salt, as the hmac module computes it."""
    pseudorandom = hmac.digest(bytes(32), seed, "sha256")
    infos = [b"field" + at.to_bytes(2, "big") + b"\x01" for at in range(count)]
    assert field_salts(seed, count) == tuple(hmac.digest(pseudorandom, info, "sha256") for info in infos)


@given(events)
@settings(max_examples=50)
def test_fast_path_gives_the_digests_of_the_formula(event):
    """An event's digests are those of its (name, value) pairs."""
    assert event_digests(SEED, event) == field_digests(SEED, event.fields())


def test_leaf_has_97_bytes_and_three_parts():
    """A leaf splits into the parts that it was made of."""
    leaf = event_leaf(KEYS[0], 3, b"\x07" * 32, SEED, reading())
    parts = parse_leaf(leaf)
    assert len(leaf) == LEAF_SIZE == 97
    assert parts.tag == event_tag(KEYS[0], 3)
    assert parts.link == event_link(KEYS[0], 3, b"\x07" * 32)
    assert parts.commit == commitment(event_digests(SEED, reading()))


def test_nothing_in_a_leaf_repeats_between_events_or_streams():
    """P5: leaves of one stream, or of equal events in two streams, share no part that would link them."""
    parts = set()
    for key in KEYS[:2]:
        for seq in (1, 2):
            leaf = parse_leaf(
                event_leaf(key, seq, NO_PREVIOUS, hashlib.sha256(key + bytes((seq,))).digest(), reading())
            )
            parts |= {leaf.tag, leaf.link, leaf.commit}
    assert len(parts) == 12


@pytest.mark.parametrize("data", [b"", LEAF_1[:-1], LEAF_1 + b"\0", b"\x02" + LEAF_1[1:]])
def test_other_bytes_are_no_leaf(data):
    """Only 97 bytes that start with 0x01 are the leaf of an event."""
    with pytest.raises(LogFormatError):
        parse_leaf(data)


@pytest.mark.parametrize("secret", [b"", b"\x11" * 31, b"\x11" * 32 + b"\0"])
def test_secret_of_another_length_is_refused(secret):
    """A key or seed is exactly 32 bytes: HMAC would take a key and its zero-padded form for the same."""
    with pytest.raises(LogFormatError):
        event_tag(secret, 1)
    with pytest.raises(LogFormatError):
        event_link(secret, 1, NO_PREVIOUS)
    with pytest.raises(LogFormatError):
        field_salts(secret, 1)


@pytest.mark.parametrize("count", [0, 25])
def test_number_of_fields_is_bounded(count):
    """An event has 1 to 24 fields."""
    with pytest.raises(LogFormatError):
        field_salts(SEED, count)


def test_link_needs_a_leaf_hash():
    """The previous leaf hash is 32 bytes."""
    with pytest.raises(LogFormatError):
        event_link(KEY, 2, b"")


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**53), st.binary(min_size=32, max_size=32))
def test_a_leaf_is_made_of_tag_link_and_commitment(key, seq, previous):
    """The leaf made under one preparation of the key is the one made of tag and link each by itself (RFC 2104)."""
    commit = commitment([previous])
    assert make_leaf(key, seq, previous, commit) == (
        b"\x01" + event_tag(key, seq) + event_link(key, seq, previous) + commit
    )


@given(st.binary(min_size=32, max_size=32))
def test_salts_are_those_of_hkdf(seed):
    """Salts are HKDF-SHA256 with an empty salt, written with nothing but hmac."""
    extracted = hmac.digest(bytes(32), seed, "sha256")
    wanted = tuple(hmac.digest(extracted, b"field" + at.to_bytes(2, "big") + b"\x01", "sha256") for at in range(24))
    assert field_salts(seed, 24) == wanted
