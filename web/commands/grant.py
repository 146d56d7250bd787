"""Let a professional look, or forbid it: a consent signed with one's own key, and the keys it opens."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from dossier.client import sharing
from dossier.client.parties import Professional
from dossier.errors import InvalidRequestError
from web.commands.looking import add_dossier, day, dossier_with, dossiers, read_id
from web.commands.who import Report, Who, act, add_who, find_name
from web.demo.allowing import catalogue_hash, find_professional, give, recipient, wording

DAY = 86_400
DAYS = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--to", required=True, metavar="PROFESSIONAL", help="name or id of the professional")
    parser.add_argument("--sections", default="", metavar="S,S", help="sections, with commas between")
    parser.add_argument("--items", default="", metavar="ITEM,ITEM", help="single items instead of whole sections")
    parser.add_argument("--lanes", default="ordinary", metavar="L,L", help="ordinary, confidential")
    parser.add_argument("--actions", default="list,read", metavar="A,A", help="what may be done")
    parser.add_argument("--purpose", default="", metavar="P", help="code of the purpose, such as debt-plan")
    parser.add_argument(
        "--until", default="", metavar="DATE", help=f"last moment, as 2026-12-31 ({DAYS} days from now)"
    )
    parser.add_argument("--not-later", action="store_true", help="only what is there now, nothing that comes later")
    parser.add_argument("--deny", action="store_true", help="forbid instead of permit")
    parser.add_argument("--preview", action="store_true", help="only show what would change")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    items = [read_id(each) for each in words(arguments.items)]
    dossier = dossier_with(who, items[0]) if items else _one(dossiers(who, arguments))
    to = find_professional(who.company, who.name, _person(who, arguments.to))
    terms = _terms(arguments, items, who.session.now())
    if arguments.preview:
        return _preview(who, dossier, to, terms)
    owner = who.owner()
    consent, answer = give(owner, dossier, to, terms)
    values = {"consent": consent, "dossier": dossier.hex(), "state": answer["state"], "until": terms.end}
    return Report(values, [f"{consent}  {answer['state']}  until {day(terms.end)}", wording(to, terms)])


def _preview(who: Who, dossier: bytes, to: Professional, terms: sharing.Terms) -> Report:
    owner = who.owner()
    held = owner.hold(dossier)
    payload = sharing.consent_payload(owner, held, recipient(to), terms, catalogue_hash(), wording(to, terms))
    answer = sharing.preview(owner, held, payload)
    lines = [
        f"{who.name_of(each['actor'])} {'may' if each['permitted'] else 'may not'} {each['action']} {each['item']}"
        for each in answer["changes"]
    ]
    return Report({"changes": answer["changes"], "count": answer["count"]}, [*lines, f"{answer['count']} changes"])


def _terms(arguments: argparse.Namespace, items: list[bytes], now: int) -> sharing.Terms:
    return sharing.Terms(
        sections=() if items else words(arguments.sections),
        lanes=() if items else words(arguments.lanes),
        items=items,
        actions=words(arguments.actions),
        purpose=arguments.purpose,
        end=last_moment(arguments.until, now),
        later_items=not (arguments.not_later or items),
        effect="deny" if arguments.deny else "permit",
    )


def _person(who: Who, name: str) -> bytes:
    """The id of a professional by id or name; raise InvalidRequestError."""
    try:
        return read_id(name)
    except InvalidRequestError:
        persona = who.demo.personas.get(find_name(who.demo, name))
    if persona is None or not persona.organisation or not persona.person:
        raise InvalidRequestError("no professional has this name")
    return bytes.fromhex(persona.person)


def _one(found: list[bytes]) -> bytes:
    if len(found) != 1:
        raise InvalidRequestError("say which dossier: --dossier private or --dossier business")
    return found[0]


def last_moment(text: str, now: int) -> int:
    """The end of the day that is named, or 30 days from now; raise InvalidRequestError."""
    if not text:
        return now + DAYS * DAY
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + DAY
    except ValueError as error:
        raise InvalidRequestError("a day is written as 2026-12-31") from error


def words(text: str) -> list[str]:
    """The words of a list with commas between."""
    return [each.strip() for each in text.split(",") if each.strip()]
