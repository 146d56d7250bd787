"""Cases: list them, open one, accept one for one's dossier, bring somebody in, hand over the reins, close it.

A citizen is brought in with their keys: `keys` prints those of the one who acts, to be told by another way.
"""

from __future__ import annotations

import argparse
from typing import Any

from crypto.encoding import HASH_SIZE, decode_hex, encode_base64
from crypto.errors import CryptoError
from crypto.keys import key_hash
from dossier.client.cases import Capacity, CaseClient, CaseView, accept
from dossier.client.errors import UntrustedError
from dossier.client.standing import standing
from dossier.dossiers.statements import read_bytes
from dossier.errors import InvalidRequestError
from web.codes import check_known
from web.commands.looking import UNTIL, add_dossier, counted, day, dossiers, last_day, last_moment
from web.commands.who import WHEN_CHANGED, Report, Who, act, add_who, find_name
from web.commands.working import find_case, worker

ACTS = ("list", "show", "open", "accept", "add", "leave", "offer", "take", "close", "keys")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("act", nargs="?", default="list", choices=ACTS, help="what to do (list)")
    parser.add_argument("case", nargs="?", default="", metavar="CASE", help="id of the case, or how it begins")
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--owner", action="append", default=[], metavar="WHO", help="persona or bsn:NUMBER to invite")
    parser.add_argument("--participant", default="", metavar="PERSON", help="whom to bring in")
    parser.add_argument("--keys", default="", metavar="HASH", help="with add: their keys, as they told you themselves")
    parser.add_argument("--offer", default="", metavar="OFFER", help="what the coordinator's `offer` printed")
    parser.add_argument("--purpose", default="case-coordination", metavar="P", help="code of the purpose")
    parser.add_argument("--subject", default="support", metavar="S", help="code of what a new case is about")
    parser.add_argument("--until", default="", metavar="DATE", help=UNTIL)
    parser.add_argument("--reason", default="solved", metavar="R", help="code of the reason to close (solved)")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    return act(arguments, lambda who: _WORK[arguments.act](who, arguments))


def _list(who: Who, _arguments: argparse.Namespace) -> Report:
    client = worker(who)
    rows = [_row(client, row) for row in client.cases()]
    good = [row for row in rows if "rejected" not in row]
    lines = [_line(who, row) for row in rows]
    lines += [WHEN_CHANGED] if len(good) < len(rows) else []
    return Report({"cases": rows}, [*lines, counted(len(good), "case")], ok=len(good) == len(rows))


def _row(client: CaseClient, row: dict[str, Any]) -> dict[str, Any]:
    """A case as listed; of an open one subject and end by its signed statements, which is a look at it."""
    told = {name: value for name, value in row.items() if name != "subject"}
    if row["closedAt"]:
        return told
    try:
        found = standing(client, bytes.fromhex(row["case"]))
    except (CryptoError, UntrustedError) as error:
        return {"case": row["case"], "rejected": str(error)}
    return told | {"subject": found.subject} | ({} if found.until is None else {"until": found.until})


def _line(who: Who, row: dict[str, Any]) -> str:
    if "rejected" in row:
        return f"{row['case']}  not shown: {row['rejected']}"
    words = [f"{_part(who, row):<11} {row['purpose']}", who.name_of(row["coordinator"])]
    words += [f"about {row['subject']}"] if row.get("subject") else []
    if row["closedAt"]:
        words.append(f"closed on {day(row['closedAt'])}")
    elif "until" in row:
        words.append(f"through {last_day(row['until'])}" if row["until"] else "without end")
    return "  ".join([row["case"], *words])


def _part(who: Who, row: dict[str, Any]) -> str:
    """As what one stands in a case: the one who holds the reins is told so."""
    reins = row["coordinator"] == who.company.identity(who.name).person.hex()
    return "coordinator" if reins else str(row["relation"])


def _show(who: Who, arguments: argparse.Namespace) -> Report:
    case = _case(who, arguments)
    shown = case.shown
    lines = [f"{shown['case']}  {shown['purpose']}  {'closed' if shown['closedAt'] else 'open'}"]
    lines += [_participant(each) for each in shown["participants"]]
    lines += [f"dossier {each['dossier']}  through {last_day(each['until'])}" for each in shown["dossiers"]]
    return Report(dict(shown), lines)


