"""tlog-proof: one text that shows an entry to be in a log, to be checked offline.

Source: c2sp.org/tlog-proof. Vectors: tests/vectors/proof.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint, verify_checkpoint
from audit.errors import LogFormatError
from audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from audit.note import VerifierKey
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PATH: Final = 64
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_EXTRA: Final = "extra "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Where the entry stands, its path, and the checkpoint note as it was published; `extra` is not authenticated."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the text."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(_EXTRA + encode_base64(self.extra))
        lines.append(f"index {self.index}")
        lines += [encode_base64(step) for step in self.path]
        return "\n".join((*lines, "", "")).encode() + self.checkpoint


def parse_proof(data: bytes) -> TlogProof:
    """Parse a proof; raise LogFormatError. Nothing in it is verified yet."""
    head, found, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError as error:
        raise LogFormatError("proof is not utf-8") from error
    if not found or lines.pop(0) != HEADER:
        raise LogFormatError("not a proof")
    extra = _base64(lines.pop(0).removeprefix(_EXTRA)) if lines and lines[0].startswith(_EXTRA) else None
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    path = tuple(_base64(line) for line in lines)
    if match is None or len(path) > MAX_PATH or any(len(step) != HASH_SIZE for step in path):
        raise LogFormatError("proof is not well-formed")
    return TlogProof(int(match[1]), path, checkpoint, extra)


def verify_proof(proof: TlogProof, entry: bytes, key: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Checkpoint:
    """Return the checkpoint under which `entry` stands in the log at the proof's index.

    Raise NoteError unless log and witnesses signed, ProofError for another entry or place, LogFormatError.
    """
    checkpoint = verify_checkpoint(proof.checkpoint, key, witnesses)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint


def _base64(line: str) -> bytes:
    try:
        return decode_base64(line)
    except CryptoError as error:
        raise LogFormatError("line of a proof is not base64") from error
