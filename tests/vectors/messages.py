"""Vectors of messages: people's own words, sealed to an inbox."""

from __future__ import annotations

from crypto.items import pad
from crypto.keys import SealingKey
from crypto.labels import Label
from crypto.messages import MAX_WORDS, seal_message
from crypto.seal import seal
from tests.vectors.frozen import b64, fixed, flip, vector

KIND, OTHER_KIND = "access-request", "access-answer"
DOSSIER, REQUEST = fixed("message dossier", 16), fixed("message request", 16)
SEED = fixed("inbox")
INBOX = SealingKey.from_seed(SEED)
WORDS = "Ik wil samen een plan maken. Mag dat?"


def make() -> None:
    """Make the vectors of this module."""
    sound = _good("valid", "words of a request", WORDS)
    _good("answer", "words of an answer", "Ja, tot en met maart.", OTHER_KIND)
    _good("block", "255 bytes fill one block", "w" * 255)
    _good("next-block", "256 bytes take another block", "w" * 256)
    _good("longest", "as many bytes as fit", "é" * (MAX_WORDS // 2) + "w")
    _good(
        "right-to-left",
        "signs that turn the direction, and a newline, stay as they are",
        "\u202eabc\n\u05d0 \U0001f511",
    )
    _bad("other-kind", "tampered", "opened as words of an answer", sound, kind=OTHER_KIND)
    _bad("other-dossier", "tampered", "opened for another dossier", sound, dossier=fixed("elsewhere", 16).hex())
    _bad("other-request", "tampered", "opened for another request", sound, about=fixed("elsewhere", 16).hex())
    _bad("other-inbox", "tampered", "opened with another key", sound, seed=b64(fixed("other inbox")))
    _bad("flipped", "tampered", "last bit", flip(sound))
    _bad("unknown-kind", "malformed", "a kind that carries no words", sound, kind="consent")
    _bad("too-long", "limit", "one block more than a message may have", _sealed(pad(b"w" * (MAX_WORDS + 1))))
    _bad("no-words", "malformed", "no words at all", _sealed(pad(b"")))
    _bad("not-utf8", "malformed", "bytes that are no text", _sealed(pad(b"\xff\xfe")))
    _bad("no-padding", "malformed", "a block without the byte that ends the words", _sealed(bytes(256)))
    _bad("long-padding", "malformed", "a block of zeros too many", _sealed(pad(WORDS.encode()) + bytes(256)))


def _good(name: str, comment: str, words: str, kind: str = KIND) -> bytes:
    sealed = seal_message(kind, DOSSIER, REQUEST, INBOX.public, words)
    vector("message", name, "success", comment, **_fields(sealed, kind=kind), words=words)
    return sealed


def _bad(name: str, expect: str, comment: str, sealed: bytes, **changes: str) -> None:
    vector("message", name, expect, comment, **_fields(sealed, **changes))


def _fields(sealed: bytes, **changes: str) -> dict[str, str]:
    fields = {"kind": KIND, "dossier": DOSSIER.hex(), "about": REQUEST.hex(), "seed": b64(SEED), "sealed": b64(sealed)}
    return fields | changes


def _sealed(padded: bytes) -> bytes:
    return seal(Label.MESSAGE, (KIND.encode(), DOSSIER, REQUEST), INBOX.public, padded)
