"""Deciding again: what was decided in the past, judged by the facts exactly as they stood, with the same engine.

An event of a decision names the position of every stream whose facts were used, and fact rows are never changed: so
the facts of that instant are a fold over rows up to those positions. What comes out must be what is written (P8).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.entry import FactRecord, Head, Position, View
from audit.errors import AuditError
from audit.event import Event
from audit.stream import NO_PREVIOUS
from consent.catalogue import Catalogues
from consent.engine import decide
from consent.facts import Facts
from consent.terms import Request
from crypto.canonical import decode_json
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement, verify
from dossier.auditing.looking import ATTESTED, NOT_ATTESTED, may_audit
from dossier.decisions import decision_fields, with_reason
from dossier.errors import NotFoundError
from dossier.events import Values
from dossier.facts.compiler import Compiled, Compiler
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, subject_of
from dossier.facts.parties import OrganisationFacts, PersonFacts
from dossier.items.listing import Items, ListItems, ListRequest
from dossier.items.state import ItemState, compile_item
from dossier.parties.actor import Actor, Assurance
from dossier.reading.entry import NOTHING_KNOWN
from dossier.reading.events import CONSENT_STEPS
from dossier.reading.request import KIND as REQUEST

KEPT: Final = 16
"""Compiled values that a history remembers."""

ItemRecord = tuple[int, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of an event that is not what comes out now."""

    field: str
    recorded: str
    again: str

    def __str__(self) -> str:
        """Return one line for a person; codes and ids only."""
        return f"{self.field} is written as `{self.recorded}` and comes out as `{self.again}`"


class NotReplayableError(Exception):
    """What the decision was made on is not there; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Which facts a decision used: the rules position of each stream, and the dossier with its items position."""

    rules: Mapping[bytes, int]
    dossier: bytes | None
    items: int

    @classmethod
    def of(cls, event: Event) -> Seen:
        """Read the positions of an event; raise NotReplayableError."""
        rules: dict[bytes, int] = {}
        dossier, items = None, 0
        try:
            for stream, seq, *more in event.items("positions"):
                rules[bytes.fromhex(stream)] = int(seq)
                if more:
                    dossier, items = bytes.fromhex(stream), int(more[0])
        except (TypeError, ValueError, CryptoError) as error:
            raise NotReplayableError("the positions are not well-formed") from error
        return cls(rules, dossier, items)


class History:
    """The facts of one stream at every position up to `last`. Compiled values are remembered: decisions come in order."""

    def __init__(
        self, kind: str, last: int, rules: Sequence[FactRecord], items: Sequence[FactRecord], compiler: Compiler
    ) -> None:
        self.kind, self.last = kind, last
        self._rules, self._compiler = rules, compiler
        self._seqs = [record.seq for record in rules]
        self._items: dict[bytes, list[ItemRecord]] = defaultdict(list)
        for record in items:
            self._items[record.subject].append((record.seq, record.kind, record.body))
        self._compiled: dict[int, Compiled] = {}
        self._states: tuple[int, dict[bytes, ItemState]] = (0, {})

    def compiled(self, seq: int) -> Compiled:
        """Return the compiled rules facts at a position."""
        count = bisect_right(self._seqs, seq)
        if count not in self._compiled:
            if len(self._compiled) >= KEPT:
                del self._compiled[next(iter(self._compiled))]
            self._compiled[count] = self._compiler.compile(self.kind, self._rules[:count])
        return self._compiled[count]

    def item(self, item: bytes, seq: int) -> ItemState | None:
        """Return one item as it stood at a position, None if it was not there or removed."""
        state = compile_item(item.hex(), [record for record in self._items.get(item, ()) if record[0] <= seq])
        return None if state is None or state.removed else state

    def items(self, seq: int) -> dict[bytes, ItemState]:
        """Return all items as they stood at a position."""
        if self._states[0] != seq:
            found = {
                item: compile_item(item.hex(), [record for record in records if record[0] <= seq])
                for item, records in self._items.items()
            }
            self._states = seq, {item: state for item, state in found.items() if state is not None}
        return self._states[1]


@dataclass(frozen=True, slots=True)
class Past:
    """The facts that one event used, as they stood."""

    seen: Seen
    histories: Mapping[bytes, History]
    view: View

    @classmethod
    def of(cls, event: Event, seen: Seen, histories: Mapping[bytes, History]) -> Past:
        """Take the facts at the positions of an event; raise NotReplayableError for a stream that does not exist."""
        if not seen.rules.keys() <= histories.keys():
            raise NotReplayableError("a stream that was used does not exist")
        heads = {stream: _head(stream, histories[stream].kind, seq, seen) for stream, seq in seen.rules.items()}
        compiled = {stream: histories[stream].compiled(seq) for stream, seq in seen.rules.items()}
        return cls(seen, histories, View(event.number("time") * 1000, heads, compiled, {}))


def _head(stream: bytes, kind: str, seq: int, seen: Seen) -> Head:
    items = Position(seen.items if stream == seen.dossier else 0, NO_PREVIOUS)
    return Head(stream, kind, rules=Position(seq, NO_PREVIOUS), items=items)


def catalogues_of(event: Event, shipped: Catalogues) -> Catalogues:
    """Return the catalogues with the one current that was so at the time of an event; raise NotReplayableError."""
    wanted = event["catalogue"] or shipped.current.hash
    if wanted not in shipped.versions:
        raise NotReplayableError("the catalogue of that time is not here")
    return Catalogues(shipped.versions, shipped.versions[wanted])


def is_decision(event: Event) -> bool:
    """Whether an event is a decision that can be made again."""
    return (event.schema.id, event["type"] if "type" in event.schema.positions else "") in _AGAIN


