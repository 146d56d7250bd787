"""A small world for the writer: month keys in memory, a compiler that keeps its records, entries made of functions."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from audit.batch import Signer
from audit.entry import Append, Claim, Entry, Fact, Opening, Outcome, View
from audit.errors import IncompleteError
from audit.event import make_event
from audit.writer import Writer, WriterLimits
from crypto.encoding import new_id, sha256
from crypto.keys import SigningKey

ORIGIN = "audit.example.nl/log1"
PROMISE_NAME = f"{ORIGIN}/promise"
PROMISE_KEY = SigningKey.from_seed(bytes(range(64, 96)))
SIGNER = Signer(ORIGIN, PROMISE_NAME, PROMISE_KEY)
# Tests share two cores: the deadline of production would measure the machine.
PATIENT = WriterLimits(deadline=20_000, patience=20_000)
ACTOR = "ab" * 16


class MemoryKeys:
    """Month keys that live as long as the test."""

    def __init__(self):
        self.keys: dict[str, bytes] = {}

    def current(self, month):
        return self.keys.setdefault(month, secrets.token_bytes(32))

    def find(self, month):
        try:
            return self.keys[month]
        except KeyError:
            raise IncompleteError("no key") from None


KEYS = MemoryKeys()


class ListCompiler:
    """Compiled facts are the tuple of (seq, kind, subject)."""

    def compile(self, _kind, records):
        return tuple((record.seq, record.kind, record.subject) for record in records)

    def extend(self, compiled, records):
        return compiled + self.compile("", records)


class Act(Entry[Any]):
    """An entry whose judgement is a function."""

    def __init__(self, judge: Callable[[View], Outcome], **attributes: Any):
        self._judge = judge
        for name, value in attributes.items():
            setattr(self, name, value)

    def judge(self, view):
        return self._judge(view)

    def recall(self, claimed, _view):
        return ("again", claimed.kept, claimed.seq)


def event(view, kind="reading", **values):
    return make_event("decision/v1", {"type": kind, "actor": ACTOR, "time": view.now, **values})


def outcome(view, stream, *facts, kind="reading", **rest):
    """One event in one stream; the answer is its receipt."""
    append = Append(stream, event(view, kind), facts)
    return Outcome((append,), rest.pop("answer", lambda receipts: receipts[0]), **rest)


def rules(kind, subject=b"s" * 16, **body):
    return Fact("rules", kind, subject, body)


def read(stream, **attributes):
    """An entry that appends one reading to a stream."""
    return Act(lambda view: outcome(view, stream), streams=(stream,), **attributes)


def claim(key=b"k", body=b"b", actor=b"a" * 16):
    return Claim(actor, sha256(b"POST /v1/x"), key.ljust(16, b"\0"), sha256(body))


@asynccontextmanager
async def running(pool, **options):
    """A running writer on this pool."""
    options.setdefault("limits", PATIENT)
    keys, loader = options.pop("keys", KEYS), options.pop("loader", None)
    writer = Writer(pool, keys, SIGNER, ListCompiler(), loader, **options)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


@asynccontextmanager
async def clock(owner_pool, offset):
    """Move the database's clock by milliseconds."""
    body = "AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint{}'"
    replace = "CREATE OR REPLACE FUNCTION audit.now_ms() RETURNS bigint LANGUAGE sql VOLATILE "
    await owner_pool.execute(replace + body.format(f" + {offset}"))
    try:
        yield
    finally:
        await owner_pool.execute(replace + body.format(""))


async def open_stream(writer, *facts, kind="dossier", key=None):
    """Open a stream with one first event and return its id."""
    stream = new_id()
    opening = Opening(stream, kind, key or secrets.token_bytes(32))
    await writer.submit(Act(lambda view: outcome(view, stream, *facts, kind="opening", openings=(opening,))))
    return stream
