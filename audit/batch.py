"""The pure part of a batch: entries judged one after the other against the running state, and the rows they make.

INVARIANT running-head: within a batch, each head is moved by every outcome accepted before, so that an entry is judged
exactly at the position at which its own events will stand.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from audit.entry import (
    Append,
    Claim,
    Fact,
    FactCompiler,
    FactRecord,
    Head,
    Outcome,
    Position,
    Receipt,
    View,
    Want,
)
from audit.errors import EventError
from audit.event import Event
from audit.merkle import leaf_hash
from audit.payload import seal_answer, seal_payload, seal_seed
from audit.promise import PromiseBatch, make_promise, padding_count
from audit.stream import SEED_SIZE, commitment, digest_fields, field_salts, make_leaf
from crypto.canonical import encode_json
from crypto.encoding import BUCKET_SIZE, ID_SIZE
from crypto.keys import SigningKey
from crypto.statements import MAX_ENVELOPE

CLOCK_BEHIND = b"clock-behind"
MAX_FACT = 4 * MAX_ENVELOPE
"""Bytes of a fact's JSON: a proposal that waits holds the largest statement in base64, and what was signed to it."""


class Made(msgspec.Struct, frozen=True):
    """An event of the batch, numbered and chained."""

    append: Append
    seq: int
    event_id: bytes
    seed: bytes
    leaf: bytes
    leaf_hash: bytes
    facts: tuple[bytes, ...]
    salts: tuple[bytes, ...]
    digests: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Name the event; seed and salts would open its fields."""
        return f"Made(event_id={self.event_id.hex()}, seq={self.seq})"


@dataclass(slots=True)
class Accepted:
    """An outcome that belongs to the batch, with its events and the place of the first of them in the batch."""

    outcome: Outcome[Any]
    claim: Claim | None
    first: int
    made: list[Made]


@dataclass(frozen=True, slots=True)
class Signer:
    """The promise key: its name, the log's origin, and the key, which signs promises and nothing else."""

    origin: str
    name: str
    key: SigningKey = field(repr=False)


class Batch:
    """The running state of one batch. Owned by the writer's one task, dropped whole when the batch fails."""

    def __init__(
        self,
        at_ms: int,
        heads: dict[bytes, Head],
        foreign: Mapping[bytes, Head],
        compiled: dict[bytes, Any],
        rows: Mapping[Want, Any],
        keys: Mapping[bytes, bytes],
        compiler: FactCompiler,
        *,
        clock_behind: bool = False,
        closed: str = "",
    ) -> None:
        self.at_ms = at_ms
        self.expected = {stream: head.seq for stream, head in heads.items()}
        self.heads = heads
        self.compiled = compiled
        self.accepted: list[Accepted] = []
        self.moved_items: set[bytes] = set()
        self.epochs: list[tuple[bytes, int, int, bytes]] = []
        self.changed: set[bytes] = set()
        self._keys = dict(keys)
        self.compiler = compiler
        self._count = 0
        # Locked heads run; a foreign stream that the batch locked too is seen as it runs.
        self._seen = {**foreign, **heads}
        self.view = View(self.at_ms, self._seen, compiled, rows, clock_behind=clock_behind, closed=closed)

    @property
    def count(self) -> int:
        """How many events the batch has."""
        return self._count

    def accept(self, outcome: Outcome[Any], claim: Claim | None) -> Accepted:
        """Number, chain and keep an outcome; raise without a trace when the outcome cannot be."""
        step = _Step(self, outcome)
        made = [step.append(append) for append in outcome.appends]
        if claim is not None and not made:
            raise EventError("an entry with an idempotency key appends no event")
        for stream, records in step.records.items():
            before = step.compiled if stream in step.compiled else self.compiled
            if stream in before:
                step.compiled[stream] = self.compiler.extend(before[stream], records)
        self._keep(step)
        accepted = Accepted(outcome, claim, self._count, made)
        self.accepted.append(accepted)
        self._count += len(made)
        return accepted

    def _keep(self, step: _Step) -> None:
        for stream, head in step.heads.items():
            self.expected.setdefault(stream, 0)
            self.heads[stream] = self._seen[stream] = head
        for stream in step.records:
            # Facts that could not be extended are not at hand any more at this position.
            self.compiled.pop(stream, None)
        self.compiled.update(step.compiled)
        self._keys.update(step.keys)
        self.moved_items |= step.moved_items
        self.changed |= step.records.keys() | step.keys.keys()
        self.epochs += step.epochs

    def key(self, stream: bytes) -> bytes:
        """Return the stream key of the running epoch; KeyError when it is not at hand."""
        return self._keys[stream]

    def has_key(self, stream: bytes) -> bool:
        """Whether the stream key of the running epoch is at hand."""
        return stream in self._keys

    def promise(self, signer: Signer) -> PromiseBatch:
        """Promise all leaves of the batch in one note."""
        hashes = [made.leaf_hash for accepted in self.accepted for made in accepted.made]
        padding = [secrets.token_bytes(32) for _ in range(padding_count(len(hashes)))]
        return make_promise(signer.origin, hashes, padding, self.at_ms, signer.name, signer.key)

    def receipts(self, accepted: Accepted, promise: PromiseBatch) -> tuple[Receipt, ...]:
        """Return one receipt per event of an accepted outcome."""
        return tuple(
            Receipt(
                made.event_id,
                made.append.stream,
                made.seq,
                made.leaf,
                made.leaf_hash,
                self.at_ms,
                accepted.first + offset,
                promise,
                made.append.event,
                made.seed,
                made.salts,
                made.digests,
            )
            for offset, made in enumerate(accepted.made)
        )

    def columns(self, month: str, month_key: bytes, claims: Sequence[tuple[Claim, Made, bytes | None]]) -> list[Any]:
        """Return the arguments of audit.append: every array of the batch, payloads sealed under the month key."""
        made = [made for accepted in self.accepted for made in accepted.made]
        return [
            self.at_ms,
            month,
            *_head_columns(self.heads, self.expected),
            [one.append.stream for one in made],
            [one.seq for one in made],
            [one.event_id for one in made],
            [one.leaf for one in made],
            [seal_seed(month_key, one.append.stream, one.seq, one.seed) for one in made],
            [
                seal_payload(month_key, one.append.stream, one.seq, one.append.event, one.append.evidence)
                for one in made
            ],
            *_fact_columns(made),
            *_claim_columns(claims, month, month_key),
        ]


