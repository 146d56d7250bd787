"""Messages: people's own words, sealed to an inbox and bound to what they belong to.

The server knows who writes to whom and when, and the length in steps of 256 bytes; never the words.
Page: docs/spec/messages.md. Vectors: tests/vectors/message.
"""

from __future__ import annotations

from crypto.encoding import ID_SIZE
from crypto.errors import LimitError, MalformedError
from crypto.items import METADATA_BLOCK, pad, unpad
from crypto.keys import SealingKey
from crypto.labels import Label
from crypto.seal import SEAL_OVERHEAD, open_sealed, seal

MESSAGE_KINDS = frozenset({"access-request", "access-answer"})
"""What words may belong to: the statement of this kind that carries their hash."""

MAX_MESSAGE = 8_192
"""Bytes of a sealed message at most."""

MAX_WORDS = (MAX_MESSAGE - SEAL_OVERHEAD) // METADATA_BLOCK * METADATA_BLOCK - 1
"""Bytes of UTF-8 that fit, with the one that padding always takes."""


def seal_message(kind: str, dossier: bytes, about: bytes, public_key: bytes, words: str) -> bytes:
    """Seal words to a sealing key; `about` is the id of the request that they belong to.

    Raises MalformedError for an unknown kind, an id of another size, words that are empty or no Unicode, and LimitError
    for more than `MAX_WORDS` bytes.
    """
    context = _context(kind, dossier, about)
    text = _encoded(words)
    if len(text) > MAX_WORDS:
        raise LimitError("too many words")
    return seal(Label.MESSAGE, context, public_key, pad(text))


def open_message(kind: str, dossier: bytes, about: bytes, key: SealingKey, sealed: bytes) -> str:
    """Open words.

    Raises LimitError for more than `MAX_MESSAGE` bytes, TamperedError for words sealed to anybody or for anything else,
    and MalformedError for what is no text.
    """
    context = _context(kind, dossier, about)
    if len(sealed) > MAX_MESSAGE:
        raise LimitError("the message is too long")
    text = unpad(open_sealed(Label.MESSAGE, context, key, sealed))
    try:
        words = text.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the words are not UTF-8") from error
    if not words:
        raise MalformedError("a message has words")
    return words


def _context(kind: str, dossier: bytes, about: bytes) -> tuple[bytes, bytes, bytes]:
    if kind not in MESSAGE_KINDS or len(dossier) != ID_SIZE or len(about) != ID_SIZE:
        raise MalformedError("words belong to a request in a dossier")
    return kind.encode(), dossier, about


def _encoded(words: str) -> bytes:
    try:
        text = words.encode()
    except UnicodeEncodeError as error:
        raise MalformedError("the words are not Unicode") from error
    if not text:
        raise MalformedError("a message has words")
    return text
