"""The core of an item version: all that is known before sealing, bound into everything that is sealed for it.

Page: docs/spec/items.md. Vectors: tests/vectors/item-core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from crypto.encoding import HASH_SIZE, ID_SIZE, bind, parse_u64, sha256, u64, unbind
from crypto.errors import MalformedError
from crypto.kinds import is_code
from crypto.labels import SUITE, Label

MAX_PARTS = 256
AUTHOR_KINDS = ("system", "person")


@dataclass(frozen=True)
class Core:
    """What an item version is and where it was born.

    Ids are 16 bytes, hashes 32; section, lane, type and label are codes; times are UTC seconds, 0 for none; `previous`
    is the hash of the header of the version before, empty for version 1; `data_from` and `data_until` bound the period
    that the data are about. Making one raises MalformedError if a field is not as described.
    """

    dossier: bytes
    item: bytes
    version: int
    previous: bytes
    section: str
    lane: str
    epoch: int
    section_key_hash: bytes
    author: bytes
    author_key_id: bytes
    author_kind: str
    type: str
    label: str
    issued: int
    data_from: int
    data_until: int
    part_count: int

    def __post_init__(self) -> None:
        for value, (_, _, check) in zip(self._values(), _FIELDS, strict=True):
            if not check(value):
                raise MalformedError("item core field out of range")
        if (self.version == 1) != (self.previous == b""):
            raise MalformedError("every version but the first names the one before")

    def encode(self) -> bytes:
        """Return the exact bytes of the core; they stand in the signed header."""
        encoded = (encode(value) for value, (encode, _, _) in zip(self._values(), _FIELDS, strict=True))
        return bind(Label.ITEM_CORE, SUITE, *encoded)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


def parse_core(data: bytes) -> Core:
    """Parse the bytes of a core; raise MalformedError, for another suite before anything else is looked at."""
    suite, *values = unbind(Label.ITEM_CORE, data) or (b"",)
    if suite != SUITE:
        raise MalformedError("unknown suite")
    if len(values) != len(_FIELDS):
        raise MalformedError("wrong count of item core fields")
    return Core(*(decode(value) for value, (_, decode, _) in zip(values, _FIELDS, strict=True)))


def core_hash(data: bytes) -> bytes:
    """Return SHA-256 of the core bytes, which begin with their label; every key and ciphertext binds it."""
    return sha256(data)


_Field = tuple[Callable[[Any], bytes], Callable[[bytes], Any], Callable[[Any], bool]]


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("item core text is not a code") from error


def _bytes(*sizes: int) -> _Field:
    return bytes, bytes, lambda value: type(value) is bytes and len(value) in sizes


def _count(low: int, high: int | None = None) -> _Field:
    return u64, parse_u64, lambda value: type(value) is int and low <= value and (high is None or value <= high)


_CODE: _Field = (str.encode, _decode_text, lambda value: type(value) is str and is_code(value))
_KIND: _Field = (str.encode, _decode_text, lambda value: value in AUTHOR_KINDS)

_FIELDS: tuple[_Field, ...] = (
    _bytes(ID_SIZE),  # dossier
    _bytes(ID_SIZE),  # item
    _count(1),  # version
    _bytes(0, HASH_SIZE),  # previous
    _CODE,  # section
    _CODE,  # lane
    _count(0),  # epoch
    _bytes(HASH_SIZE),  # section_key_hash
    _bytes(ID_SIZE),  # author
    _bytes(HASH_SIZE),  # author_key_id
    _KIND,  # author_kind
    _CODE,  # type
    _CODE,  # label
    _count(0),  # issued
    _count(0),  # data_from
    _count(0),  # data_until
    _count(1, MAX_PARTS),  # part_count
)
"""How each field of Core, in order, is encoded, decoded and checked."""
