"""Deciding again, kind by kind: what an event must say, worked out by the code that worked it out then. Pure.

A judge gives the fields that must be what is written, and under `STANDS` the stream in which such an event belongs: a
refusal that was moved into another stream would hide it from its owner. What cannot be asked again raises
NotReplayableError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from audit.entry import Claim
from audit.event import Event
from consent.engine import ENGINE_VERSION, decide
from consent.facts import Facts
from consent.terms import Request
from crypto.canonical import decode_json
from crypto.encoding import sha256
from crypto.errors import CryptoError
from crypto.headers import Header, parse_header
from crypto.statements import Statement, parse_statement, verify
from dossier.auditing.looking import may_audit
from dossier.auditing.past import NotReplayableError, Past
from dossier.cases.knowing import decide_look
from dossier.decisions import decision_fields, with_reason
from dossier.errors import DossierError
from dossier.events import Values
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, foreign_streams, subject_of
from dossier.facts.parties import OrganisationFacts, PersonFacts
from dossier.items.admitting import NO_DOSSIER, decide_add, decide_any, source_of
from dossier.items.intake import signing_key, version_fields
from dossier.items.listing import Items, ListItems, ListRequest
from dossier.parties.actor import Actor, Assurance
from dossier.reading.context import Context, decide_still
from dossier.reading.entry import NOTHING_KNOWN
from dossier.reading.events import CONSENT_STEPS
from dossier.reading.request import KIND as REQUEST
from dossier.sharing.previews import PreviewConsent
from dossier.sharing.store import AllItemsWant

STANDS: Final = "stream"
UNSIGNED: Final = "not by the key that stood"


@dataclass(frozen=True, slots=True)
class Matter:
    """One decision to be made again: its event, what was kept beside it, the facts of then, and where it stands."""

    event: Event
    evidence: bytes
    past: Past
    stream: bytes | None


Judge = Callable[[Matter], Values]


def _reading(matter: Matter) -> Values:
    """A reading: the signed request is what was asked, and the event must say nothing else."""
    statement = _statement(matter.evidence, REQUEST, "the signed request is not there")
    asked, past = statement.payload, matter.past
    values: Values = {
        "actor": asked["signer"],
        "organisation": asked["organisation"],
        "statement": statement.hash.hex(),
        "subjects": [asked["item"]],
    }
    values |= {name: asked[name] for name in ("role", "action", "purpose", "case", "reason")}
    actor, state = _actor(matter), past.item(bytes.fromhex(asked["item"]))
    if past.seen.dossier is None or state is None or asked["version"] > state.version:
        return values | decision_fields(NOTHING_KNOWN) | {STANDS: actor.stream.hex()}
    dossier = _dossier(past, past.seen.dossier)
    case = bytes.fromhex(asked["case"]) if asked["case"] else None
    facts = Facts(dossier.rules, foreign_facts(actor, past.view, case))
    subject = subject_of(actor, asked["role"], asked["keyHash"])
    request = Request(subject, asked["action"], state.facts, asked["purpose"], asked["case"], asked["reason"])
    decision = with_reason(decide(request, facts, past.now), asked["reason"], facts.dossier.catalogues.current)
    if decision.permitted and not _is_signed(statement, actor, past):
        values["signature"] = UNSIGNED
    known = Request(subject, "list", state.facts, asked["purpose"], asked["case"], asked["reason"])
    may_know = decision.permitted or decide(known, facts, past.now).permitted
    values[STANDS] = (past.seen.dossier if may_know else actor.stream).hex()
    values["consents"] = list(decision.rules) if decision.step in CONSENT_STEPS else []
    return values | decision_fields(decision)


def _stopped(matter: Matter) -> Values:
    """A reading that was stopped: decided again on what its request asked, which no longer permits it."""
    try:
        context = Context.of_evidence(matter.evidence)
        item = bytes.fromhex(matter.event["subject"])
    except (CryptoError, KeyError, TypeError, ValueError) as error:
        raise NotReplayableError("what was asked is not there") from error
    past = matter.past
    if past.seen.dossier is None:
        raise NotReplayableError("the positions are not well-formed")
    actor = _actor(matter, context.kind)
    decision = decide_still(context, actor, past.seen.dossier, past.item(item), past.view, past.now)
    return {
        "cause": decision.reason,
        "rules": list(decision.rules),
        "engine": ENGINE_VERSION,
        STANDS: past.seen.dossier.hex(),
    }


def _listing(matter: Matter) -> Values:
    """A page of a list, or its refusal: judged as a whole, so that count and hash of its ids must come out the same."""
    past, actor = matter.past, _actor(matter)
    request = _list_request(matter)
    entry = ListItems(actor, request, Items(past.seen.items, past.items()), bytes.fromhex(matter.event["request"]))
    _, decision = entry.decide(past.view)
    if decision.permitted:
        again, stands = entry.judge(past.view).appends[0].event, request.dossier
    else:
        again, stands = entry.event(past.view, [], [decision]), actor.stream
    return _fields(again) | {STANDS: stands.hex()}


def _list_request(matter: Matter) -> ListRequest:
    event = matter.event
    try:
        page, [dossier] = decode_json(matter.evidence), event.items("subjects")
        return ListRequest(
            dossier=bytes.fromhex(dossier),
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


def _delivery(matter: Matter) -> Values:
    """A version that was taken in: its signed header is what was asked, and the event must say what it says."""
    header, past = _header(matter.evidence), matter.past
    core = header.core
    actor = _actor(matter, core.author_kind)
    decision = decide_add(actor, core, core.dossier, past.view, past.now)
    decided = decision_fields(decision)
    values = version_fields(header) | {name: decided[name] for name in ("basis", "code", "rules", "engine")}
    values |= {
        "type": "delivered" if actor.kind == "system" else "added",
        "actor": core.author.hex(),
        "source": source_of(actor).hex(),
        STANDS: core.dossier.hex(),
    }
    try:
        verify(header.statement, signing_key(actor, past.view))
    except (CryptoError, DossierError):
        values["signature"] = UNSIGNED
    return values


def _refused_add(matter: Matter) -> Values:
    """A version that was not taken in, or an upload that was not begun, of somebody who may add nothing of the kind."""
    event, past = matter.event, matter.past
    if event["type"] == "upload":
        actor, asked = _actor(matter), ""
        subjects = event.items("subjects")
        decision = decide_any(actor, bytes.fromhex(subjects[0]), past.view, past.now)
    else:
        header = _header(matter.evidence)
        actor, asked = _actor(matter, header.core.author_kind), header.hash.hex()
        subjects = [header.core.dossier.hex(), header.core.item.hex()]
        decision = decide_add(actor, header.core, header.core.dossier, past.view, past.now)
    values: Values = {"action": "add", "subjects": subjects, "statement": asked, STANDS: actor.stream.hex()}
    return values | decision_fields(decision)


def _address(matter: Matter) -> Values:
    """A question for the address of a dossier; where there was none, no facts were used."""
    past, actor = matter.past, _actor(matter)
    dossier = past.seen.dossier
    decision = NO_DOSSIER if dossier is None else decide_any(actor, dossier, past.view, past.now)
    decided = decision_fields(decision)
    values: Values = {name: decided[name] for name in ("decision", "code", "basis", "engine")}
    return values | {"count": 1 if decision.permitted else 0, STANDS: actor.stream.hex()}


def _preview(matter: Matter) -> Values:
    """A preview: everything decided twice again, so that count and hash of what would change come out the same."""
    past, event = matter.past, matter.event
    dossier = past.seen.dossier
    if dossier is None:
        raise NotReplayableError("the positions are not well-formed")
    claim = Claim(bytes.fromhex(event["actor"]), b"", bytes.fromhex(event["request"]), b"")
    view = past.with_rows({AllItemsWant(dossier): past.items()})
    try:
        asked = decode_json(matter.evidence)
        people = [bytes.fromhex(person) for person in asked["people"]]
        entry = PreviewConsent(_actor(matter), dossier, asked["consent"] or None, asked["ending"], people, claim)
    except (CryptoError, DossierError, KeyError, TypeError, ValueError) as error:
        raise NotReplayableError("what was asked is not there") from error
    try:
        return _fields(entry.judge(view).appends[0].event) | {STANDS: dossier.hex()}
    except DossierError as error:
        return {"decision": error.code}


def _look(matter: Matter) -> Values:
    """An auditor's look."""
    decision = may_audit(_actor(matter), matter.past.view)
    return {
        "decision": "permit" if decision.permitted else "deny",
        "code": decision.reason,
        "engine": ENGINE_VERSION,
        STANDS: matter.event["organisation"],
    }


