from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import TamperedError
from crypto.stream import CHUNK_OVERHEAD, CHUNK_SIZE, HEADER_SIZE, StreamOpener, StreamSealer, chunk_count, sealed_size

KEY, AD = bytes(32), b"bound"
CHUNK = CHUNK_SIZE + CHUNK_OVERHEAD


def seal(content: bytes, step: int = 1_000_000) -> bytes:
    sealer = StreamSealer(KEY, AD)
    return b"".join(sealer.update(content[at : at + step]) for at in range(0, len(content), step)) + sealer.finish()


def open_all(stream: bytes, step: int = 1_000_000) -> bytes:
    """Open in pieces; on an error show what came out before."""
    opener, out = StreamOpener(KEY, AD), b""
    try:
        for at in range(0, len(stream), step):
            out += opener.update(stream[at : at + step])
        return out + opener.finish()
    except TamperedError as error:
        error.add_note(out.hex())
        raise


def chunks(stream: bytes) -> list[bytes]:
    body = stream[HEADER_SIZE:]
    return [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]


CONTENT = bytes(n % 253 for n in range(2 * CHUNK_SIZE + 5))
STREAM = seal(CONTENT)


@pytest.mark.parametrize(
    "length", [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 1, 480_000]
)
def test_lengths(length):
    """Every length round trips and has one size and chunk count."""
    content = bytes(length)
    stream = seal(content)
    assert open_all(stream) == content
    assert len(stream) == sealed_size(length)
    assert len(chunks(stream)) == chunk_count(length)


@pytest.mark.parametrize("step", [17, 24, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, CHUNK, CHUNK + HEADER_SIZE])
@pytest.mark.parametrize("length", [0, CHUNK_SIZE, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 1])
def test_pieces_as_long_as_chunks(length, step):
    """Pieces that end where a chunk ends, or a byte beside it, give the same stream and the same content."""
    content = CONTENT[:length]
    sealed = seal(content, step)
    assert len(sealed) == sealed_size(length)
    assert open_all(sealed, step) == content
    with pytest.raises(TamperedError):
        open_all(sealed[:-1], step)
    with pytest.raises(TamperedError):
        open_all(sealed + b"a", step)


@settings(max_examples=15)
@given(st.integers(1, 200_000), st.integers(1, 200_000))
def test_pieces(seal_step, open_step):
    """How content and stream are cut into pieces does not matter."""
    assert open_all(seal(CONTENT, seal_step), open_step) == CONTENT


def test_byte_by_byte():
    """A short stream may come one byte at a time."""
    assert open_all(seal(b"short", 1), 1) == b"short"


def faults() -> dict[str, bytes]:
    head, (first, second, last) = STREAM[:HEADER_SIZE], chunks(STREAM)
    return {
        "swapped": head + second + first + last,
        "first dropped": head + second + last,
        "middle dropped": head + first + last,
        "last dropped": head + first + second,
        "doubled": head + first + first + second + last,
        "last doubled": STREAM + last,
        "appended": STREAM + b"\0",
        "cut inside": STREAM[:-1],
        "cut at a border": head + first,
        "cut to the header": head,
        "cut in the header": head[:-1],
        "other stream's end": head + first + second + chunks(seal(CONTENT))[2],
        "header of another stream": seal(CONTENT)[:HEADER_SIZE] + STREAM[HEADER_SIZE:],
        "tail of another": STREAM[:-10] + bytes(10),
    }


@pytest.mark.parametrize("name", faults())
@pytest.mark.parametrize("step", [10_000, 1_000_000])
def test_faults(name, step):
    """A swapped, dropped, doubled, added or cut chunk fails; what came out before is a true prefix (N07)."""
    with pytest.raises(TamperedError) as caught:
        open_all(faults()[name], step)
    assert CONTENT.startswith(bytes.fromhex(caught.value.__notes__[0]))


@settings(max_examples=30)
@given(st.integers(0, len(STREAM) * 8 - 1))
def test_flipped_bit(bit):
    """One bit changed anywhere fails, with a true prefix before it (N04)."""
    changed = bytearray(STREAM)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TamperedError) as caught:
        open_all(bytes(changed), 50_000)
    assert CONTENT.startswith(bytes.fromhex(caught.value.__notes__[0]))


def test_dead_after_failure():
    """After a failure, and after the end, an opener gives nothing more."""
    opener = StreamOpener(KEY, AD)
    with pytest.raises(TamperedError):
        opener.update(STREAM[:HEADER_SIZE] + chunks(STREAM)[1] + bytes(100))
    for attempt in (lambda: opener.update(STREAM), opener.finish):
        with pytest.raises(TamperedError):
            attempt()
    ended = StreamOpener(KEY, AD)
    assert ended.update(seal(b"x")) + ended.finish() == b"x"
    with pytest.raises(TamperedError):
        ended.finish()


@given(st.binary(max_size=200))
def test_random_bytes(data):
    """Random bytes give our error and no plaintext."""
    with pytest.raises(TamperedError):
        open_all(data)


def test_bounded_memory():
    """200 MB pass through sealer and opener within 1 MB of memory (P1)."""
    piece, count = bytes(CHUNK_SIZE), 3_200
    sealer, opener, length = StreamSealer(KEY, AD), StreamOpener(KEY, AD), 0
    tracemalloc.start()
    try:
        for _ in range(count):
            length += len(opener.update(sealer.update(piece)))
        length += len(opener.update(sealer.finish())) + len(opener.finish())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert length == count * CHUNK_SIZE > 200_000_000
    assert peak < 1_000_000
