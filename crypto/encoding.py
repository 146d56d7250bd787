"""Strict byte encodings: each value has one spelling, and every decoder re-encodes and compares.

Formats: docs/spec/encoding.md. Vectors: tests/vectors/encoding, tests/vectors/base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from crypto.errors import MalformedError

MAX_INTEGER = 2**53 - 1
"""The largest integer that every format of the project may carry: JavaScript holds no larger one exactly."""

ID_SIZE = 16
BUCKET_SIZE = 2
HASH_SIZE = 32


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def u64(value: int) -> bytes:
    """Encode an integer of 0 to 2^53-1 as 8 bytes, little-endian; raise MalformedError outside that range."""
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise MalformedError("integer out of range")
    return value.to_bytes(8, "little")


def parse_u64(data: bytes) -> int:
    """Decode what `u64` encoded; raise MalformedError for another length or a value above 2^53-1."""
    value = int.from_bytes(data, "little")
    if len(data) != 8 or value > MAX_INTEGER:  # noqa: PLR2004 - the size stands in the name
        raise MalformedError("not a 64-bit integer in range")
    return value


def bind(label: str, *fields: bytes) -> bytes:
    """Join a label and fields so that no two lists of fields give the same bytes.

    The count of pieces (label included), then each piece with its length, as 8 bytes little-endian each.
    """
    pieces = (label.encode(), *fields)
    parts = [len(pieces).to_bytes(8, "little")]
    for piece in pieces:
        parts += (len(piece).to_bytes(8, "little"), piece)
    return b"".join(parts)


def unbind(label: str, data: bytes) -> tuple[bytes, ...]:
    """Split what `bind` joined under `label`; raise MalformedError for anything that `bind` cannot have made."""
    pieces: list[bytes] = []
    count, at = parse_u64(data[:8]), 8
    while at < len(data):
        end = at + 8 + parse_u64(data[at : at + 8])
        if end > len(data) or len(pieces) == count:
            raise MalformedError("wrong length in bound fields")
        pieces.append(data[at + 8 : end])
        at = end
    if len(pieces) != count or not pieces or pieces[0] != label.encode():
        raise MalformedError("wrong count or label of bound fields")
    return tuple(pieces[1:])


def encode_base64(data: bytes) -> str:
    """Encode as RFC 4648 section 4 base64, padded, on one line."""
    return binascii.b2a_base64(data, newline=False).decode()


def decode_base64(text: str) -> bytes:
    """Decode padded RFC 4648 section 4 base64; raise MalformedError for any other spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise MalformedError("not base64") from error
    # The library accepts stray bits in the last character; comparing leaves one spelling per value.
    if base64.b64encode(data).decode() != text:
        raise MalformedError("not canonical base64")
    return data


def encode_hex(data: bytes) -> str:
    """Encode as lower-case hexadecimal."""
    return data.hex()


def decode_hex(text: str, size: int) -> bytes:
    """Decode exactly `size` bytes of lower-case hexadecimal; raise MalformedError for anything else."""
    try:
        data = binascii.unhexlify(text)
    except (ValueError, TypeError) as error:
        raise MalformedError("not hexadecimal") from error
    if len(data) != size or data.hex() != text:
        raise MalformedError("not lower-case hexadecimal of the wanted length")
    return data


def new_id(bucket: bytes | None = None) -> bytes:
    """Make a 16-byte id: 2 bytes of bucket (random for a new stream, else inherited) and 14 random bytes."""
    if bucket is None:
        return secrets.token_bytes(ID_SIZE)
    if len(bucket) != BUCKET_SIZE:
        raise MalformedError("a bucket is 2 bytes")
    return bucket + secrets.token_bytes(ID_SIZE - BUCKET_SIZE)
