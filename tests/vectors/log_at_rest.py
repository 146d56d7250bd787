"""Vectors of what the service keeps wrapped: seeds, payloads, stream keys and answers, each in its own place."""

from __future__ import annotations

from collections.abc import Callable

from audit.event import encode_event
from audit.payload import BUCKET, MAX_ATTACHMENT, seal_answer, seal_payload, seal_seed, seal_stream_key
from crypto.encoding import encode_base64, u64
from crypto.labels import Label
from crypto.seal import wrap
from tests.vectors.frozen import fixed, flip, frozen
from tests.vectors.log_basics import ITEM, STREAM, Vector, Vectors, bad, good
from tests.vectors.log_leaves import reading

MONTH, OTHER_MONTH = fixed("month key"), fixed("other month key")
PLACE = bytes.fromhex(STREAM)
SEQ, EPOCH = 300, 2
EVENT = encode_event(reading())
STATEMENT = b"a signed statement"
CLAIM = (fixed("actor", 16), fixed("route"), fixed("idempotency key", 16))
ANSWER = b'{"outcome":"permit"}'


def at_rest() -> Vectors:
    """Yield vectors of the four objects; their nonces are those of `frozen.py`."""
    with frozen():
        made = [*seeds(), *stream_keys(), *payloads(), *layouts(), *answers(), *bounds()]
    yield from made


def seeds() -> Vectors:
    """Yield the seed of an event, and what is none of this place."""
    yield from _secrets("seed", "seq", SEQ, seal_seed, Label.EVENT_SEED, Label.STREAM_KEY)


def stream_keys() -> Vectors:
    """Yield the key of a stream's epoch, and what is none of this place."""
    yield from _secrets("stream-key", "epoch", EPOCH, seal_stream_key, Label.STREAM_KEY, Label.EVENT_SEED)


def _secrets(
    name: str, counter: str, at: int, seal: Callable[[bytes, bytes, int, bytes], bytes], label: Label, other: Label
) -> Vectors:
    secret, context = fixed(name), (PLACE, u64(at))
    sound = seal(MONTH, PLACE, at, secret)
    inputs = {"key": encode_base64(MONTH), "stream": STREAM, counter: at}
    yield f"{name}-valid", good(name, "opens in its place", **inputs, sealed=encode_base64(sound), secret=secret.hex())
    changes: dict[str, Vector] = {"other-stream": {"stream": ITEM}, f"other-{counter}": {counter: at + 1}}
    yield from _misplaced(name, inputs, sound, changes)
    for fault, expect, comment, wrapped in (
        ("other-label", "proof", "wrapped under another label", wrap(other, context, MONTH, secret)),
        ("big-endian", "proof", f"wrapped for a big-endian {counter}", _big_endian(label, at, secret)),
        ("short", "format", "31 bytes", wrap(label, context, MONTH, secret[:-1])),
        ("long", "format", "33 bytes", wrap(label, context, MONTH, secret + b"\0")),
        ("none", "format", "an empty plaintext", wrap(label, context, MONTH, b"")),
    ):
        yield f"{name}-{fault}", bad(expect, name, comment, **inputs, sealed=encode_base64(wrapped))


def _big_endian(label: Label, at: int, secret: bytes) -> bytes:
    return wrap(label, (PLACE, at.to_bytes(8, "big")), MONTH, secret)


def _misplaced(name: str, inputs: Vector, sound: bytes, changes: dict[str, Vector]) -> Vectors:
    """Yield a sound wrap opened elsewhere, and changed bytes of it."""
    other_key: Vector = {"key": encode_base64(OTHER_MONTH)}
    for fault, change in {**changes, "other-key": other_key}.items():
        comment = f"opened with {fault.replace('other-', 'another ').replace('-', ' ')}"
        yield f"{name}-{fault}", bad("proof", name, comment, **(inputs | change), sealed=encode_base64(sound))
    yield from _damaged(name, inputs, sound)


