"""Checkpoints: the origin, size and root of a log, as a signed note.

A log never signs two roots for one size, nor a smaller size after a larger one; that is the sequencer's to keep.
Source: c2sp.org/tlog-checkpoint@v1.0.0. Vectors: tests/vectors/checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import LogFormatError, NoteError
from audit.merkle import HASH_SIZE
from audit.note import Note, VerifierKey, parse_note, sign_note, verify_note
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError
from crypto.keys import SigningKey

MAX_SIZE: Final = 2**63 - 1
_ORIGIN: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its origin (a URL without scheme), the number of its entries, the 32-byte root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what the text form cannot carry."""
        if not _ORIGIN.fullmatch(self.origin) or not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise LogFormatError("not a checkpoint")

    def encode(self) -> str:
        """Return the text: origin, size and base64 root, one line each."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Parse the text of a checkpoint; raise LogFormatError.

    Extension lines are refused: this log writes none, and what no auditor can check no reader should see.
    """
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[-1] or not _SIZE.fullmatch(lines[1]):
        raise LogFormatError("text is not a checkpoint")
    try:
        root = decode_base64(lines[2])
    except CryptoError as error:
        raise LogFormatError("root of the checkpoint is not base64") from error
    return Checkpoint(lines[0], int(lines[1]), root)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> Note:
    """Sign with the log's key, whose name is the origin."""
    return sign_note(checkpoint.encode(), checkpoint.origin, key)


def verify_checkpoint(data: bytes, key: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Checkpoint:
    """Return the checkpoint in a note that the log and all these witnesses signed; raise NoteError, LogFormatError."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise NoteError("checkpoint is of another log")
    if set(verify_note(note, (key, *witnesses))) != {key, *witnesses}:
        raise NoteError("checkpoint lacks a wanted signature")
    return checkpoint
