"""Recovery codes: 160 random bits and a 20-bit check, as nine groups of four letters and digits.

The 32 letters leave out I, L, O and U: such a letter is a mistype and is caught here, as every other one is, before
anything is sent. Page: docs/spec/unlock.md. Vectors: tests/vectors/recovery-code.
"""

from __future__ import annotations

import secrets

from crypto.encoding import bind, sha256
from crypto.errors import ChecksumError, MalformedError
from crypto.labels import Label

CODE_SIZE = 20
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_SYMBOLS = 36
_CHECK_BITS = 20
_GROUP = 4


def new_recovery_code() -> str:
    """Make a recovery code as it is shown: XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX."""
    return format_recovery_code(secrets.token_bytes(CODE_SIZE))


def format_recovery_code(code: bytes) -> str:
    """Spell 20 bytes as a recovery code; raise MalformedError for another length."""
    if len(code) != CODE_SIZE:
        raise MalformedError("a recovery code is 20 bytes")
    number = int.from_bytes(code, "big") << _CHECK_BITS | _check(code)
    symbols = "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(_SYMBOLS)))
    return "-".join(symbols[at : at + _GROUP] for at in range(0, _SYMBOLS, _GROUP))


def parse_recovery_code(typed: str) -> bytes:
    """Return the 20 bytes of a typed code, in either letter case, with or without hyphens and spaces.

    Raise ChecksumError for any letter outside the alphabet, another length, or a wrong check.
    """
    symbols = typed.replace("-", "").replace(" ", "")
    if len(symbols) != _SYMBOLS or not symbols.isascii():
        raise ChecksumError("recovery code is mistyped")
    number = 0
    for symbol in symbols.upper():
        if symbol not in _VALUES:
            raise ChecksumError("recovery code is mistyped")
        number = number << 5 | _VALUES[symbol]
    code = (number >> _CHECK_BITS).to_bytes(CODE_SIZE, "big")
    if number & (1 << _CHECK_BITS) - 1 != _check(code):
        raise ChecksumError("recovery code is mistyped")
    return code


def _check(code: bytes) -> int:
    return int.from_bytes(sha256(bind(Label.RECOVERY_CHECK, code))[:3], "big") >> (24 - _CHECK_BITS)