def _case(matter: Matter) -> Values:
    """A look at a case: what was shown of it, decided again from the case, the person and the dossiers in it."""
    event, past = matter.event, matter.past
    actor = _actor(matter)
    try:
        invited, case = bool(decode_json(matter.evidence)["invited"]), bytes.fromhex(event["case"])
    except (CryptoError, KeyError, TypeError, ValueError) as error:
        raise NotReplayableError("what was asked is not there") from error
    near = [each for each in past.seen.rules if each not in (case, *foreign_streams(actor))]
    look = decide_look(actor, case, near, past.view, invited=invited)
    decided = decision_fields(look.decision)
    values: Values = {name: decided[name] for name in ("decision", "code", "basis", "engine")}
    shown = sha256(b"".join(map(bytes.fromhex, look.dossiers))).hex() if look.dossiers else ""
    values |= {"subjects": [case.hex()], "role": look.role, "count": len(look.dossiers), "idsHash": shown}
    return values | {STANDS: (case if look.decision.permitted else actor.stream).hex()}


def _statement(evidence: bytes, kind: str, missing: str) -> Statement:
    try:
        statement = parse_statement(evidence)
    except CryptoError as error:
        raise NotReplayableError(missing) from error
    if statement.kind != kind:
        raise NotReplayableError(missing)
    return statement


