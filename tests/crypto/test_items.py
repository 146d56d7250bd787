from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import (
    ItemSealer,
    MalformedError,
    PartOpener,
    PinError,
    SealingKey,
    SignatureError,
    SigningKey,
    TamperedError,
    check_header,
    open_item_key,
    open_metadata,
    open_part,
    parse_header,
    seal_item,
    sealed_size,
    sign,
)
from crypto.headers import check_item_key
from crypto.items import pad, unpad
from tests.values import replace


def test_round_trip(delivery):
    """The owner opens what the agency sealed: key, metadata and every part, byte for byte."""
    sealed, header = delivery.sealed, delivery.header
    assert open_item_key(header, delivery.section, sealed.sealed_key) == delivery.item_key
    assert open_metadata(header, delivery.item_key, sealed.sealed_metadata) == delivery.metadata
    opened = [open_part(header, delivery.item_key, at, part) for at, part in enumerate(sealed.parts)]
    assert opened == delivery.contents
    assert [len(part) for part in sealed.parts] == [sealed_size(info.length) for info in header.parts]


def test_nothing_readable(delivery):
    """No title, file name or content stands in anything that the server gets (P1)."""
    sealed = delivery.sealed
    seen = b"".join(
        [sealed.header.envelope, sealed.header.payload_bytes, sealed.sealed_key, sealed.sealed_metadata, *sealed.parts]
    )
    for secret in (b"Vordering", b"part 0", b"claim", delivery.item_key, delivery.secret):
        assert secret not in seen


def test_new_key_every_time(delivery):
    """Sealing the same version again uses a new item key (R4)."""
    again = seal_item(delivery.core, delivery.section.public, delivery.metadata, delivery.contents, delivery.author)
    assert open_item_key(parse_header(again.header), delivery.section, again.sealed_key) != delivery.item_key


def test_other_author(delivery):
    """A header verifies with its author's key only, and nobody signs in another's name (N33, N74)."""
    other = SigningKey.generate()
    with pytest.raises(SignatureError):
        check_header(delivery.sealed.header, other.public, dossier=delivery.place.dossier)
    with pytest.raises(SignatureError):
        seal_item(delivery.core, delivery.section.public, delivery.metadata, delivery.contents, other)
    resigned = sign("item-header", {k: v for k, v in delivery.sealed.header.payload.items() if k != "keyHash"}, other)
    with pytest.raises(MalformedError):
        check_header(resigned, other.public, dossier=delivery.place.dossier)


def test_other_place(delivery):
    """A header is refused in another dossier and for another section key (N22)."""
    public = delivery.author.public
    with pytest.raises(PinError):
        check_header(delivery.sealed.header, public, dossier=bytes(16))
    with pytest.raises(PinError):
        check_header(delivery.sealed.header, public, dossier=delivery.place.dossier, section_key_hash=bytes(32))


def test_two_keys_one_ciphertext(delivery):
    """Only the committed item key opens anything, whatever else would authenticate (R16)."""
    other = bytes(32)
    with pytest.raises(TamperedError):
        check_item_key(delivery.header, other)
    with pytest.raises(TamperedError):
        open_metadata(delivery.header, other, delivery.sealed.sealed_metadata)
    with pytest.raises(TamperedError):
        PartOpener(delivery.header, other, 0)


def test_wrong_section_pair(delivery):
    """Another pair does not open the item key (P1)."""
    with pytest.raises(TamperedError):
        open_item_key(delivery.header, SealingKey.generate(), delivery.sealed.sealed_key)


def test_disagreement(delivery):
    """Core, section key, metadata and parts must agree before anything is signed."""
    core, public, author = delivery.core, delivery.section.public, delivery.author
    with pytest.raises(MalformedError):
        ItemSealer(core, SealingKey.generate().public, delivery.metadata)
    with pytest.raises(MalformedError):
        ItemSealer(replace(core, part_count=1), public, delivery.metadata)
    with pytest.raises(MalformedError):
        ItemSealer(core, public, {**delivery.metadata, "extra": ""})
    for parts in ([b""], [b"", b"", b""]):
        with pytest.raises(MalformedError):
            seal_item(core, public, delivery.metadata, parts, author)


def test_part_order(delivery):
    """Each part is started once, and finished before the header is signed."""
    sealer = ItemSealer(delivery.core, delivery.section.public, delivery.metadata)
    first = sealer.part(0)
    for index in (0, 2, -1):
        with pytest.raises(MalformedError):
            sealer.part(index)
    sealer.part(1).finish()
    with pytest.raises(MalformedError):
        sealer.finish(delivery.author)
    first.finish()
    assert parse_header(sealer.finish(delivery.author)).core == delivery.core


@pytest.mark.parametrize("index", [-1, 2])
def test_no_such_part(index, delivery):
    """There is no part outside the core's count."""
    with pytest.raises(MalformedError):
        open_part(delivery.header, delivery.item_key, index, delivery.sealed.parts[0])


def test_parts_swapped(delivery):
    """One part does not open in the place of another (R6)."""
    with pytest.raises(TamperedError):
        open_part(delivery.header, delivery.item_key, 0, delivery.sealed.parts[1])


def test_longer_than_named(delivery):
    """An opener stops when more comes out than the header names."""
    short = replace(delivery.header, parts=(replace(delivery.header.parts[0], length=3), delivery.header.parts[1]))
    with pytest.raises(TamperedError):
        open_part(short, delivery.item_key, 0, delivery.sealed.parts[0])


def test_other_stream_than_named(delivery):
    """A stream that opens but is not the one named is refused."""
    renamed = replace(
        delivery.header, parts=(replace(delivery.header.parts[0], hash=bytes(32)), delivery.header.parts[1])
    )
    with pytest.raises(TamperedError):
        open_part(renamed, delivery.item_key, 0, delivery.sealed.parts[0])


@given(st.binary(max_size=600))
def test_padding(data):
    """Padding is undone exactly and hides the length within 256 bytes."""
    padded = pad(data)
    assert unpad(padded) == data
    assert len(padded) % 256 == 0
    assert 0 < len(padded) - len(data) <= 256


@given(st.binary(max_size=300))
def test_unpad_random(data):
    """Bytes lose their padding only if padding again gives the same bytes."""
    try:
        found = unpad(data)
    except MalformedError:
        return
    assert pad(found) == data
