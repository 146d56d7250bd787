"""The 7,776 words of passphrases, made by rule rather than copied: run this module to print the list.

A word is two syllables whose last letter the four before it determine (a consonant after two open syllables, a vowel
after a cluster), so that four letters tell every word and one wrong letter seldom gives another word. Words are
pronounceable in Dutch and English and mean nothing; syllables that are rude in either are left out. The list is frozen:
`words.txt` is what this rule printed, and a test compares them. Page: docs/spec/unlock.md.
"""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

WORD_COUNT = 7_776
_VOWELS = "aeiou"
_CONSONANTS = "bdfghjklmnprstvwz"
_CLUSTERS = ("bl", "br", "dr", "fl", "fr", "gl", "gr", "kl", "kr", "pl", "pr", "sl", "st", "tr")
_LAST = "klmnrst"
_LEFT_OUT = (
    "anu dik dod fag fuk gat hoer homo jode kak kan kuk kut lul moro naz neg nig pede pedo pik pis poe pop pot rap seks "
    "sek slet slut snol tet tit trut"
)


@cache
def words() -> tuple[str, ...]:
    """Return the list in its frozen order; the index of a word is its value."""
    return tuple(Path(__file__).with_name("words.txt").read_text(encoding="ascii").split())


@cache
def word_set() -> frozenset[str]:
    """Return the words for looking up."""
    return frozenset(words())


def make_words() -> tuple[str, ...]:
    """Make the list again from its rule."""
    open_stems = ("".join(p) for p in itertools.product(_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS))
    cluster_stems = ("".join(p) for p in itertools.product(_CLUSTERS, _VOWELS, _CONSONANTS))
    candidates = itertools.chain(
        (stem + _last_letter(stem, _LAST) for stem in open_stems),
        (stem + _last_letter(stem, _VOWELS) for stem in cluster_stems),
    )
    kept = (word for word in candidates if not any(rude in word for rude in _LEFT_OUT.split()))
    return tuple(sorted(itertools.islice(kept, WORD_COUNT)))


def _last_letter(stem: str, choices: str) -> str:
    """Weigh the letters by their place, so that a changed or a swapped letter asks for another last letter."""
    weight = sum((at + 1) * (ord(letter) - ord("a")) for at, letter in enumerate(stem))
    return choices[weight % len(choices)]


if __name__ == "__main__":
    print("\n".join(make_words()))  # noqa: T201 - printing the list is what running this module is for
