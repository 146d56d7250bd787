"""Generated passphrases: six words and a two-digit check, about 77 bits.

A passphrase is never chosen by a person. Spelling is forgiving where it cannot matter (letter case, Unicode form,
spacing), and a mistype is caught before any derivation. Page: docs/spec/unlock.md. Vectors: tests/vectors/passphrase.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

from crypto.encoding import bind, sha256
from crypto.errors import ChecksumError
from crypto.labels import Label
from crypto.wordlist import word_set, words

PASSPHRASE_WORDS = 6
_CHECKS = 100
_SPACES = re.compile(r"[\t\n\r ]+")
_MAX_TYPED = 1_000


def new_passphrase() -> str:
    """Make a passphrase: six words drawn evenly from the list, then their check."""
    chosen = " ".join(secrets.choice(words()) for _ in range(PASSPHRASE_WORDS))
    return f"{chosen} {_check(chosen)}"


def parse_passphrase(typed: str) -> bytes:
    """Return the bytes that the key derives from: the six words with single spaces, without the check.

    Raise ChecksumError for a count other than six words and a check, a word that is not in the list, or a wrong check.
    """
    if len(typed) > _MAX_TYPED:
        raise ChecksumError("passphrase is mistyped")
    normal = _SPACES.sub(" ", unicodedata.normalize("NFKC", typed)).strip(" ").lower()
    *chosen, check = normal.split(" ")
    joined = " ".join(chosen)
    if len(chosen) != PASSPHRASE_WORDS or not word_set().issuperset(chosen) or check != _check(joined):
        raise ChecksumError("passphrase is mistyped")
    return joined.encode("ascii")


def _check(joined: str) -> str:
    """Return the check of six joined words, 00 to 99; it is as secret as they are and tells a server nothing."""
    number = int.from_bytes(sha256(bind(Label.PASSPHRASE_CHECK, joined.encode()))[:4], "big")
    return f"{number % _CHECKS:02d}"
