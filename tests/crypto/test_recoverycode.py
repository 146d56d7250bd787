from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import ChecksumError, MalformedError, new_recovery_code
from crypto.recoverycode import format_recovery_code, parse_recovery_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.binary(min_size=20, max_size=20)


def test_generated():
    """A code is nine groups of four, carries 160 bits, and is new every time (N80)."""
    code = new_recovery_code()
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert len(parse_recovery_code(code)) == 20
    assert new_recovery_code() != code


@given(codes)
def test_round_trip(code):
    """A code round trips in either letter case, with hyphens, spaces or neither."""
    shown = format_recovery_code(code)
    for typed in (shown, shown.lower(), shown.replace("-", ""), shown.replace("-", " "), f" {shown} "):
        assert parse_recovery_code(typed) == code


@given(codes, st.data())
def test_typo(code, data):
    """One wrong symbol is caught (N13)."""
    shown = format_recovery_code(code).replace("-", "")
    at = data.draw(st.integers(0, 35))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != shown[at]]))
    with pytest.raises(ChecksumError):
        parse_recovery_code(shown[:at] + wrong + shown[at + 1 :])


@pytest.mark.parametrize("letter", "OILUoilu!é")
def test_letters_outside(letter):
    """O for 0, I or L for 1, and every other letter outside the alphabet is caught (N13)."""
    with pytest.raises(ChecksumError):
        parse_recovery_code(letter + format_recovery_code(bytes(20))[1:])


@given(st.text(max_size=50))
def test_random_text(typed):
    """Random text is mistyped, and gives nothing but that error."""
    with pytest.raises(ChecksumError):
        parse_recovery_code(typed)


@pytest.mark.parametrize("size", [0, 19, 21])
def test_size(size):
    """Only 20 bytes are spelled as a code."""
    with pytest.raises(MalformedError):
        format_recovery_code(bytes(size))