class _Step:
    """One outcome on its way into a batch; the batch changes only when all of it is good."""

    def __init__(self, batch: Batch, outcome: Outcome[Any]) -> None:
        self.batch = batch
        self.heads: dict[bytes, Head] = {}
        self.keys: dict[bytes, bytes] = {}
        self.records: dict[bytes, list[FactRecord]] = {}
        self.compiled: dict[bytes, Any] = {}
        self.moved_items: set[bytes] = set()
        self.epochs: list[tuple[bytes, int, int, bytes]] = []
        for opening in outcome.openings:
            if opening.stream in batch.heads or len(opening.stream) != ID_SIZE:
                raise EventError("stream is open already or its id is not one")
            self.heads[opening.stream] = Head(opening.stream, opening.kind)
            self.keys[opening.stream] = opening.key
            self.compiled[opening.stream] = batch.compiler.compile(opening.kind, ())

    def append(self, append: Append) -> Made:
        """Give an event its number and leaf, and move the head."""
        stream = append.stream
        if append.event.number("time") != self.batch.view.now:
            raise EventError("time of an event is not that of its batch")
        head = self._head(stream)
        if self.batch.view.clock_behind:
            append = msgspec.structs.replace(append, event=_flagged(append.event))
        seq = head.seq + 1
        seed = secrets.token_bytes(SEED_SIZE)
        key = self.keys.get(stream) or self.batch.key(stream)
        salts = field_salts(seed, len(append.event.values))
        digests = digest_fields(salts, append.event)
        leaf = make_leaf(key, seq, head.leaf, commitment(digests))
        hashed = leaf_hash(leaf)
        head.seq, head.leaf, head.at_ms = seq, hashed, self.batch.at_ms
        bodies = tuple(encode_json(dict(fact.body), limit=MAX_FACT) for fact in append.facts)
        if append.facts:
            self._move(head, append.facts, Position(seq, hashed))
        if append.next_key is not None:
            head.key_epoch += 1
            self.keys[stream] = append.next_key
            self.epochs.append((stream, head.key_epoch, seq + 1, append.next_key))
        return Made(append, seq, _event_id(append), seed, leaf, hashed, bodies, salts, digests)

    def _head(self, stream: bytes) -> Head:
        head = self.heads.get(stream)
        if head is None:
            running = self.batch.heads.get(stream)
            if running is None:
                raise EventError("event for a stream that the entry did not name")
            head = self.heads[stream] = running.copy()
        return head

    def _move(self, head: Head, facts: Sequence[Fact], position: Position) -> None:
        for ordinal, fact in enumerate(facts):
            if fact.cls == "rules":
                head.rules = position
                record = FactRecord(position.seq, ordinal, fact.kind, fact.subject, fact.body)
                self.records.setdefault(head.stream, []).append(record)
            elif fact.cls == "items":
                head.items = position
                self.moved_items.add(head.stream)


def _flagged(event: Event) -> Event:
    """The event, saying that it took the time of its stream because the clock was behind; all else keeps its value."""
    at = event.schema.positions.get("flag")
    if at is None:
        return event
    return Event(event.schema, (*event.values[:at], CLOCK_BEHIND, *event.values[at + 1 :]))


def _event_id(append: Append) -> bytes:
    if append.event_id is None:
        return append.stream[:BUCKET_SIZE] + secrets.token_bytes(ID_SIZE - BUCKET_SIZE)
    if len(append.event_id) != ID_SIZE or append.event_id[:BUCKET_SIZE] != append.stream[:BUCKET_SIZE]:
        raise EventError("id of an event is not of its stream's bucket")
    return append.event_id


def _head_columns(heads: Mapping[bytes, Head], expected: Mapping[bytes, int]) -> list[list[Any]]:
    moved = [head for stream, head in sorted(heads.items()) if head.seq != expected[stream]]
    return [
        [head.stream for head in moved],
        [expected[head.stream] for head in moved],
        [head.seq for head in moved],
        [head.leaf for head in moved],
        [head.rules.seq for head in moved],
        [head.rules.leaf for head in moved],
        [head.items.seq for head in moved],
        [head.items.leaf for head in moved],
        [head.key_epoch for head in moved],
    ]


def _fact_columns(made: Sequence[Made]) -> list[list[Any]]:
    rows = [
        (one.append.stream, one.seq, ordinal, fact.cls, fact.kind, fact.subject, body)
        for one in made
        for ordinal, (fact, body) in enumerate(zip(one.append.facts, one.facts, strict=True))
    ]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(7)]


def _claim_columns(claims: Sequence[tuple[Claim, Made, bytes | None]], month: str, month_key: bytes) -> list[list[Any]]:
    rows = []
    for claim, made, kept in claims:
        name = (claim.actor, claim.route, claim.key)
        sealed = None if kept is None else seal_answer(month, month_key, name, kept)
        rows.append((*name, claim.body, made.append.stream, made.seq, made.event_id, sealed))
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(8)]
