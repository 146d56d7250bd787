from __future__ import annotations

import re
import runpy
import sys

from crypto.wordlist import WORD_COUNT, make_words, word_set, words


def test_frozen():
    """The list in the package is the one that its rule makes."""
    assert words() == make_words()
    assert word_set() == set(words())


def test_shape():
    """7,776 words of five letters in order, told apart by the first four."""
    assert len(words()) == WORD_COUNT == 6**5
    assert list(words()) == sorted(set(words()))
    assert all(re.fullmatch("[a-z]{5}", word) for word in words())
    assert len({word[:4] for word in words()}) == WORD_COUNT


def test_distance():
    """Two words that differ in one of the first four letters mostly differ in the last as well: typos miss the list."""
    near = 0
    for word in words()[::97]:
        for at in range(4):
            near += (
                sum(word[:at] + letter + word[at + 1 :] in word_set() for letter in "abcdefghijklmnopqrstuvwxyz") - 1
            )
    assert near / (len(words()[::97]) * 4 * 25) < 0.12


def test_prints(capsys, monkeypatch):
    """Running the module prints the list."""
    monkeypatch.delitem(sys.modules, "crypto.wordlist")
    runpy.run_module("crypto.wordlist", run_name="__main__")
    assert tuple(capsys.readouterr().out.split()) == words()
