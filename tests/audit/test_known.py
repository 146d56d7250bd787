from __future__ import annotations

import pytest

from audit.entry import FactRecord, Head, Position
from audit.errors import ProofError
from audit.known import KnownStreams
from audit.payload import seal_stream_key
from audit.store import StoredStream
from tests.audit.town import ListCompiler, MemoryKeys

STREAM, MONTH, K = b"s" * 16, "2026-11", b"K" * 32
KEYS = MemoryKeys()


def stored(seq, leaf=b"l", epoch=0):
    head = Head(STREAM, "dossier", seq + 3, b"h" * 32, 0, Position(seq, leaf), key_epoch=epoch)
    return StoredStream(head, MONTH, seal_stream_key(KEYS.current(MONTH), STREAM, epoch, K))


def records(*seqs):
    return [FactRecord(seq, 0, "kind", b"i" * 16, {}) for seq in seqs]


def known(limit=10):
    return KnownStreams(ListCompiler(), KEYS, limit)


def test_current_only_at_its_position():
    """Key and facts are given for the epoch and position that the head names, and for no other, so never stale (N41)."""
    streams = known()
    assert streams.missing([STREAM]) == [STREAM]
    streams.learn(stored(2), 0, records(1, 2))
    assert streams.missing([STREAM]) == []
    keys, compiled = streams.current([stored(2).head])
    assert keys == {STREAM: K}
    assert [seq for seq, _, _ in compiled[STREAM]] == [1, 2]
    assert streams.current([stored(3).head]) == ({STREAM: K}, {})
    assert streams.current([stored(2, b"x").head])[1] == {}
    assert streams.current([stored(2, epoch=1).head])[0] == {}


def test_only_newer_facts_are_read():
    """What is known is extended by what is newer; a head that went back, or another leaf, is read from the start."""
    streams = known()
    assert streams.spans({STREAM: stored(2)}) == [(STREAM, 0, 2)]
    streams.learn(stored(2), 0, records(1, 2))
    assert streams.spans({STREAM: stored(5)}) == [(STREAM, 2, 5)]
    assert streams.spans({STREAM: stored(1)}) == [(STREAM, 0, 1)]
    assert streams.spans({STREAM: stored(2, b"x")}) == [(STREAM, 0, 2)]
    streams.learn(stored(5), 2, records(5))
    assert [seq for seq, _, _ in streams.current([stored(5).head])[1][STREAM]] == [1, 2, 5]


def test_facts_that_do_not_join_are_dropped():
    """Rows read after a position that is no longer the known one are not taken in."""
    streams = known()
    streams.learn(stored(5), 2, records(5))
    assert streams.missing([STREAM]) == [STREAM]


def test_bounded():
    """The oldest goes when the memory is full; forgetting drops one."""
    streams = known(limit=2)
    heads = [Head(bytes([at]) * 16, "dossier") for at in range(3)]
    for head in heads:
        streams.keep(head, K, ())
    assert streams.missing(head.stream for head in heads) == [heads[0].stream]
    streams.forget(heads[2].stream)
    assert len(streams.missing(head.stream for head in heads)) == 2


def test_wrong_key():
    """A wrapped key of another stream does not open."""
    wrong = StoredStream(Head(b"t" * 16, "dossier"), MONTH, stored(0).wrapped)
    with pytest.raises(ProofError):
        known().learn(wrong, 0, [])


def test_newest_time_of_any_stream():
    """The newest time that any stream was seen to have stays, also of one that is forgotten or came in no batch."""
    streams = known(limit=1)
    streams.note_times([])
    assert streams.newest_ms == 0
    streams.note_times([Head(STREAM, "dossier", at_ms=7), Head(b"t" * 16, "person", at_ms=5)])
    streams.forget(STREAM)
    streams.note_times([Head(b"t" * 16, "person", at_ms=6)])
    assert streams.newest_ms == 7
