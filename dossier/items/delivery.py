"""One sealed item version as it was sent: what intake checks and the store keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.statements import Statement


@dataclass(frozen=True, slots=True)
class SealedPart:
    """The ciphertext of one part: in the request, or the id of a finished upload."""

    content: bytes | None
    upload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One sealed item version as it was sent."""

    dossier: bytes
    header: Statement
    sealed_key: bytes
    sealed_metadata: bytes
    parts: Sequence[SealedPart]
