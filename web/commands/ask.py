"""Ask the owner of a dossier for access, as a professional in a case that the owner accepted."""

from __future__ import annotations

import argparse

from crypto.chains import DossierChain
from dossier.client.cases import CaseView, Wish
from dossier.errors import InvalidRequestError
from web.codes import check_known
from web.commands.looking import DAYS, dossiers, last_day, last_moment, words
from web.commands.who import Report, Who, act, add_who
from web.commands.working import find_case, worker


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    parser.add_argument("--case", default="", metavar="C", help="id of the case, or how it begins")
    parser.add_argument("--dossier", default="", metavar="ID", help="id of the dossier, or private or business")
    parser.add_argument("--of", default="", metavar="PERSON", help="whose dossier")
    parser.add_argument("--sections", required=True, metavar="S,S", help="sections, with commas between")
    parser.add_argument("--lanes", default="ordinary", metavar="L,L", help="ordinary, confidential")
    parser.add_argument("--actions", default="list,read", metavar="A,A", help="what one wants to do")
    parser.add_argument("--purpose", required=True, metavar="P", help="code of the purpose, such as debt-plan")
    parser.add_argument("--reason", default="intake", metavar="R", help="code of the reason (intake)")
    parser.add_argument("--basis", default="consent", metavar="B", help="code of the ground (consent)")
    parser.add_argument("--until", default="", metavar="DATE", help=f"last day, as 2026-12-31 ({DAYS} days from now)")
    parser.add_argument("--words", default="", metavar="TEXT", help="words for the owner's eyes only")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
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
