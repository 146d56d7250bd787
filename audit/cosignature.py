"""What a witness signs: a note's text with the time at which the witness saw it.

The message does not contain the witness's name, so each witness has a key of its own.
Source: c2sp.org/tlog-cosignature, Ed25519 cosignatures (type 0x04).
"""

from __future__ import annotations

from typing import Final

from audit.errors import LogFormatError

_TIME_SIZE: Final = 8
_SIZE: Final = _TIME_SIZE + 64
_MAX_TIME: Final = 2**63


def cosigned_message(text: str, seconds: int) -> bytes:
    """Return the bytes under a cosignature made at a time in UTC seconds."""
    if not 0 <= seconds < _MAX_TIME:
        raise LogFormatError("time of a cosignature is out of range")
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def split_cosignature(blob: bytes) -> tuple[int, bytes]:
    """Split the 72 bytes of a signature line into the time in UTC seconds and the Ed25519 signature."""
    if len(blob) != _SIZE:
        raise LogFormatError("a cosignature is 72 bytes")
    return int.from_bytes(blob[:_TIME_SIZE], "big"), blob[_TIME_SIZE:]
