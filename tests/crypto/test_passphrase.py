from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import ChecksumError, new_passphrase
from crypto.passphrase import PASSPHRASE_WORDS, parse_passphrase
from crypto.wordlist import WORD_COUNT, words


def test_generated():
    """A passphrase has six words of the list, over 77 bits, and its own check; two are never the same (N80)."""
    phrase = new_passphrase()
    *chosen, check = phrase.split(" ")
    assert set(chosen) <= set(words())
    assert len(chosen) == PASSPHRASE_WORDS
    assert len(check) == 2
    assert math.log2(WORD_COUNT**PASSPHRASE_WORDS) > 77
    assert parse_passphrase(phrase).decode() == " ".join(chosen)
    assert new_passphrase() != phrase


@given(
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    st.lists(st.sampled_from([" ", "  ", "\t", "\n", " \r\n"]), min_size=8, max_size=8),
)
def test_spelling(form, spaces):
    """Letter case, Unicode form and spacing do not matter (N12)."""
    phrase = new_passphrase()
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in phrase.replace(" ", "")[:5]) + phrase[5:]
    typed = spaces[0] + "".join(a + b for a, b in zip(wide.split(" "), spaces[1:], strict=True))
    assert parse_passphrase(unicodedata.normalize(form, typed.upper())) == parse_passphrase(phrase)


@given(st.data())
def test_one_letter_wrong(data):
    """A letter that no word has is caught wherever it stands (N12)."""
    phrase = data.draw(st.builds(new_passphrase))
    at = data.draw(st.sampled_from([at for at, letter in enumerate(phrase[:-3]) if letter != " "]))
    typed = f"{phrase[:at]}{'y'}{phrase[at + 1 :]}"
    with pytest.raises(ChecksumError):
        parse_passphrase(typed)


@given(st.text(max_size=60))
def test_random_text(typed):
    """Random text is mistyped, and gives nothing but that error."""
    with pytest.raises(ChecksumError):
        parse_passphrase(typed)
