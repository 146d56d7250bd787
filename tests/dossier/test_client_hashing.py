"""A hash computed aside is the hash."""

from __future__ import annotations

import hashlib
import secrets
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.client.hashing import BATCH, WAITING, SideHash


@settings(max_examples=20)
@given(st.lists(st.sampled_from([b"", b"a", bytes(BATCH - 1), bytes(BATCH), bytes(BATCH + 1)]), max_size=3 * WAITING))
def test_the_same_as_hashlib(pieces):
    """However the bytes are cut, the hash is that of all of them in order, empty pieces or none included."""
    with SideHash() as aside:
        for piece in pieces:
            aside.update(piece)
        assert aside.digest() == hashlib.sha256(b"".join(pieces)).digest()


def test_the_thread_ends():
    """Whether the hash was asked for or something went wrong before, no thread is left."""
    before = threading.active_count()
    with SideHash() as aside:
        aside.update(secrets.token_bytes(100_000))
        aside.digest()

    def interrupted():
        with SideHash() as aside:
            aside.update(b"a")
            raise OSError

    with pytest.raises(OSError):
        interrupted()
    assert threading.active_count() == before


def test_memory_is_bounded(monkeypatch):
    """No more than a few pieces wait: whoever is faster than the hash is held up."""
    free = threading.Event()

    class Slow:
        def update(self, _piece):
            free.wait(5)

    with SideHash() as aside:
        monkeypatch.setattr(aside, "_hash", Slow())
        for _ in range(WAITING):
            aside.update(bytes(BATCH))
        assert not aside._room.acquire(blocking=False)
        free.set()
