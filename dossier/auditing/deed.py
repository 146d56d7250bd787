"""One act as it stands in its stream, and what else is kept of it; what comes out is held against it. Pure.

A decision says on which facts it was made. An act stands in the stream that it changes, so its facts are those before
it: position of the rules, authority, thresholds, what waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from audit.entry import Append, Claim, FactRecord
from audit.event import Event
from consent.catalogue import Catalogue
from crypto.statements import Statement, parse_statement
from dossier.auditing.past import NotReplayableError
from dossier.parties.actor import Actor, Assurance
from dossier.requests.store import RequestRow
from dossier.sharing.store import SharedRow

CLOCK_BEHIND: Final = "clock-behind"
SCHEMAS: Final = frozenset({"statement/v1", "proposal/v1", "stopped/v1", "case/v1", "epoch/v1", "request/v1"})
"""Schemas of the events that acts are written as; the others are decisions, or change nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event of a stream with the facts that it made; `at` is in UTC milliseconds."""

    seq: int
    at: int
    event: Event
    evidence: bytes
    facts: tuple[FactRecord, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a stream beside its events: envelopes by hash and of countersignatures by seq, and more rows."""

    statements: Mapping[bytes, bytes] = field(default_factory=dict)
    countersigned: Mapping[int, bytes] = field(default_factory=dict)
    consents: Mapping[str, SharedRow] = field(default_factory=dict)
    requests: Mapping[str, RequestRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deed:
    """One act: the events that it was written as in its stream, in order. `state` is the compiled value before it."""

    stream: bytes
    kind: str
    lines: tuple[Line, ...]
    kept: Kept
    catalogue: Catalogue
    state: Any = None

    @property
    def event(self) -> Event:
        """The first event."""
        return self.lines[0].event

    @property
    def actor(self) -> Actor:
        """Who did it: a professional names a role, a system an organisation alone, a citizen neither."""
        event = self.event
        organisation = bytes.fromhex(event["organisation"]) if event["organisation"] else None
        kind = "system" if organisation is not None and not event["role"] else "person"
        roles = (event["role"],) if event["role"] else ()
        id_ = bytes.fromhex(event["actor"])
        return Actor("system" if kind == "system" else "person", id_, organisation, roles, Assurance.LOW, 0, b"")

    @property
    def claim(self) -> Claim:
        """The idempotency key, which is the request's id."""
        return Claim(bytes.fromhex(self.event["actor"]), b"", bytes.fromhex(self.event["request"]), b"")

    def statement(self, line: int = 0) -> Statement:
        """The statement that an event names, as it was signed; raise NotReplayableError if it is not kept."""
        there = self.lines[line]
        envelope = there.evidence or self.kept.statements.get(bytes.fromhex(there.event["statement"]), b"")
        if not envelope:
            raise NotReplayableError("the signed statement is not there")
        statement = parse_statement(envelope)
        if statement.hash.hex() != there.event["statement"]:
            raise NotReplayableError("another statement is kept than the event names")
        # Whoever signs for two dossiers, or in two cases, signs for each apart.
        if statement.payload.get(self.kind, self.stream.hex()) != self.stream.hex():
            raise NotReplayableError("the statement is about something else")
        return statement


def group(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Put together the events that were written by one act."""
    found: list[Line] = []
    for line in lines:
        if found and not _belongs(found, line):
            yield tuple(found)
            found = []
        found.append(line)
    if found:
        yield tuple(found)


def _belongs(found: Sequence[Line], line: Line) -> bool:
    first, event = found[0].event, line.event
    if (line.seq, event["actor"], event["time"]) != (found[-1].seq + 1, first["actor"], first["time"]):
        return False
    if event.schema.id == "stopped/v1" and first.schema.id == "case/v1":
        return event["statement"] == first["statement"]
    if event["request"]:
        return event["request"] == first["request"]
    return event.schema.id == "epoch/v1" and not first["request"]


def differences(deed: Deed, made: Sequence[Append]) -> Iterator[tuple[Line, str]]:
    """What stands otherwise than it comes out; `made` are the appends to the deed's stream."""
    for line, append in zip(deed.lines, made, strict=False):
        yield from ((line, text) for text in _differing(line, append))
    if len(deed.lines) != len(made):
        yield deed.lines[-1], f"the act was written as {len(deed.lines)} events and comes out as {len(made)}"


def _is_flagged(event: Event) -> bool:
    return "flag" in event.schema.positions and event["flag"] == CLOCK_BEHIND


def _differing(line: Line, append: Append) -> Iterator[str]:
    event, again = line.event, append.event
    if event.schema.id != again.schema.id:
        yield f"schema is written as `{event.schema.id}` and comes out as `{again.schema.id}`"
        return
    # The next key is drawn at random, and only the writer knows whether the clock was behind.
    skipped = {"next", "epoch"} | ({"flag"} if _is_flagged(event) else set())
    for name in (each.name for each in event.schema.fields):
        if name not in skipped and event[name] != again[name]:
            yield f"{name} is written as `{event[name]}` and comes out as `{again[name]}`"
    if event.schema.id == "epoch/v1":
        return
    facts = [(fact.kind, fact.subject, dict(fact.body)) for fact in line.facts]
    if facts != [(fact.kind, fact.subject, dict(fact.body)) for fact in append.facts]:
        yield "the facts are not those that the act makes"
