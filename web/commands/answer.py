"""Answer what professionals ask: list the requests, grant one, grant a part of it, or refuse."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from dossier.client import answering
from dossier.client.parties import Professional
from dossier.client.sharing import Terms
from dossier.errors import InvalidRequestError
from web.codes import check_known
from web.commands.looking import add_dossier, add_language, counted, dossiers, last_day, last_moment, words
from web.commands.who import Report, Who, act, add_who
from web.wording import catalogue_hash, named, wording


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("request", nargs="?", default="", metavar="REQUEST", help="id of the request, or how it begins")
    add_who(parser)
    add_dossier(parser)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--grant", action="store_true", help="give what is asked, or what the next options leave of it")
    choice.add_argument("--refuse", action="store_true", help="give nothing")
    parser.add_argument("--sections", default="", metavar="S,S", help="only these sections")
    parser.add_argument("--actions", default="", metavar="A,A", help="only these actions")
    parser.add_argument(
        "--until", default="", metavar="DATE", help="the last day it holds, written as 2026-12-31 (as asked)"
    )
    add_language(parser)
    parser.add_argument("--reason", default="", metavar="R", help="code of the reason of a refusal, such as too-much")
    parser.add_argument("--words", default="", metavar="TEXT", help="words for the one who asked")


def run(arguments: argparse.Namespace) -> int:
    """List or answer."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    owner = who.owner()
    every = [each for dossier in dossiers(who, arguments) for each in answering.requests(owner, dossier)]
    if not (arguments.grant or arguments.refuse):
        rows = [_row(who, each) for each in every if each.id.hex().startswith(arguments.request)]
        return Report({"requests": rows}, [*(_line(row) for row in rows), counted(len(rows), "request")])
    found = [each for each in every if each.state == "open" and each.id.hex().startswith(arguments.request)]
    if len(found) != 1:
        raise InvalidRequestError("no open request has this id" if not found else "say which request")
    asked = found[0]
    asker = who.people.professional(bytes.fromhex(asked.statement.payload["signer"]))
    check_known("reasons", words(arguments.reason))
    if arguments.refuse:
        return _told(asked, answering.refuse(owner, asked, asker, arguments.reason, arguments.words))
    return _granted(who, arguments, asked, asker)


def _granted(who: Who, arguments: argparse.Namespace, asked: answering.Request, asker: Professional) -> Report:
    terms = _terms(arguments, asked.terms(), who.session.now())
    text, catalogue = wording(named(asker, terms.language), terms), catalogue_hash()
    answer = answering.grant_request(who.owner(), asked, asker, catalogue, text, terms=terms, words=arguments.words)
    return _told(asked, answer, text=text, language=terms.language)


def _told(asked: answering.Request, answer: dict[str, Any], **words: str) -> Report:
    """What became of the request, and the `words` that were signed, if any."""
    consents = [each["consent"] for each in answer["consents"]]
    values = {"request": asked.id.hex(), "state": answer["state"], "consents": consents, **words}
    lines = [f"{asked.id.hex()}  {answer['state']}", *consents]
    return Report(values, [*lines, words["text"]] if words else lines)


def _terms(arguments: argparse.Namespace, asked: Terms, now: int) -> Terms:
    """What is asked, cut to what the options leave of it."""
    sections = words(arguments.sections) or asked.sections
    actions = words(arguments.actions) or asked.actions
    if asked.sections and not set(sections) <= set(asked.sections):
        raise InvalidRequestError("an answer gives no other sections than were asked; use grant")
    end = min(asked.end, last_moment(arguments.until, now)) if arguments.until else asked.end
    return replace(asked, sections=sections, actions=actions, end=end, language=arguments.language)


def _row(who: Who, asked: answering.Request) -> dict[str, Any]:
    payload = asked.statement.payload
    return {
        "request": asked.id.hex(),
        "dossier": asked.dossier.hex(),
        "state": asked.state,
        "asker": who.name_of(payload["signer"]),
        "organisation": who.name_of(payload["organisation"]) if payload["organisation"] else "",
        "role": payload["role"],
        "sections": payload["scope"]["sections"],
        "actions": payload["actions"],
        "purpose": payload["purpose"],
        "reason": payload["reason"],
        "case": payload["case"],
        "until": payload["until"],
        "expires": asked.expires,
        "words": _words(who, asked),
    }


def _words(who: Who, asked: answering.Request) -> str:
    return answering.words_of(asked, who.owner().hold(asked.dossier)) if asked.words else ""


def _line(row: dict[str, Any]) -> str:
    what = f"{' and '.join(row['actions'])}: {', '.join(row['sections'])}; {row['purpose']}; through {last_day(row['until'])}"
    said = f'; "{row["words"]}"' if row["words"] else ""
    return f"{row['request']}  {row['state']:<9} {row['asker']} ({row['organisation']}) asks to {what}{said}"
