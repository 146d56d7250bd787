from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import (
    CryptoError,
    KeyId,
    LimitError,
    MalformedError,
    PinError,
    SealingKey,
    TamperedError,
    open_capsule,
    open_part,
    parse_capsule,
    seal_capsule,
)
from crypto.capsules import MAX_KEYS, commitment
from tests.values import replace

STATEMENT, GRANTEE, PAIR = b"h" * 32, b"g" * 16, SealingKey.from_seed(b"g" * 32)


def keys_of(delivery):
    return {
        KeyId.section(delivery.place): delivery.secret,
        KeyId.item(delivery.header): delivery.item_key,
        KeyId.dossier_key(delivery.place.dossier, 0): b"k" * 32,
        KeyId.dossier_root(delivery.place.dossier, 0): b"o" * 32,
        KeyId.stream(delivery.place.dossier, 0): b"s" * 32,
    }


def test_grantee_reads(delivery):
    """A grantee opens the capsule, and with its item key the item; nobody else opens it (P1)."""
    keys = {KeyId.item(delivery.header): delivery.item_key}
    capsule = parse_capsule(seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys).encode())
    expected = {KeyId.item(delivery.header): delivery.header.commitment}
    opened = open_capsule(capsule, PAIR, expected)[KeyId.item(delivery.header)]
    assert open_part(delivery.header, opened, 0, delivery.sealed.parts[0]) == delivery.contents[0]
    with pytest.raises(TamperedError):
        open_capsule(capsule, SealingKey.generate(), expected)


def test_every_kind(delivery):
    """Keys of every kind travel in one capsule, in the order of their ids, and encode to the same bytes again."""
    keys = keys_of(delivery)
    capsule = seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys)
    assert list(capsule.key_ids) == sorted(keys)
    assert parse_capsule(capsule.encode()) == capsule
    expected = {key_id: commitment(key_id, secret) for key_id, secret in keys.items()}
    assert open_capsule(capsule, PAIR, expected) == keys
    assert len(set(expected.values())) == len(keys)


def test_key_outside_statements(delivery):
    """A key that no signed statement commits to does not count (R3)."""
    keys = keys_of(delivery)
    capsule = seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys)
    expected = {key_id: commitment(key_id, secret) for key_id, secret in keys.items()}
    for key_id in keys:
        with pytest.raises(PinError):
            open_capsule(capsule, PAIR, {other: value for other, value in expected.items() if other != key_id})
        with pytest.raises(PinError):
            open_capsule(capsule, PAIR, expected | {key_id: bytes(32)})


def test_bound_to_its_keys(delivery):
    """Renaming, leaving out or adding a key id keeps the capsule shut."""
    capsule = seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys_of(delivery))
    for key_ids in (capsule.key_ids[:-1], (*capsule.key_ids, KeyId.stream(b"z" * 16, 0))):
        with pytest.raises(TamperedError):
            open_capsule(replace(capsule, key_ids=key_ids), PAIR, {})


@pytest.mark.parametrize(
    "statement, grantee, keys",
    [
        (b"", GRANTEE, {KeyId.stream(bytes(16), 0): bytes(32)}),
        (STATEMENT, b"", {KeyId.stream(bytes(16), 0): bytes(32)}),
        (STATEMENT, GRANTEE, {}),
        (STATEMENT, GRANTEE, {KeyId.stream(bytes(16), 0): bytes(31)}),
    ],
)
def test_impossible(statement, grantee, keys):
    """A capsule has a statement, a grantee and keys of 32 bytes."""
    with pytest.raises(MalformedError):
        seal_capsule(statement, grantee, PAIR.public, keys)


def test_too_many():
    """A capsule holds at most 4,096 keys."""
    keys = {KeyId.stream(bytes(16), epoch): bytes(32) for epoch in range(MAX_KEYS + 1)}
    with pytest.raises(LimitError):
        seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys)


@pytest.mark.parametrize(
    "kind, fields",
    [
        ("master", (bytes(16),)),
        ("item", (bytes(16),)),
        ("stream", (bytes(15), bytes(8))),
        ("stream", (bytes(16), b"\xff" * 8)),
    ],
)
def test_impossible_key_id(kind, fields):
    """A key id is of a known kind, with the fields of its kind."""
    with pytest.raises(MalformedError):
        KeyId(kind, fields)


@given(st.binary(max_size=100))
def test_random_bytes(data):
    """Random bytes are no capsule and no key id, and give nothing but our error."""
    for parse in (parse_capsule, KeyId.parse):
        with pytest.raises(CryptoError):
            parse(data)


@given(data=st.data())
def test_changed_bytes(data, delivery):
    """A capsule with one changed byte is refused or re-encodes to exactly those bytes."""
    changed = bytearray(seal_capsule(STATEMENT, GRANTEE, PAIR.public, keys_of(delivery)).encode())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        capsule = parse_capsule(bytes(changed))
    except CryptoError:
        return
    assert capsule.encode() == bytes(changed)
