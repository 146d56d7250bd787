"""Ask the owner of a dossier for access, as a professional in a case that the owner accepted.

Without sections and purpose: what was asked before, and what was answered.
"""

from __future__ import annotations

import argparse
from typing import Any

from crypto.chains import DossierChain
from crypto.encoding import decode_base64
from crypto.statements import parse_statement
from dossier.client.asked import Answer, answer_of
from dossier.client.cases import CaseView, Wish
from dossier.client.signers import Signers
from dossier.errors import InvalidRequestError
from web.codes import check_known
from web.commands.looking import UNTIL, counted, dossiers, last_day, last_moment, words
from web.commands.who import Report, Who, act, add_who
from web.commands.working import find_case, worker


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    parser.add_argument("--case", default="", metavar="C", help="id of the case, or how it begins")
    parser.add_argument("--dossier", default="", metavar="ID", help="id of the dossier, or private or business")
    parser.add_argument("--of", default="", metavar="PERSON", help="whose dossier")
    parser.add_argument("--sections", default="", metavar="S,S", help="sections, with commas between")
    parser.add_argument("--lanes", default="ordinary", metavar="L,L", help="ordinary, confidential")
    parser.add_argument("--actions", default="list,read", metavar="A,A", help="what one wants to do")
    parser.add_argument("--purpose", default="", metavar="P", help="code of the purpose, such as debt-plan")
    parser.add_argument("--reason", default="intake", metavar="R", help="code of the reason (intake)")
    parser.add_argument("--basis", default="consent", metavar="B", help="code of the ground (consent)")
    parser.add_argument("--until", default="", metavar="DATE", help=UNTIL)
    parser.add_argument("--words", default="", metavar="TEXT", help="words for the owner's eyes only")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send, or list."""
    listing = not (arguments.sections or arguments.purpose)
    return act(arguments, lambda who: _list(who) if listing else _report(who, arguments))


def _list(who: Who) -> Report:
    """What one asked, newest first, with the answers; an answer that does not verify ends the command."""
    client = worker(who)
    signers = Signers.of(who.session, client.identity, who.company.seen(who.name))
    rows = [_row(who, each, answer_of(each, client.identity, signers)) for each in client.asked()]
    return Report({"requests": rows}, [*(_line(row) for row in rows), counted(len(rows), "request")])


def _row(who: Who, shown: dict[str, Any], answer: Answer | None) -> dict[str, Any]:
    payload = parse_statement(decode_base64(shown["statement"])).payload
    row = {
        "request": shown["request"],
        "dossier": shown["dossier"],
        "state": answer.word if answer else shown["state"],
        "sections": payload["scope"]["sections"],
        "purpose": payload["purpose"],
        "case": payload["case"],
        "until": payload["until"],
    }
    return row | ({"by": who.name_of(answer.by), "reason": answer.reason, "words": answer.words} if answer else {})


def _line(row: dict[str, Any]) -> str:
    by = f"; by {row['by']}" if "by" in row else ""
    reason = f" ({row['reason']})" if row.get("reason") else ""
    said = f'; "{row["words"]}"' if row.get("words") else ""
    return f"{row['request']}  {row['state']:<15} {', '.join(row['sections'])}; {row['purpose']}{by}{reason}{said}"


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    if not (arguments.sections and arguments.purpose):
        raise InvalidRequestError("say what you ask for, and what for: --sections S,S --purpose P")
    for kind, codes in (
        ("purposes", [arguments.purpose]),
        ("reasons", [arguments.reason]),
        ("bases", [arguments.basis]),
    ):
        check_known(kind, codes)
    check_known("sections", words(arguments.sections))
    client = worker(who)
    case = find_case(client, arguments.case)
    chain = _chain(who, arguments, case)
    wish = Wish(
        purpose=arguments.purpose,
        end=last_moment(arguments.until, who.session.now()),
        sections=words(arguments.sections),
        lanes=words(arguments.lanes),
        actions=words(arguments.actions),
        basis=arguments.basis,
        reason=arguments.reason,
        words=arguments.words,
    )
    request = client.ask(chain, wish, case.case)
    values = {"request": request, "case": case.case.hex(), "dossier": chain.dossier.hex(), "state": "open"}
    return Report(values, [f"{request}  open  through {last_day(wish.end)}"])


def _chain(who: Who, arguments: argparse.Namespace, case: CaseView) -> DossierChain:
    """The dossier that is meant, of those that accepted the case; raise InvalidRequestError."""
    wanted = set(dossiers(who, arguments)) if arguments.of or arguments.dossier else None
    found = [chain for chain in case.dossiers() if wanted is None or chain.dossier in wanted]
    if not found:
        raise InvalidRequestError("the owner has not accepted this case")
    if len(found) > 1:
        raise InvalidRequestError("say whose dossier by --of PERSON, or which by --dossier ID")
    return found[0]