def _header(evidence: bytes) -> Header:
    missing = "the signed header is not there"
    try:
        return parse_header(_statement(evidence, "item-header", missing))
    except CryptoError as error:
        raise NotReplayableError(missing) from error


def _dossier(past: Past, dossier: bytes) -> DossierState:
    value = past.view.facts(dossier).value
    if not isinstance(value, DossierState):
        raise NotReplayableError("the stream is not that of a dossier")
    return value


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


def _fields(event: Event) -> Values:
    lists = {field.name for field in event.schema.fields if field.kind == "list"}
    return {
        each.name: event.items(each.name) if each.name in lists else event[each.name] for each in event.schema.fields
    }


def _actor(matter: Matter, kind: str = "") -> Actor:
    """Who it was. A system has no stream of its own, so that none of its positions is its own."""
    event = matter.event
    actor = bytes.fromhex(event["actor"])
    organisation = bytes.fromhex(event["organisation"]) if event["organisation"] else None
    if not kind:
        own = actor in matter.past.seen.rules or matter.stream == actor
        kind = "system" if organisation is not None and not event["role"] and not own else "person"
    roles = (event["role"],) if event["role"] else ()
    return Actor("system" if kind == "system" else "person", actor, organisation, roles, Assurance.LOW, 0, b"")


JUDGES: Final[Mapping[tuple[str, str], Judge]] = {
    ("decision/v1", "reading"): _reading,
    ("decision/v1", "delivery"): _refused_add,
    ("decision/v1", "upload"): _refused_add,
    ("listing/v1", "items"): _listing,
    ("delivery/v1", "delivered"): _delivery,
    ("delivery/v1", "added"): _delivery,
    ("query/v1", "address"): _address,
    ("query/v1", "preview"): _preview,
    ("query/v1", "events"): _look,
    ("query/v1", "case"): _case,
    ("stopped/v1", "reading"): _stopped,
}
"""Who decides again what an event of this schema and type says was decided."""
