"""Verifying a log from its public files alone: signature, every entry and tile, and what was seen before.

This is the engine of `dossier log verify`. Pages: docs/spec/log.md. A later step adds witnesses to what is demanded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint, verify_checkpoint
from audit.control import ControlLeaf
from audit.errors import AuditError, LogFormatError
from audit.fsck import Progress, check_log
from audit.merkle import HASH_SIZE
from audit.note import VerifierKey
from audit.published import Fetcher, Finding
from crypto.canonical import decode_json, encode_json
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError

_STATE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LogState:
    """What a verifier remembers: the largest tree that it found in order."""

    origin: str
    size: int
    root: bytes

    def encode(self) -> bytes:
        """Return the state as canonical JSON."""
        root = encode_base64(self.root)
        return encode_json({"version": _STATE_VERSION, "origin": self.origin, "size": self.size, "root": root})


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found; in order means no findings, and only then does the state move."""

    origin: str
    size: int
    root: bytes
    findings: tuple[Finding, ...]
    controls: tuple[tuple[int, ControlLeaf], ...]
    state: LogState | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def parse_state(data: bytes) -> LogState:
    """Parse a saved state; raise LogFormatError."""
    try:
        value = decode_json(data)
        if not isinstance(value, dict) or value.keys() != {"version", "origin", "size", "root"}:
            raise LogFormatError("not the state of a log")
        checkpoint = Checkpoint(value["origin"], value["size"], decode_base64(value["root"]))
    except (CryptoError, TypeError) as error:
        raise LogFormatError("not the state of a log") from error
    state = LogState(checkpoint.origin, checkpoint.size, checkpoint.root)
    if type(state.size) is not int or state.encode() != data:
        raise LogFormatError("state of the log is of another version or form")
    return state


def verify_log(
    fetcher: Fetcher,
    key: VerifierKey,
    state: LogState | None = None,
    *,
    witnesses: Sequence[VerifierKey] = (),
    progress: Progress | None = None,
) -> Report:
    """Check the log that `key` signs, and that it extends what `state` remembers.

    Never raises for a bad log: what is wrong stands in the report. Failures of the fetcher itself are raised.
    """
    signed = fetcher.checkpoint()
    if signed is None:
        return _unsigned(key, state, Finding("missing", "checkpoint", "is not there"))
    try:
        checkpoint = verify_checkpoint(signed, key, witnesses)
    except AuditError as error:
        return _unsigned(key, state, Finding("checkpoint", "checkpoint", str(error)))
    past = _against(state, checkpoint)
    then = state.size if state is not None and not past else 0
    walked = check_log(fetcher, checkpoint, key, then, progress)
    if state is not None and not past and walked.root_then != state.root:
        past = [Finding("fork", "checkpoint", f"the first {state.size} entries are not those that were seen before")]
    findings = (*past, *walked.findings)
    new = state if findings else LogState(checkpoint.origin, checkpoint.size, checkpoint.root)
    return Report(checkpoint.origin, checkpoint.size, checkpoint.root, findings, walked.controls, new)


def _unsigned(key: VerifierKey, state: LogState | None, finding: Finding) -> Report:
    """The report of a log that shows no checkpoint to go by."""
    return Report(key.name, 0, bytes(HASH_SIZE), (finding,), (), state)


def _against(state: LogState | None, checkpoint: Checkpoint) -> list[Finding]:
    if state is None:
        return []
    if state.origin != checkpoint.origin:
        return [Finding("origin", "checkpoint", "state is of another log")]
    if state.size > checkpoint.size:
        return [Finding("rollback", "checkpoint", f"log shrank from {state.size} to {checkpoint.size} entries")]
    return []
