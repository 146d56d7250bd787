"""Acts made again: signed statements, stops and endings, each judged by the entry that judged it then. Pure.

What an entry comes out with must be what stands there, event by event and fact by fact; what it refuses should not
stand there at all (P6, P8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from audit.entry import Entry, FactRecord
from audit.event import Event
from crypto.canonical import decode_json
from crypto.encoding import decode_base64
from crypto.statements import Statement, parse_statement
from dossier.auditing.deed import Deed
from dossier.auditing.keydeeds import made_key, made_list, made_section_key
from dossier.auditing.past import NotReplayableError
from dossier.cases.accepting import AcceptCase, CountersignAcceptance
from dossier.cases.closing import CloseCase
from dossier.cases.coordinating import TransferCoordinator
from dossier.cases.opening import OpenCase
from dossier.cases.people import AddParticipant, EndParticipation
from dossier.cases.store import Notice
from dossier.cases.telling import TellCase
from dossier.dossiers.acts import ACTS
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.registering import CAUSE as REPORTED
from dossier.dossiers.registering import EndByRegister
from dossier.dossiers.stopping import StopAdmission, StopAuthority
from dossier.epochs.lapsing import Lapse
from dossier.facts.dossiers import DossierState
from dossier.requests.answering import AnswerRequest, CountersignAnswer, NewAnswer
from dossier.requests.asking import Ask
from dossier.requests.expiring import ExpireRequest
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.countersigning import Countersign
from dossier.sharing.ending import End
from dossier.sharing.shown import case_streams
from dossier.sharing.store import SharedRow
from dossier.sharing.withdrawal import Withdraw

SWEEPER: Final = "sweeper"


def entry_of(deed: Deed) -> Entry[Any]:
    """The entry that this act was; raise NotReplayableError where nobody knows one."""
    maker = MAKERS.get(name_of(deed.kind, deed.event))
    if maker is None:
        raise NotReplayableError("nobody knows how to make such an act again")
    return maker(deed)


def name_of(kind: str, event: Event) -> tuple[str, str, str]:
    """By what the maker of an act is found: the kind of its stream, the schema of its first event, and its own name."""
    field = _NAMES.get((kind, event.schema.id), "")
    return kind, event.schema.id, event[field] if field else ""


_NAMES: Final = {
    ("dossier", "statement/v1"): "kind",
    ("dossier", "stopped/v1"): "type",
    ("dossier", "request/v1"): "type",
    ("case", "case/v1"): "type",
}


def _govern(deed: Deed) -> Entry[Any]:
    return Govern(deed.actor, deed.stream, Submission(deed.statement()), deed.claim)


def _consent(deed: Deed) -> Entry[Any]:
    return GiveConsent(deed.actor, NewConsent(deed.stream, deed.statement()), deed.claim)


def _withdrawal(deed: Deed) -> Entry[Any]:
    statement = deed.statement()
    return Withdraw(deed.actor, _shared(deed, statement.payload["consent"]), statement, deed.claim)


def _acceptance(deed: Deed) -> Entry[Any]:
    statement = deed.statement()
    return AcceptCase(deed.actor, bytes.fromhex(statement.payload["case"]), statement, deed.claim)


def _proposal(deed: Deed) -> Entry[Any]:
    signed = deed.kept.countersigned.get(deed.lines[0].seq)
    if signed is not None:
        return _countersigned(deed, parse_statement(signed))
    kind = deed.event["kind"]
    makers = {
        "consent": _consent,
        "withdrawal": _withdrawal,
        "case-acceptance": _acceptance,
        "access-answer": _answer,
    }
    if kind in makers:
        return makers[kind](deed)
    # The item key for a new place waits with the proposal of a placement, and its hash is signed.
    (fact,) = deed.lines[0].facts
    entry = Govern(deed.actor, deed.stream, Submission(deed.statement(), (), _sealed(fact)), deed.claim)
    entry.verify()
    return entry


def _sealed(fact: FactRecord) -> bytes:
    return decode_base64(fact.body["sealedKey"]) if "sealedKey" in fact.body else b""


def _countersigned(deed: Deed, signed: Statement) -> Entry[Any]:
    body = deed.state.proposals.get(deed.event["statement"][:32], {}) if isinstance(deed.state, DossierState) else {}
    if not body.get("statement"):
        raise NotReplayableError("what was signed waited for no signature")
    proposed = parse_statement(decode_base64(body["statement"]))
    if proposed.kind == "case-acceptance":
        return CountersignAcceptance(deed.actor, signed, proposed, deed.claim)
    if "answer" in body:
        return CountersignAnswer(deed.actor, signed, parse_statement(decode_base64(body["answer"])), deed.claim)
    return Countersign(deed.actor, deed.stream, signed, deed.claim)


def _answer(deed: Deed) -> Entry[Any]:
    statement = deed.statement()
    asked = deed.kept.requests.get(statement.payload["request"])
    if asked is None:
        raise NotReplayableError("the request that was answered is not there")
    given = [NewConsent(deed.stream, deed.statement(at)) for at in range(1, len(deed.lines))]
    return AnswerRequest(deed.actor, asked, NewAnswer(statement, given), deed.catalogue, deed.claim)


def _asked(deed: Deed) -> Entry[Any]:
    entry = Ask(deed.actor, deed.statement(), b"", deed.catalogue, deed.claim)
    entry.read_also(sorted(case_streams(deed.state.rules.permits)))
    return entry


def _request(deed: Deed) -> Entry[Any]:
    asked = deed.kept.requests.get(deed.event["accessRequest"])
    if asked is None:
        raise NotReplayableError("the request is not there")
    return ExpireRequest(asked)


def _stopped_consent(deed: Deed) -> Entry[Any]:
    event = deed.event
    if event["actor"] != SWEEPER:
        return Withdraw(deed.actor, _shared(deed, event["subject"]), None, deed.claim)
    consent = parse_statement(_shared(deed, event["subject"]).envelope).payload
    case = bytes.fromhex(consent["case"]) or None
    return End(deed.stream, bytes.fromhex(event["subject"]), case)


def _stopped_authority(deed: Deed) -> Entry[Any]:
    event, person = deed.event, bytes.fromhex(deed.event["subject"])
    if event["actor"] == SWEEPER:
        return Lapse(deed.stream, person, _lapsed(deed, person))
    if event["cause"] != REPORTED:
        return StopAuthority(deed.actor, deed.stream, person, deed.claim)
    people = [bytes.fromhex(each.event["subject"]) for each in deed.lines if each.event.schema.id == "stopped/v1"]
    return EndByRegister(deed.actor, deed.stream, people, decode_json(deed.lines[0].evidence)["reported"], deed.claim)


def _lapsed(deed: Deed, person: bytes) -> int:
    """When the authority ended by time: the last end of this person's entries that is not in the future."""
    now = deed.event.number("time")
    state: DossierState = deed.state
    ends = [each.period.end for each in state.rules.holders if each.person == person.hex() and each.period.end <= now]
    if not ends:
        raise NotReplayableError("no authority of this person had ended by time")
    return max(ends)