def _participant(shown: dict[str, Any]) -> str:
    what = f"{shown['role']}, {shown['organisationName']}" if shown["organisation"] else shown["kind"]
    until = f"through {last_day(shown['until'])}" if shown["until"] else ""
    return f"{shown['name']} ({what})  {shown['purpose']}  {until}{'  coordinator' if shown['coordinator'] else ''}"


def _open(who: Who, arguments: argparse.Namespace) -> Report:
    check_known("purposes", [arguments.purpose])
    basis = "consent" if who.is_citizen else "legal-task"
    owners = [_identifier(who, each) for each in arguments.owner]
    case = worker(who).open(arguments.purpose, owners, subject=arguments.subject, basis=basis)
    return Report({"case": case.hex(), "state": "invited"}, [f"{case.hex()}  invited"])


def _accept(who: Who, arguments: argparse.Namespace) -> Report:
    case, found = _case(who, arguments), dossiers(who, arguments)
    if len(found) != 1:
        raise InvalidRequestError("say which dossier: --dossier private or --dossier business")
    answer = accept(who.owner(), case, found[0], last_moment(arguments.until, who.session.now()))
    return _done(case, answer)


def _add(who: Who, arguments: argparse.Namespace) -> Report:
    check_known("purposes", [arguments.purpose])
    case = _case(who, arguments)
    capacity = _capacity(who, arguments.participant)
    end = last_moment(arguments.until, who.session.now())
    head = _hash(arguments.keys) if arguments.keys else b""
    return _done(case, worker(who).add(case.case, capacity, arguments.purpose, end, head))


def _leave(who: Who, arguments: argparse.Namespace) -> Report:
    case, client = _case(who, arguments), worker(who)
    named = arguments.participant
    person = _capacity(who, named).person if named else client.identity.person
    return _done(case, client.end(case.case, person, with_key=bool(named)))


def _offer(who: Who, arguments: argparse.Namespace) -> Report:
    case, client = _case(who, arguments), worker(who)
    to = _capacity(who, arguments.participant)
    found = who.people.professional(to.person)
    offered = encode_base64(client.offer(case.case, to, key_hash(found.chain.signing_key)))
    return Report({"case": case.case.hex(), "offer": offered}, [offered])


def _take(who: Who, arguments: argparse.Namespace) -> Report:
    case = _case(who, arguments)
    return _done(case, worker(who).take(read_bytes(arguments.offer)))


def _close(who: Who, arguments: argparse.Namespace) -> Report:
    check_known("reasons", [arguments.reason])
    case = _case(who, arguments)
    return _done(case, worker(who).close(case.case, arguments.reason))


def _keys(who: Who, _arguments: argparse.Namespace) -> Report:
    own = who.company.identity(who.name)
    values = {"person": own.person.hex(), "keys": own.head.hex()}
    return Report(values, [f"{values['person']}  keys {values['keys']}"])


def _hash(words: str) -> bytes:
    """What somebody told of their keys: 64 hexadecimal digits, spaces and capitals as one writes them down."""
    try:
        return decode_hex("".join(words.split()).lower(), HASH_SIZE)
    except CryptoError as error:
        raise InvalidRequestError("keys are told by 64 hexadecimal digits, as `cases keys` prints them") from error


def _case(who: Who, arguments: argparse.Namespace) -> CaseView:
    return find_case(worker(who), arguments.case)


def _done(case: CaseView, answer: dict[str, Any]) -> Report:
    values = {"case": case.case.hex(), "state": answer["state"]}
    return Report(values, [f"{case.case.hex()}  {answer['state']}"])


def _identifier(who: Who, words: str) -> str:
    """An identifier as given, or that of a persona's dossier."""
    if ":" in words:
        return words
    if who.demo is None:
        raise InvalidRequestError("an owner is named by number, as bsn:999880007")
    persona = who.demo.personas.get(find_name(who.demo, words))
    known = persona.dossiers if persona else []
    found = [each.identifier for each in known]
    if not found:
        raise InvalidRequestError("this persona has no dossier")
    return found[0]


def _capacity(who: Who, words: str) -> Capacity:
    """A person by id or name: a professional as verified, or a citizen."""
    person = who.person(words)
    if not who.people.is_professional(person):
        return Capacity(person)
    found = who.people.professional(person)
    return Capacity(person, found.organisation.organisation, found.roles[0])


_WORK = {
    "list": _list,
    "show": _show,
    "open": _open,
    "accept": _accept,
    "add": _add,
    "leave": _leave,
    "offer": _offer,
    "take": _take,
    "close": _close,
    "keys": _keys,
}
