"""Control leaves: the public facts of the log, the service and the register, readable by anybody.

A control leaf is 0x02 and one canonical JSON object with its kind, ended by a newline. Leaf 0 names the origin and all
keys that clients pin. Page: docs/spec/log.md. Vectors: tests/vectors/leaf.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from audit.errors import LogFormatError
from audit.note import VerifierKey, parse_verifier_key
from audit.stream import CONTROL_LEAF
from crypto.canonical import decode_json, encode_json
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError

LOG_KIND: Final = "log"
_KIND: Final = re.compile(r"(?=[a-z0-9-]{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_FIRST: Final = bytes((CONTROL_LEAF,))
_KEY_SIZE: Final = 32
_LOG_FIELDS: Final = {"origin", "logKey", "promiseKey", "directoryKey", "registerKeys", "registerThreshold"}


@dataclass(frozen=True, slots=True)
class ControlLeaf:
    """A public fact: its kind (a code) and its fields (JSON values)."""

    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What leaf 0 says: the origin, and every key that a client pins at its first contact."""

    origin: str
    log_key: VerifierKey
    promise_key: VerifierKey
    directory_key: bytes
    register_keys: tuple[bytes, ...]
    register_threshold: int

    def __post_init__(self) -> None:
        """Refuse a log key of another name, doubled register keys and a threshold that cannot be met."""
        keys = (self.directory_key, *self.register_keys)
        if self.log_key.name != self.origin or any(len(key) != _KEY_SIZE for key in keys):
            raise LogFormatError("identity of the log is not well-formed")
        if not 0 < self.register_threshold <= len(set(self.register_keys)) == len(self.register_keys):
            raise LogFormatError("threshold of the register cannot be met")


def encode_control(kind: str, fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a control leaf; raise LogFormatError for what is not restricted JSON."""
    if not _KIND.fullmatch(kind) or "kind" in fields:
        raise LogFormatError("not the kind of a control leaf")
    try:
        return _FIRST + encode_json({"kind": kind, **fields}) + b"\n"
    except CryptoError as error:
        raise LogFormatError("control leaf is not canonical json") from error


def parse_control(data: bytes) -> ControlLeaf:
    """Parse a control leaf; raise LogFormatError."""
    if not data.startswith(_FIRST) or not data.endswith(b"\n"):
        raise LogFormatError("not a control leaf")
    try:
        value = decode_json(data[1:-1])
    except CryptoError as error:
        raise LogFormatError("control leaf is not canonical json") from error
    if not isinstance(value, dict) or not isinstance(kind := value.pop("kind", None), str) or not _KIND.fullmatch(kind):
        raise LogFormatError("control leaf has no kind")
    return ControlLeaf(kind, MappingProxyType(value))


def encode_identity(identity: LogIdentity) -> bytes:
    """Return the bytes of control leaf 0."""
    return encode_control(
        LOG_KIND,
        {
            "origin": identity.origin,
            "logKey": str(identity.log_key),
            "promiseKey": str(identity.promise_key),
            "directoryKey": encode_base64(identity.directory_key),
            "registerKeys": [encode_base64(key) for key in identity.register_keys],
            "registerThreshold": identity.register_threshold,
        },
    )


def parse_identity(data: bytes) -> LogIdentity:
    """Parse control leaf 0; raise LogFormatError for another kind of leaf, unknown or missing fields."""
    leaf = parse_control(data)
    if leaf.kind != LOG_KIND or leaf.fields.keys() != _LOG_FIELDS:
        raise LogFormatError("not the identity of a log")
    return _identity(leaf.fields)


def _identity(fields: Mapping[str, Any]) -> LogIdentity:
    threshold, keys = fields["registerThreshold"], fields["registerKeys"]
    texts = [fields[name] for name in ("origin", "logKey", "promiseKey", "directoryKey")]
    if type(threshold) is not int or not isinstance(keys, list) or not all(isinstance(t, str) for t in (*texts, *keys)):
        raise LogFormatError("identity of the log has a field of another kind")
    origin, log_key, promise_key, directory_key = texts
    try:
        raw = tuple(decode_base64(key) for key in (directory_key, *keys))
    except CryptoError as error:
        raise LogFormatError("key in the identity of the log is not base64") from error
    pinned = parse_verifier_key(log_key), parse_verifier_key(promise_key)
    return LogIdentity(origin, *pinned, raw[0], raw[1:], threshold)
