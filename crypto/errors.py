"""What can go wrong in this package: one base class, one leaf for each thing a caller does next."""

from __future__ import annotations


class CryptoError(Exception):
    """Base of every error that leaves this package; messages never hold content, names or keys."""


class MalformedError(CryptoError):
    """Bytes or a value that are not in the one accepted spelling of their format; refuse them."""


class TamperedError(CryptoError):
    """An opening failed. It never says why: one error and one message for every cause, so that nobody learns from it."""

    def __init__(self) -> None:
        super().__init__("not opened: wrong key, wrong place or changed bytes")


class SignatureError(CryptoError):
    """A statement is not signed by the key or keys that it must be signed by."""


class LimitError(CryptoError):
    """A size or a key derivation parameter lies outside the bounds that this software accepts."""


class ChecksumError(CryptoError):
    """A passphrase or recovery code was mistyped: its own check does not hold; ask again, send nothing."""


class PinError(CryptoError):
    """A key, chain or attestation differs from what was pinned or attested; stop, do not merely warn."""