def _epoch(deed: Deed) -> Entry[Any]:
    """An epoch of the stream's key that ended for a loss which had been written down, or overtaken, before."""
    if deed.event["actor"] != SWEEPER:
        raise NotReplayableError("nobody knows how to make such an act again")
    return Lapse(deed.stream, deed.stream, 0)


def _stopped_admission(deed: Deed) -> Entry[Any]:
    return StopAdmission(deed.actor, deed.stream, bytes.fromhex(deed.event["subject"]), deed.claim)


def _told(deed: Deed) -> Entry[Any]:
    lists = {each.name for each in deed.event.schema.fields if each.kind == "list"}
    numbers = {each.name for each in deed.event.schema.fields if each.kind in {"time", "count"}}
    fields = (each.name for each in deed.event.schema.fields[1:])
    body = {
        name: _value(deed.event, name, lists, numbers)
        for name in fields
        if deed.event[name] or name not in lists | numbers
    }
    return TellCase(Notice(0, 0, deed.stream, msgspec.json.encode(body)))


def _value(event: Event, name: str, lists: set[str], numbers: set[str]) -> Any:
    if name in lists:
        return event.items(name)
    return event.number(name) if name in numbers else event[name]


def _case_opening(deed: Deed) -> Entry[Any]:
    return OpenCase(deed.actor, deed.statement(), (), deed.catalogue, deed.claim)


def _participation(deed: Deed) -> Entry[Any]:
    return AddParticipant(deed.actor, deed.stream, deed.statement(), deed.catalogue, deed.claim)


def _participation_end(deed: Deed) -> Entry[Any]:
    person = bytes.fromhex(deed.event["participant"])
    statement = deed.statement() if deed.event["statement"] else None
    return EndParticipation(deed.actor, deed.stream, person, statement, deed.claim)


def _transfer(deed: Deed) -> Entry[Any]:
    return TransferCoordinator(deed.actor, deed.stream, deed.statement(), deed.claim)


def _closure(deed: Deed) -> Entry[Any]:
    return CloseCase(deed.actor, deed.stream, deed.statement(), deed.claim)


def _shared(deed: Deed, consent: str) -> SharedRow:
    row = deed.kept.consents.get(consent)
    if row is None:
        raise NotReplayableError("the consent that was ended is not there")
    return row


Maker = Callable[[Deed], Entry[Any]]

MAKERS: Final[Mapping[tuple[str, str, str], Maker]] = {
    **{("dossier", "statement/v1", kind): _govern for kind in ACTS},
    ("dossier", "statement/v1", "consent"): _consent,
    ("dossier", "statement/v1", "withdrawal"): _withdrawal,
    ("dossier", "statement/v1", "case-acceptance"): _acceptance,
    ("dossier", "statement/v1", "authority-list"): made_list,
    ("dossier", "statement/v1", "dossier-key"): made_key,
    ("dossier", "statement/v1", "section-key"): made_section_key,
    ("dossier", "proposal/v1", ""): _proposal,
    ("dossier", "request/v1", "asked"): _asked,
    ("dossier", "request/v1", "answered"): _answer,
    ("dossier", "request/v1", "expired"): _request,
    ("dossier", "stopped/v1", "consent"): _stopped_consent,
    ("dossier", "stopped/v1", "authority"): _stopped_authority,
    ("dossier", "stopped/v1", "admission"): _stopped_admission,
    ("dossier", "epoch/v1", ""): _epoch,
    ("dossier", "case/v1", ""): _told,
    ("case", "case/v1", "opening"): _case_opening,
    ("case", "case/v1", "participation"): _participation,
    ("case", "case/v1", "participation-end"): _participation_end,
    ("case", "case/v1", "coordinator-transfer"): _transfer,
    ("case", "case/v1", "closure"): _closure,
}
"""Who makes an act again, by the kind of its stream, its schema, and what the event calls it."""
