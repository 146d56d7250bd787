"""Keys and contents: sealing, opening, signing a second; content streams against the bare library loop."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator

from crypto.keys import SealingKey, SigningKey, verify_ed25519
from crypto.labels import Label
from crypto.seal import open_sealed, seal
from crypto.stream import StreamOpener, StreamSealer
from web.bench.bare import PIECE, seal_pieces
from web.bench.rounds import Measure, Work, rate

MEGABYTE = 1_000_000


def measures() -> list[Measure]:
    """Operations a second; content in MB/s, each against the bare secretstream loop."""
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    message, label = secrets.token_bytes(200), Label.CAPSULE
    signature, sealed = signing.sign(message), seal(label, (), sealing.public, secrets.token_bytes(32))
    return [
        Measure("sign", "1/s", _repeat(lambda: signing.sign(message))),
        Measure("verify", "1/s", _repeat(lambda: verify_ed25519(signing.public, message, signature))),
        Measure("seal a key", "1/s", _repeat(lambda: seal(label, (), sealing.public, bytes(32)))),
        Measure("open a key", "1/s", _repeat(lambda: open_sealed(label, (), sealing, sealed))),
        Measure("bare stream, seal", "MB/s", _content(_bare)),
        Measure("content, seal", "MB/s", _content(_ours), "bare stream, seal", 0.8),
        Measure("content, open", "MB/s", _opening()),
    ]


def _repeat(work: Callable[[], object]) -> Work:
    async def run(seconds: float) -> float:
        return rate(work, seconds)

    return run


def _content(sealed: Callable[[list[bytes]], Iterator[bytes]]) -> Work:
    async def run(seconds: float) -> float:
        pieces = [os.urandom(PIECE) for _ in range(64)]
        return rate(lambda: sum(map(len, sealed(pieces))), seconds, PIECE * len(pieces)) / MEGABYTE

    return run


def _bare(pieces: list[bytes]) -> Iterator[bytes]:
    return seal_pieces(pieces, secrets.token_bytes(32))


def _ours(pieces: list[bytes]) -> Iterator[bytes]:
    sealer = StreamSealer(secrets.token_bytes(32), b"ad")
    for piece in pieces:
        yield sealer.update(piece)
    yield sealer.finish()


def _opening() -> Work:
    async def run(seconds: float) -> float:
        key = secrets.token_bytes(32)
        sealer = StreamSealer(key, b"ad")
        stream = b"".join([sealer.update(os.urandom(PIECE)) for _ in range(64)]) + sealer.finish()

        def opened() -> int:
            opener = StreamOpener(key, b"ad")
            step = PIECE * 4
            pieces = [opener.update(stream[at : at + step]) for at in range(0, len(stream), step)]
            return sum(map(len, pieces)) + len(opener.finish())

        return rate(opened, seconds, PIECE * 64) / MEGABYTE

    return run
