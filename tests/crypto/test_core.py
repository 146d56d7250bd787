from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import CryptoError, MalformedError, bind, core_hash, parse_core, sha256, unbind
from crypto.core import AUTHOR_KINDS, Core
from crypto.encoding import MAX_INTEGER
from crypto.labels import SUITE, Label
from tests.values import replace

codes = st.from_regex(r"[a-z0-9]{1,12}(-[a-z0-9]{1,12}){0,4}", fullmatch=True)
ids, hashes, counts = (
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.integers(0, MAX_INTEGER),
)
cores = st.builds(
    Core,
    dossier=ids,
    item=ids,
    version=st.integers(2, MAX_INTEGER),
    previous=hashes,
    section=codes,
    lane=codes,
    epoch=counts,
    section_key_hash=hashes,
    author=ids,
    author_key_id=hashes,
    author_kind=st.sampled_from(AUTHOR_KINDS),
    type=codes,
    label=codes,
    issued=counts,
    data_from=counts,
    data_until=counts,
    part_count=st.integers(1, 256),
)


@given(cores)
def test_round_trip(core):
    """A core parses from its bytes, which begin with label and suite."""
    assert parse_core(core.encode()) == core
    assert unbind(Label.ITEM_CORE, core.encode())[0] == SUITE
    assert core_hash(core.encode()) == sha256(core.encode())


@given(st.binary(max_size=100))
def test_random_bytes(data):
    """Random bytes are no core, and give nothing but our error."""
    with pytest.raises(CryptoError):
        parse_core(data)


@given(data=st.data())
def test_changed_bytes(data, delivery):
    """A core with one changed byte is refused or re-encodes to exactly those bytes (N02)."""
    changed = bytearray(delivery.core.encode())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        core = parse_core(bytes(changed))
    except CryptoError:
        return
    assert core.encode() == bytes(changed)


@pytest.mark.parametrize("suite", [b"", b"\x00", b"\x02", b"\xff", b"\x01\x01"])
def test_other_suites(suite, delivery):
    """Another suite is refused before anything else is looked at: there is no older one to ask for (N03, N38)."""
    fields = unbind(Label.ITEM_CORE, delivery.core.encode())[1:]
    with pytest.raises(MalformedError, match="suite"):
        parse_core(bind(Label.ITEM_CORE, suite, *fields))
    with pytest.raises(MalformedError, match="suite"):
        parse_core(bind(Label.ITEM_CORE, suite))


@pytest.mark.parametrize(
    "change",
    [
        {"dossier": b""},
        {"item": "i" * 16},
        {"version": 0},
        {"version": 1},
        {"version": True},
        {"previous": b""},
        {"previous": b"x"},
        {"section": "Debts"},
        {"section": b"debts"},
        {"lane": ""},
        {"epoch": -1},
        {"section_key_hash": b""},
        {"author": bytes(15)},
        {"author_key_id": bytes(31)},
        {"author_kind": "robot"},
        {"type": "a b"},
        {"label": "x" * 65},
        {"issued": -1},
        {"data_from": 1.5},
        {"data_until": None},
        {"part_count": 0},
        {"part_count": 257},
    ],
)
def test_impossible(change, delivery):
    """A core with a field out of range cannot be made."""
    with pytest.raises(MalformedError):
        replace(delivery.core, **change)


def test_integer_above_range(delivery):
    """An integer that no format carries is refused when it is encoded."""
    with pytest.raises(MalformedError):
        replace(delivery.core, issued=MAX_INTEGER + 1).encode()
