"""Identifiers: checked, found by HMAC, never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import InvalidRequestError
from dossier.parties.identifiers import identifier_hmac, parse_identifier

KEY = b"k" * 32


def test_known_schemes_are_parsed():
    """BSN and RSIN have nine digits and pass the eleven-test, a KVK number has eight digits."""
    for text in ("bsn:999880007", "rsin:999880019", "kvk:99990021"):
        found = parse_identifier(text)
        assert f"{found.scheme}:{found.number}" == text


@pytest.mark.parametrize(
    "text",
    [
        "bsn:999880008",
        "bsn:000000000",
        "bsn:99988000",
        "bsn:9998800070",
        "bsn:99988000\u0667",
        "bsn: 99880007",
        "bsn:99988000a",
        "kvk:9999002",
        "kvk:-9990021",
        "BSN:999880007",
        "passport:999880007",
        "999880007",
        "bsn:",
        "",
    ],
)
def test_anything_else_is_refused(text):
    """A wrong check digit, length, digit or scheme is no identifier, and the message does not repeat it."""
    with pytest.raises(InvalidRequestError) as caught:
        parse_identifier(text)
    assert caught.value.code == "invalid-identifier"
    assert not text or text not in str(caught.value)


def test_an_identifier_never_prints_its_number():
    """Neither repr nor str shows the number."""
    found = parse_identifier("bsn:999880007")
    assert "999880007" not in repr(found) + str(found)


def test_the_hash_depends_on_key_scheme_and_number():
    """Another key, scheme or number gives another hash; the same gives the same."""
    first = identifier_hmac(KEY, parse_identifier("bsn:999880007"))
    assert first == identifier_hmac(KEY, parse_identifier("bsn:999880007"))
    others = [
        identifier_hmac(b"j" * 32, parse_identifier("bsn:999880007")),
        identifier_hmac(KEY, parse_identifier("rsin:999880007")),
        identifier_hmac(KEY, parse_identifier("bsn:999880019")),
    ]
    assert len({first, *others}) == 4


def test_a_wrong_key_is_our_own_mistake():
    """A key of another length is no error of the caller."""
    with pytest.raises(RuntimeError):
        identifier_hmac(b"short", parse_identifier("bsn:999880007"))


@given(st.text(max_size=20) | st.from_regex(r"(bsn|rsin|kvk):[0-9]{7,10}", fullmatch=True))
def test_nothing_but_our_error_escapes(text):
    """Any text is an identifier that re-encodes to itself, or is refused."""
    try:
        found = parse_identifier(text)
    except InvalidRequestError:
        return
    assert f"{found.scheme}:{found.number}" == text
