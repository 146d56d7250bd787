"""Section keys: one 32-byte secret per section, lane and epoch, and what hangs on it.

The secret gives a sealing pair, to which agencies seal while the owner sleeps, and a list key, under which holders keep
item keys so that a list needs one public-key opening. Page: docs/spec/keys.md. Vectors: tests/vectors/section.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.encoding import ID_SIZE, u64
from crypto.errors import MalformedError, TamperedError
from crypto.headers import Header, check_item_key
from crypto.keys import SealingKey, key_hash
from crypto.kinds import is_code
from crypto.labels import Label
from crypto.seal import Context, hkdf, open_sealed, seal, unwrap, wrap


@dataclass(frozen=True)
class SectionPlace:
    """Which section key: dossier (16 bytes), section and lane (codes), epoch."""

    dossier: bytes
    section: str
    lane: str
    epoch: int

    def __post_init__(self) -> None:
        if len(self.dossier) != ID_SIZE or not (is_code(self.section) and is_code(self.lane)):
            raise MalformedError("not a section place")

    @property
    def context(self) -> Context:
        """The fields that every derivation and ciphertext of this section key binds."""
        return (self.dossier, self.section.encode(), self.lane.encode(), u64(self.epoch))


def section_sealing_key(secret: bytes, place: SectionPlace) -> SealingKey:
    """Derive the section's sealing pair from its secret."""
    return SealingKey.from_seed(hkdf(secret, Label.SECTION_KEM, *place.context))


def section_list_key(secret: bytes, place: SectionPlace) -> bytes:
    """Derive the key under which holders keep the section's item keys."""
    return hkdf(secret, Label.SECTION_LIST, *place.context)


def wrap_section(root: bytes, secret: bytes, place: SectionPlace) -> bytes:
    """Wrap a section secret under the dossier root, bound to its public key."""
    public = section_sealing_key(secret, place).public
    return wrap(Label.SECTION_SECRET, (*place.context, key_hash(public)), root, secret)


def unwrap_section(root: bytes, wrapped: bytes, place: SectionPlace, public_key: bytes) -> bytes:
    """Unwrap a section secret and recompute its public key (R1).

    `public_key` is the one in the section-key statement. Raise TamperedError.
    """
    secret = unwrap(Label.SECTION_SECRET, (*place.context, key_hash(public_key)), root, wrapped)
    if section_sealing_key(secret, place).public != public_key:
        raise TamperedError
    return secret


def adopt_item_key(list_key: bytes, item_key: bytes, place: SectionPlace, header: Header) -> bytes:
    """Wrap an item key under the list key of the section where the item stands now.

    Raise TamperedError, and wrap nothing, unless the header commits to the item key.
    """
    check_item_key(header, item_key)
    return wrap(Label.ADOPTED_ITEM_KEY, (header.hash, *place.context), list_key, item_key)


def open_adopted(list_key: bytes, wrapped: bytes, place: SectionPlace, header: Header) -> bytes:
    """Open an adopted item key and check it against the header; raise TamperedError (then use the sealed one)."""
    item_key = unwrap(Label.ADOPTED_ITEM_KEY, (header.hash, *place.context), list_key, wrapped)
    check_item_key(header, item_key)
    return item_key


def seal_placed(item_key: bytes, place: SectionPlace, header: Header, section_public: bytes) -> bytes:
    """Seal an item key to the section that a placement moves the item to; the placement names the SHA-256 of it.

    Raise TamperedError, and seal nothing, unless the header commits to the item key.
    """
    check_item_key(header, item_key)
    return seal(Label.PLACED_ITEM_KEY, (header.hash, *place.context), section_public, item_key)


def open_placed(sealed: bytes, place: SectionPlace, header: Header, key: SealingKey) -> bytes:
    """Open an item key that came with a placement and check it against the header; raise TamperedError."""
    item_key = open_sealed(Label.PLACED_ITEM_KEY, (header.hash, *place.context), key, sealed)
    check_item_key(header, item_key)
    return item_key
