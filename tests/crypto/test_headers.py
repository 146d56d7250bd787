from __future__ import annotations

import pytest

from crypto import MalformedError, encode_hex, parse_header, sign
from crypto.headers import content_key, item_commitment, metadata_key


def signed(delivery, **changes):
    return sign("item-header", dict(delivery.sealed.header.payload) | changes, delivery.author)


def test_facts(delivery):
    """A header gives the core, the hashes and the parts that were signed."""
    header = delivery.header
    assert header.core == delivery.core
    assert header.hash == delivery.sealed.header.hash
    assert encode_hex(header.commitment) == header.statement.payload["commitment"]
    assert [info.length for info in header.parts] == [len(content) for content in delivery.contents]


def test_contradictions(delivery):
    """A header whose fields contradict each other is refused."""
    part = delivery.sealed.header.payload["parts"][0]
    for changes in (
        {"signer": "0" * 32},
        {"parts": [part]},
        {"parts": [part, part, part]},
        {"parts": [part | {"chunks": 0}, part]},
        {"core": "QQ=="},
    ):
        with pytest.raises(MalformedError):
            parse_header(signed(delivery, **changes))


def test_other_kind(delivery):
    """Another kind of statement is no header."""
    payload = {"case": "1" * 32, "reason": "solved", "signer": "2" * 32, "issuedAt": 1, "organisation": "", "role": ""}
    with pytest.raises(MalformedError):
        parse_header(sign("case-closure", payload, delivery.author))


def test_keys_differ(delivery):
    """Commitment, metadata key and the key of each part are all different."""
    key, core = delivery.item_key, delivery.header.core_hash
    derived = {item_commitment(key, core), metadata_key(key, core), *(content_key(key, core, n) for n in range(10))}
    assert len(derived) == 12
