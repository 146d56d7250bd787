"""The floor of contents: the bare secretstream loop of libsodium, in memory and from file to file.

`python -m web.bench.bare seal|open SOURCE TARGET [hashed]` does a whole file and prints the most memory it had, in MiB.
With `hashed` it also hashes the ciphertext, as our format asks (SHA-256 in the signed header) and age's does not.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import nacl.bindings as sodium

from web.bench.processes import peak

PIECE = 65_536
HASHED = "hashed"
_OVERHEAD: int = sodium.crypto_secretstream_xchacha20poly1305_ABYTES
_HEADER: int = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES


def seal_pieces(pieces: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Seal pieces, one chunk each."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    yield sodium.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    for piece in pieces:
        yield sodium.crypto_secretstream_xchacha20poly1305_push(state, piece, b"ad")


def seal_file(source: Path, target: Path, *, hashed: bool = False) -> None:
    """Seal a file, and hash what came out if so asked; the key stands beside the target, for `open_file`."""
    key, digest = secrets.token_bytes(32), hashlib.sha256()
    key_path(target).write_bytes(key)
    with source.open("rb") as file, target.open("wb") as sink:
        for sealed in seal_pieces(iter(lambda: file.read(PIECE), b""), key):
            sink.write(sealed)
            if hashed:
                digest.update(sealed)


def open_file(source: Path, target: Path, *, hashed: bool = False) -> None:
    """Open what `seal_file` sealed, and hash it before if so asked."""
    state, digest = sodium.crypto_secretstream_xchacha20poly1305_state(), hashlib.sha256()
    with source.open("rb") as file, target.open("wb") as sink:
        key = key_path(source).read_bytes()
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, file.read(_HEADER), key)
        while chunk := file.read(PIECE + _OVERHEAD):
            if hashed:
                digest.update(chunk)
            sink.write(sodium.crypto_secretstream_xchacha20poly1305_pull(state, chunk, b"ad")[0])


def key_path(sealed: Path) -> Path:
    """Where the key of a sealed file is."""
    return sealed.with_name(f"{sealed.name}.key")


def main(arguments: list[str]) -> None:
    """Do the work and print the peak of memory."""
    mode, source, target, *more = arguments
    (seal_file if mode == "seal" else open_file)(Path(source), Path(target), hashed=more == [HASHED])
    print(peak(os.getpid()))  # noqa: T201 - the figure that the parent reads


if __name__ == "__main__":
    main(sys.argv[1:])
