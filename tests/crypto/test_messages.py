"""Words sealed to an inbox open for what they belong to, and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import LimitError, MalformedError, TamperedError
from crypto.keys import SealingKey
from crypto.messages import MAX_MESSAGE, MAX_WORDS, open_message, seal_message

KEY = SealingKey.from_seed(bytes(range(32)))
KIND, DOSSIER, REQUEST = "access-request", bytes(range(16)), bytes(range(16, 32))


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=300))
def test_what_is_sealed_opens(words):
    """Any words of Unicode come back as they were; the length shows in steps of 256 bytes only (P1)."""
    sealed = seal_message(KIND, DOSSIER, REQUEST, KEY.public, words)
    assert open_message(KIND, DOSSIER, REQUEST, KEY, sealed) == words
    assert (len(sealed) - 1_136) % 256 == 0


@pytest.mark.parametrize(
    "kind, dossier, about",
    [("access-answer", DOSSIER, REQUEST), (KIND, REQUEST, REQUEST), (KIND, DOSSIER, DOSSIER)],
)
def test_words_belong_to_one_thing(kind, dossier, about):
    """Words do not open as those of another kind, dossier or request."""
    sealed = seal_message(KIND, DOSSIER, REQUEST, KEY.public, "words")
    with pytest.raises(TamperedError):
        open_message(kind, dossier, about, KEY, sealed)


@pytest.mark.parametrize(
    "kind, dossier, about", [("consent", DOSSIER, REQUEST), (KIND, DOSSIER[1:], REQUEST), (KIND, DOSSIER, b"")]
)
def test_only_known_kinds_carry_words(kind, dossier, about):
    """Nothing is sealed or opened for an unknown kind or an id of another size."""
    with pytest.raises(MalformedError):
        seal_message(kind, dossier, about, KEY.public, "words")
    with pytest.raises(MalformedError):
        open_message(kind, dossier, about, KEY, b"")


def test_the_longest_message():
    """Exactly as many bytes as fit are sealed, and no more are opened."""
    sealed = seal_message(KIND, DOSSIER, REQUEST, KEY.public, "w" * MAX_WORDS)
    assert len(sealed) <= MAX_MESSAGE < len(sealed) + 256
    with pytest.raises(LimitError):
        seal_message(KIND, DOSSIER, REQUEST, KEY.public, "w" * (MAX_WORDS + 1))
    with pytest.raises(LimitError):
        open_message(KIND, DOSSIER, REQUEST, KEY, bytes(MAX_MESSAGE + 1))


@pytest.mark.parametrize("words", ["", "\ud800"])
def test_what_are_no_words(words):
    """Empty words and lone surrogates are never sealed."""
    with pytest.raises(MalformedError):
        seal_message(KIND, DOSSIER, REQUEST, KEY.public, words)


@given(st.binary(max_size=9_000))
@settings(max_examples=50)
def test_random_bytes_are_refused(data):
    """Whatever arrives, nothing but our own errors leaves."""
    with pytest.raises((TamperedError, LimitError)):
        open_message(KIND, DOSSIER, REQUEST, KEY, data)