def replay(event: Event, evidence: bytes, histories: Mapping[bytes, History]) -> list[Difference]:
    """Decide again what an event says was decided; return what differs.

    `histories` has every stream that the event names (`Seen.of`). Raise NotReplayableError.
    """
    past = Past.of(event, Seen.of(event), histories)
    try:
        values = _AGAIN[event.schema.id, event["type"]](event, evidence, past)
    except (AuditError, LookupError, TypeError, ValueError) as error:
        # A writer that wrote nonsense must not stop the one who reads after it.
        raise NotReplayableError("what was written makes no sense") from error
    return [
        Difference(name, _written(event, name, value), str(value))
        for name, value in values.items()
        if _written(event, name, value) != str(value)
    ]


def _written(event: Event, name: str, value: str | int | list[Any]) -> str:
    if name not in event.schema.positions:
        return ""
    if isinstance(value, list):
        return str(event.items(name))
    return str(event.number(name)) if isinstance(value, int) else event[name]


def _reading(event: Event, evidence: bytes, past: Past) -> Values:
    """A reading: the signed request is what was asked, and the event must say nothing else."""
    statement = _request(evidence)
    asked = statement.payload
    actor = _actor(event, past)
    values: Values = {
        "actor": asked["signer"],
        "organisation": asked["organisation"],
        "statement": statement.hash.hex(),
        "subjects": [asked["item"]],
    }
    values |= {name: asked[name] for name in ("role", "action", "purpose", "case", "reason")}
    if past.seen.dossier is None:
        return values | decision_fields(NOTHING_KNOWN)
    state = past.histories[past.seen.dossier].item(bytes.fromhex(asked["item"]), past.seen.items)
    if state is None or asked["version"] > state.version:
        return values | decision_fields(NOTHING_KNOWN)
    dossier = past.view.facts(past.seen.dossier).value
    if not isinstance(dossier, DossierState):
        raise NotReplayableError("the stream is not that of a dossier")
    case = bytes.fromhex(asked["case"]) if asked["case"] else None
    facts = Facts(dossier.rules, foreign_facts(actor, past.view, case))
    subject = subject_of(actor, asked["role"], asked["keyHash"])
    request = Request(subject, asked["action"], state.facts, asked["purpose"], asked["case"], asked["reason"])
    decision = with_reason(decide(request, facts, past.view.now), asked["reason"])
    if decision.permitted and not _is_signed(statement, actor, past):
        values["signature"] = "not by the key that stood"
    values["consents"] = list(decision.rules) if decision.step in CONSENT_STEPS else []
    return values | decision_fields(decision)


def _request(evidence: bytes) -> Statement:
    try:
        statement = parse_statement(evidence)
    except CryptoError as error:
        raise NotReplayableError("the signed request is not there") from error
    if statement.kind != REQUEST:
        raise NotReplayableError("the signed request is not there")
    return statement


def _is_signed(statement: Statement, actor: Actor, past: Past) -> bool:
    """Whether the key that the actor's own streams named at that time signed the request."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    value = past.view.facts(actor.stream).value if past.view.exists(actor.stream) else None
    if isinstance(value, PersonFacts) and organisation in value.chains:
        key = value.chains[organisation].signing_key
    elif isinstance(value, OrganisationFacts) and actor.id.hex() in value.systems:
        key = value.systems[actor.id.hex()].signing_key
    else:
        return False
    try:
        verify(statement, key)
    except CryptoError:
        return False
    return True


def _listing(event: Event, evidence: bytes, past: Past) -> Values:
    """A page of a list: judged again as a whole, so that count and hash of its ids must come out the same."""
    if past.seen.dossier is None:
        raise NotReplayableError("the positions are not well-formed")
    request = _list_request(event, evidence, past.seen.dossier)
    items = Items(past.seen.items, past.histories[past.seen.dossier].items(past.seen.items))
    entry = ListItems(_actor(event, past), request, items, bytes.fromhex(event["request"]))
    try:
        again = entry.judge(past.view).appends[0].event
    except NotFoundError:
        return {"decision": "deny"}
    return {field.name: again[field.name] for field in again.schema.fields}


def _list_request(event: Event, evidence: bytes, dossier: bytes) -> ListRequest:
    try:
        page = decode_json(evidence)
        asked = ListRequest(
            dossier=dossier,
            role=event["role"],
            purpose=event["purpose"],
            case=bytes.fromhex(event["case"]) if event["case"] else None,
            reason=event["reason"],
            section=page["section"],
            after=bytes.fromhex(page["after"]),
            size=page["size"],
        )
    except (CryptoError, KeyError, TypeError, ValueError) as error:
        raise NotReplayableError("which page was asked for is not there") from error
    return asked


def _look(event: Event, _evidence: bytes, past: Past) -> Values:
    """An auditor's look."""
    allowed = may_audit(_actor(event, past), past.view)
    return {"decision": "permit" if allowed else "deny", "code": ATTESTED if allowed else NOT_ATTESTED}


def _actor(event: Event, past: Past) -> Actor:
    """Who it was. A system has no stream of its own, so that none of its positions is its own."""
    actor = bytes.fromhex(event["actor"])
    organisation = bytes.fromhex(event["organisation"]) if event["organisation"] else None
    is_system = organisation is not None and not event["role"] and actor not in past.seen.rules
    roles = (event["role"],) if event["role"] else ()
    return Actor("system" if is_system else "person", actor, organisation, roles, Assurance.LOW, 0, b"")


_AGAIN: Final[Mapping[tuple[str, str], Callable[[Event, bytes, Past], Values]]] = {
    ("decision/v1", "reading"): _reading,
    ("listing/v1", "items"): _listing,
    ("query/v1", "events"): _look,
}