def _damaged(name: str, inputs: Vector, sound: bytes, before: bytes = b"") -> Vectors:
    for fault, comment, sealed in (
        ("flipped-nonce", "first bit of the nonce", flip(sound, 0)),
        ("flipped-text", "a bit of the ciphertext", flip(sound, 24)),
        ("flipped-tag", "last bit", flip(sound)),
        ("cut", "last byte missing", sound[:-1]),
        ("nonce-alone", "no ciphertext", sound[:24]),
        ("nothing", "no bytes of a wrap", b""),
    ):
        yield f"{name}-{fault}", bad("proof", name, comment, **inputs, sealed=encode_base64(before + sealed))


def _inputs() -> Vector:
    return {"key": encode_base64(MONTH), "stream": STREAM, "seq": SEQ}


def payloads() -> Vectors:
    """Yield payloads that open in their place, and sound ones opened elsewhere."""
    event = reading()
    values = {field.name: event[field.name] for field in event.schema.fields}
    full = b"s" * (-(8 + len(EVENT)) % BUCKET)
    for name, comment, attachment in (
        ("valid", "an event and its statement", STATEMENT),
        ("event-alone", "no attachment", b""),
        ("full", "a full bucket: no padding", full),
        ("full-and-one", "one byte more than a bucket", full + b"s"),
        ("zero-at-end", "an attachment that ends in a zero byte", STATEMENT + b"\0"),
        ("largest", "an attachment of 98,304 bytes", b"s" * MAX_ATTACHMENT),
    ):
        sealed = encode_base64(seal_payload(MONTH, PLACE, SEQ, event, attachment))
        outputs = {"values": values, "attachment": encode_base64(attachment)}
        yield f"payload-{name}", good("payload", comment, **_inputs(), sealed=sealed, **outputs)
    sound = seal_payload(MONTH, PLACE, SEQ, event, STATEMENT)
    changes: dict[str, Vector] = {"other-stream": {"stream": ITEM}, "other-seq": {"seq": SEQ + 1}}
    yield from _misplaced("payload", _inputs(), sound, changes)
    other = encode_base64(wrap(Label.EVENT_SEED, (PLACE, u64(SEQ)), MONTH, _laid_out()))
    yield "payload-other-label", bad("proof", "payload", "wrapped under another label", **_inputs(), sealed=other)


def _laid_out(event: int = len(EVENT), attachment: int = len(STATEMENT), padding: bytes | None = None) -> bytes:
    """Lay out the payload with lengths and padding as given; by default the true ones."""
    joined = event.to_bytes(4, "big") + attachment.to_bytes(4, "big") + EVENT + STATEMENT
    return joined + (bytes(-len(joined) % BUCKET) if padding is None else padding)


def layouts() -> Vectors:
    """Yield payloads that were wrapped for this place, and are not laid out as they must be."""
    size, more = len(EVENT), len(STATEMENT)
    room = -len(_laid_out(padding=b"")) % BUCKET
    head = size.to_bytes(4, "little") + more.to_bytes(4, "little")
    for name, comment, plaintext in (
        ("event-shorter", "the event's length is one less", _laid_out(event=size - 1)),
        ("event-longer", "the event's length is one more", _laid_out(event=size + 1)),
        ("border-moved", "an attachment's byte counted to the event", _laid_out(size + 1, more - 1)),
        ("event-past-end", "the event's length goes past the end", _laid_out(event=2 * BUCKET)),
        ("event-length-largest", "the event's length is 2^32-1", _laid_out(event=2**32 - 1)),
        ("attachment-shorter", "the attachment's length is one less", _laid_out(attachment=more - 1)),
        ("attachment-past-end", "the attachment's length is one past the end", _laid_out(attachment=more + room + 1)),
        ("attachment-length-largest", "the attachment's length is 2^32-1", _laid_out(attachment=2**32 - 1)),
        ("attachment-not-counted", "the attachment's length is 0", _laid_out(attachment=0)),
        ("lengths-swapped", "the attachment's length in front", _laid_out(more, size)),
        ("little-endian", "the lengths are little-endian", head + _laid_out()[8:]),
        ("padding-first", "the first byte of padding is not zero", _laid_out(padding=b"\1" + bytes(room - 1))),
        ("padding-last", "the last byte of padding is not zero", _laid_out(padding=bytes(room - 1) + b"\1")),
        ("padding-none", "no padding", _laid_out(padding=b"")),
        ("padding-short", "one byte of padding too few", _laid_out(padding=bytes(room - 1))),
        ("padding-long", "one byte of padding too many", _laid_out(padding=bytes(room + 1))),
        ("padding-of-a-bucket", "a whole bucket of padding too many", _laid_out(padding=bytes(room + BUCKET))),
        ("head-cut", "seven bytes of lengths", _laid_out()[:7]),
        ("head-alone", "lengths, and nothing after them", _laid_out()[:8]),
        ("empty", "an empty plaintext", b""),
        ("zeros", "a bucket of zeros: no event", bytes(BUCKET)),
        ("no-event", "an attachment without an event", _alone(b"", STATEMENT)),
        ("unknown-schema", "an event of a schema that does not exist", _alone(EVENT.replace(b"n/v1", b"n/v9"), b"")),
    ):
        sealed = encode_base64(wrap(Label.EVENT_PAYLOAD, (PLACE, u64(SEQ)), MONTH, plaintext))
        yield f"payload-{name}", bad("format", "payload", comment, **_inputs(), sealed=sealed)


