"""The content stream: libsodium's secretstream XChaCha20-Poly1305 in chunks of 65,536 bytes.

A stream is its 24-byte header and then chunks, each 17 bytes longer than its plaintext. Every chunk but the last holds
exactly 65,536 bytes and the tag MESSAGE; the last holds the rest and the tag FINAL, and is empty only when the whole
content is empty. So every content has one shape, and a cut, a swap, a repeat or an addition shows.
Page: docs/spec/content-stream.md. Vectors: tests/vectors/content-stream.
"""

from __future__ import annotations

import nacl.bindings as sodium
import nacl.exceptions

from crypto.errors import TamperedError

CHUNK_SIZE = 65_536
HEADER_SIZE = 24
CHUNK_OVERHEAD = 17
_SEALED_CHUNK = CHUNK_SIZE + CHUNK_OVERHEAD
_MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL


def chunk_count(length: int) -> int:
    """Return how many chunks a content of `length` bytes has; an empty content has one."""
    return max(1, -(-length // CHUNK_SIZE))


def sealed_size(length: int) -> int:
    """Return the size in bytes of the stream of a content of `length` bytes."""
    return HEADER_SIZE + length + CHUNK_OVERHEAD * chunk_count(length)


class StreamSealer:
    """Seals one content: feed it with `update`, end it with `finish`; holds at most one chunk between calls.

    `key` must be used for this one content only; `ad` is bound into every chunk.
    """

    def __init__(self, key: bytes, ad: bytes) -> None:
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        self._ready = sodium.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._ad = ad
        self._pending = b""

    def update(self, data: bytes) -> bytes:
        """Take plaintext of any length; return the stream bytes that are ready."""
        out, self._ready = [self._ready] if self._ready else [], b""
        at = 0
        # A full chunk waits until more follows: only then is it surely not the last.
        if self._pending:
            at = CHUNK_SIZE - len(self._pending)
            if at >= len(data):
                self._pending += data
                return b"".join(out)
            out.append(self._push(self._pending + data[:at], _MESSAGE))
        while len(data) - at > CHUNK_SIZE:
            out.append(self._push(data[at : at + CHUNK_SIZE], _MESSAGE))
            at += CHUNK_SIZE
        self._pending = data[at:]
        return b"".join(out)

    def finish(self) -> bytes:
        """Return the last bytes of the stream."""
        return self._ready + self._push(self._pending, _FINAL)

    def _push(self, chunk: bytes, tag: int) -> bytes:
        return sodium.crypto_secretstream_xchacha20poly1305_push(self._state, chunk, self._ad, tag)


class StreamOpener:
    """Opens one stream: what `update` returns is a verified prefix, complete only once `finish` returned.

    After an error the opener gives nothing more.
    """

    def __init__(self, key: bytes, ad: bytes) -> None:
        self._key = key
        self._ad = ad
        self._state: sodium.crypto_secretstream_xchacha20poly1305_state | None = None
        self._pending = b""
        self._opened = 0
        self._failed = False

    def update(self, data: bytes) -> bytes:
        """Take stream bytes of any length; return the plaintext that is verified. Raise TamperedError."""
        if self._state is None:
            data, self._pending = self._start(self._pending + data), b""
        out, at = [], 0
        if self._pending or self._state is None:
            at = _SEALED_CHUNK - len(self._pending)
            if at >= len(data):
                self._pending += data
                return b""
            out.append(self._pull(self._pending + data[:at], _MESSAGE))
        while len(data) - at > _SEALED_CHUNK:
            out.append(self._pull(data[at : at + _SEALED_CHUNK], _MESSAGE))
            at += _SEALED_CHUNK
        self._pending = data[at:]
        return b"".join(out)

    def finish(self) -> bytes:
        """Return the last plaintext; raise TamperedError unless the stream ended where its sealer ended it."""
        last = self._pull(self._pending, _FINAL)
        self._failed = True
        if not last and self._opened > 1:
            raise TamperedError
        return last

    def _start(self, data: bytes) -> bytes:
        if self._state is not None or len(data) < HEADER_SIZE:
            return data
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(self._state, data[:HEADER_SIZE], self._key)
        return data[HEADER_SIZE:]

    def _pull(self, chunk: bytes, wanted: int) -> bytes:
        if self._failed or self._state is None or len(chunk) < CHUNK_OVERHEAD:
            self._failed = True
            raise TamperedError
        try:
            plaintext, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(self._state, chunk, self._ad)
        except nacl.exceptions.CryptoError as error:
            self._failed = True
            raise TamperedError from error
        if tag != wanted:
            self._failed = True
            raise TamperedError
        self._opened += 1
        return plaintext
