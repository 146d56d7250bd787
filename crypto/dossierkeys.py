"""The keys of a dossier itself: the dossier key signs, the dossier root wraps section secrets and gives the inbox pair.

Because the inbox pair derives from the root, the signed inbox key is the commitment to the root: a holder who receives
a root can tell that it is the dossier's. Page: docs/spec/keys.md. Vectors: tests/vectors/dossier-keys.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import NoReturn

from crypto.encoding import u64
from crypto.errors import MalformedError, TamperedError
from crypto.keys import SEED_SIZE, SealingKey, SigningKey, key_hash
from crypto.labels import Label
from crypto.seal import hkdf, unwrap, wrap


def inbox_key(root: bytes, dossier: bytes, sequence: int) -> SealingKey:
    """Derive the inbox pair of one epoch of the dossier: for requests and reasons in people's own words."""
    return SealingKey.from_seed(hkdf(root, Label.DOSSIER_INBOX, dossier, u64(sequence)))


@dataclass(frozen=True, eq=False)
class DossierKeys:
    """What a full holder holds for one epoch: the dossier key's seed and the root, 32 bytes each; never printed."""

    signing_seed: bytes = field(repr=False)
    root: bytes = field(repr=False)

    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __post_init__(self) -> None:
        if len(self.signing_seed) != SEED_SIZE or len(self.root) != SEED_SIZE:
            raise MalformedError("dossier keys are 32 bytes each")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DossierKeys):
            return NotImplemented
        return hmac.compare_digest(self.signing_seed + self.root, other.signing_seed + other.root)

    def __reduce__(self) -> NoReturn:
        raise TypeError("secret keys are not pickled")


def wrap_dossier_keys(root: bytes, keys: DossierKeys, dossier: bytes, sequence: int) -> bytes:
    """Wrap the keys of a dossier under the holder's own user root, bound to the two public keys."""
    publics = _publics(keys, dossier, sequence)
    context = (dossier, u64(sequence), *map(key_hash, publics))
    return wrap(Label.DOSSIER_KEYS, context, root, keys.signing_seed + keys.root)


def unwrap_dossier_keys(
    root: bytes, wrapped: bytes, dossier: bytes, sequence: int, *, key: bytes, inbox: bytes
) -> DossierKeys:
    """Unwrap the keys of a dossier and recompute both public keys (R1).

    `key` and `inbox` are the public keys of the dossier-key statement. Raise TamperedError.
    """
    context = (dossier, u64(sequence), key_hash(key), key_hash(inbox))
    plaintext = unwrap(Label.DOSSIER_KEYS, context, root, wrapped)
    keys = DossierKeys(plaintext[:SEED_SIZE], plaintext[SEED_SIZE:])
    found = b"".join(_publics(keys, dossier, sequence))
    if not hmac.compare_digest(found, key + inbox):
        raise TamperedError
    return keys


def _publics(keys: DossierKeys, dossier: bytes, sequence: int) -> tuple[bytes, bytes]:
    return SigningKey.from_seed(keys.signing_seed).public, inbox_key(keys.root, dossier, sequence).public