def bounds() -> Vectors:
    """Yield a payload whose attachment is larger than any envelope."""
    plaintext = _alone(EVENT, b"s" * (MAX_ATTACHMENT + 1))
    sealed = encode_base64(wrap(Label.EVENT_PAYLOAD, (PLACE, u64(SEQ)), MONTH, plaintext))
    yield "payload-over-size", bad("format", "payload", "an attachment of 98,305 bytes", **_inputs(), sealed=sealed)


def _alone(event: bytes, attachment: bytes) -> bytes:
    joined = len(event).to_bytes(4, "big") + len(attachment).to_bytes(4, "big") + event + attachment
    return joined + bytes(-len(joined) % BUCKET)


def answers() -> Vectors:
    """Yield a kept answer, and what does not open for this claim."""
    month, keys = "2026-11", {"2026-11": encode_base64(MONTH), "2026-12": encode_base64(OTHER_MONTH)}
    inputs: Vector = {"keys": keys, "claim": [encode_base64(field) for field in CLAIM]}
    for name, comment, answer in (
        ("valid", "opens for its claim, under the key of its month", ANSWER),
        ("empty", "an empty answer", b""),
    ):
        sealed, outputs = seal_answer(month, MONTH, CLAIM, answer), {"month": month, "answer": encode_base64(answer)}
        yield f"answer-{name}", good("answer", comment, **inputs, sealed=encode_base64(sealed), **outputs)
    sound = wrap(Label.KEPT_ANSWER, CLAIM, MONTH, ANSWER)
    for name, comment, claim in (
        ("other-actor", "another actor", (flip(CLAIM[0]), *CLAIM[1:])),
        ("other-route", "another route", (CLAIM[0], flip(CLAIM[1]), CLAIM[2])),
        ("other-name", "another idempotency key", (*CLAIM[:2], flip(CLAIM[2]))),
        ("moved-border", "the border between actor and route moved", _moved()),
        ("swapped", "actor and idempotency key swapped", (CLAIM[2], CLAIM[1], CLAIM[0])),
        ("missing-field", "one field fewer", CLAIM[:2]),
    ):
        wrong = inputs | {"claim": [encode_base64(field) for field in claim]}
        yield f"answer-{name}", bad("proof", "answer", comment, **wrong, sealed=encode_base64(month.encode() + sound))
    for name, expect, comment, sealed in (
        ("other-month", "proof", "names another month, whose key does not open it", b"2026-12" + sound),
        ("no-month", "format", "does not begin with a month's letters", b"2026-1\xff" + sound),
        ("other-label", "proof", "wrapped under another label", b"2026-11" + _as_payload()),
    ):
        yield f"answer-{name}", bad(expect, "answer", comment, **inputs, sealed=encode_base64(sealed))
    yield from _damaged("answer", inputs, sound, month.encode())


def _moved() -> tuple[bytes, ...]:
    actor, route, key = CLAIM
    return actor + route[:1], route[1:], key


def _as_payload() -> bytes:
    return wrap(Label.EVENT_PAYLOAD, CLAIM, MONTH, ANSWER)
