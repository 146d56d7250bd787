"""The erasable half of an event: its seed, its fields and what was attached, under the key of its month.

A month key lives outside the database and its backups; destroying it, or deleting one row, leaves the public leaf an
opaque number. Page: docs/spec/event.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from audit.errors import LogFormatError, ProofError
from audit.event import Event, encode_event, parse_event
from audit.stream import KEY_SIZE, SEED_SIZE
from crypto.encoding import u64
from crypto.errors import CryptoError
from crypto.labels import Label
from crypto.seal import unwrap, wrap
from crypto.statements import MAX_ENVELOPE

BUCKET: Final = 1_024
"""Payloads are padded to a multiple of this many bytes: their length tells little of what happened."""

MAX_ATTACHMENT: Final = MAX_ENVELOPE
"""Bytes that may be attached: any signed statement."""

_HEAD: Final = 8
_MONTH: Final = len("2026-11")
_YEAR_10000: Final = 253_402_300_800_000


def month_of(time: int) -> str:
    """Name the month key of a time in UTC milliseconds, as `2026-11`; raise LogFormatError outside years 1970-9999."""
    if not 0 <= time < _YEAR_10000:
        raise LogFormatError("time is out of range")
    return datetime.fromtimestamp(time // 1000, tz=UTC).strftime("%Y-%m")


def seal_seed(month_key: bytes, stream: bytes, seq: int, seed: bytes) -> bytes:
    """Wrap the 32-byte seed of an event for its own place alone."""
    return wrap(Label.EVENT_SEED, (stream, u64(seq)), month_key, _exact(seed, SEED_SIZE))


def open_seed(month_key: bytes, stream: bytes, seq: int, sealed: bytes) -> bytes:
    """Open a seed; raise ProofError when it is not the one of this place."""
    return _exact(_open(Label.EVENT_SEED, (stream, u64(seq)), month_key, sealed), SEED_SIZE)


def seal_payload(month_key: bytes, stream: bytes, seq: int, event: Event, attachment: bytes = b"") -> bytes:
    """Wrap an event and the signed statement behind it (or nothing), padded to a bucket.

    The attachment is not committed to by itself: the event holds its statement hash.
    """
    if len(attachment) > MAX_ATTACHMENT:
        raise LogFormatError("attachment is too large")
    return wrap(Label.EVENT_PAYLOAD, (stream, u64(seq)), month_key, _pad(encode_event(event), attachment))


def open_payload(month_key: bytes, stream: bytes, seq: int, sealed: bytes) -> tuple[Event, bytes]:
    """Return the event and the attachment; raise ProofError when they are not those of this place, LogFormatError."""
    event, attachment = _unpad(_open(Label.EVENT_PAYLOAD, (stream, u64(seq)), month_key, sealed))
    return parse_event(event), attachment


def seal_stream_key(month_key: bytes, stream: bytes, epoch: int, key: bytes) -> bytes:
    """Wrap the key of a stream's epoch; done again each month under the new key, and the old wrap deleted."""
    return wrap(Label.STREAM_KEY, (stream, u64(epoch)), month_key, _exact(key, KEY_SIZE))


def open_stream_key(month_key: bytes, stream: bytes, epoch: int, sealed: bytes) -> bytes:
    """Open the key of a stream's epoch; raise ProofError when it is not that of this stream and epoch."""
    return _exact(_open(Label.STREAM_KEY, (stream, u64(epoch)), month_key, sealed), KEY_SIZE)


def seal_answer(month: str, month_key: bytes, claim: tuple[bytes, ...], answer: bytes) -> bytes:
    """Wrap an answer that is kept for its idempotency key: it opens fields of the event, so it is sealed as that is.

    The month stands in front; `claim` is what names the key (actor, route, key).
    """
    return month.encode() + wrap(Label.KEPT_ANSWER, claim, month_key, answer)


def answer_month(sealed: bytes) -> str:
    """Name the month under whose key a kept answer is sealed; raise LogFormatError."""
    try:
        return sealed[:_MONTH].decode("ascii")
    except UnicodeDecodeError as error:
        raise LogFormatError("a kept answer names no month") from error


def open_answer(month_key: bytes, claim: tuple[bytes, ...], sealed: bytes) -> bytes:
    """Open a kept answer; raise ProofError when it is not the one of this claim."""
    return _open(Label.KEPT_ANSWER, claim, month_key, sealed[_MONTH:])


def _pad(event: bytes, attachment: bytes) -> bytes:
    joined = len(event).to_bytes(4, "big") + len(attachment).to_bytes(4, "big") + event + attachment
    return joined + bytes(-len(joined) % BUCKET)


def _unpad(padded: bytes) -> tuple[bytes, bytes]:
    middle = _HEAD + int.from_bytes(padded[:4], "big")
    end = middle + int.from_bytes(padded[4:_HEAD], "big")
    event, attachment = padded[_HEAD:middle], padded[middle:end]
    # Padding again gives one spelling per payload.
    if _pad(event, attachment) != padded:
        raise LogFormatError("payload is not padded as it must be")
    if len(attachment) > MAX_ATTACHMENT:
        raise LogFormatError("attachment is too large")
    return event, attachment


def _open(label: Label, context: tuple[bytes, ...], key: bytes, sealed: bytes) -> bytes:
    try:
        return unwrap(label, context, key, sealed)
    except CryptoError as error:
        raise ProofError("payload is not that of this place, or its key is gone") from error


def _exact(secret: bytes, size: int) -> bytes:
    if len(secret) != size:
        raise LogFormatError("a seed or stream key is 32 bytes")
    return secret
