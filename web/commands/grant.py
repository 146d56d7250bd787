"""Let somebody look, or forbid it: a consent signed with one's own key, and the keys it opens.

For one professional (--to), for a role in an organisation (--role and --organisation), or for the team of a case (--team).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dossier.client import sharing
from dossier.client.groups import Group, Waiting, as_recipient
from dossier.client.membership import Concerned
from dossier.errors import InvalidRequestError
from web.codes import check_known, known_codes
from web.commands.looking import (
    UNTIL,
    add_dossier,
    add_language,
    counted,
    dossier_with,
    dossiers,
    last_day,
    last_moment,
    read_id,
    words,
)
from web.commands.who import Report, Who, act, add_who
from web.commands.working import case_id, worker
from web.wording import catalogue_hash, described, wording


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--to", default="", metavar="PERSON", help="name or id of a professional; id of a citizen")
    whom.add_argument("--role", default="", metavar="ROLE", help="everybody in this role, such as debt-counsellor")
    whom.add_argument("--team", default="", metavar="CASE", help="all who take part in this case")
    parser.add_argument("--organisation", default="", metavar="ORG", help="with --role: of which organisation")
    parser.add_argument("--later-members", action="store_true", help="with --role or --team: also who joins later")
    parser.add_argument("--case", default="", metavar="CASE", help="only in this case, and until it closes")
    parser.add_argument("--sections", default="", metavar="S,S", help="sections, with commas between")
    parser.add_argument("--items", default="", metavar="ITEM,ITEM", help="single items instead of whole sections")
    parser.add_argument("--lanes", default="ordinary", metavar="L,L", help="ordinary, confidential")
    parser.add_argument("--actions", default="list,read", metavar="A,A", help="what may be done")
    parser.add_argument("--purpose", default="", metavar="P", help="code of the purpose, such as debt-plan")
    parser.add_argument("--until", default="", metavar="DATE", help=UNTIL)
    parser.add_argument("--not-later", action="store_true", help="only what is there now, nothing that comes later")
    parser.add_argument("--deny", action="store_true", help="forbid instead of permit")
    add_language(parser)
    parser.add_argument("--preview", action="store_true", help="only show what would change")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    items = [read_id(each) for each in words(arguments.items)]
    dossier = dossier_with(who, items[0]) if items else _one(dossiers(who, arguments))
    case = _case(who, arguments)
    terms = _terms(arguments, items, case, who.session.now())
    to = _recipient(who, arguments, dossier, case)
    _check(terms)
    employer = who.name_of(_organisation(to)) if _organisation(to) else ""
    text = wording(described(to, employer, terms.language), terms)
    if arguments.preview:
        return _preview(who, dossier, to, terms, text)
    owner = who.owner()
    out = sharing.shut_out(owner.hold(dossier), who.session.now())
    if isinstance(to, Group):
        to = to.without(out)
    elif to.id in out and terms.effect == "permit":
        raise InvalidRequestError("this person is shut out of your dossier: nothing you give reaches them")
    consent, answer = sharing.grant(owner, dossier, to, terms, catalogue_hash(), text)
    who.company.keep_pins(who.name, owner.pins)
    return _given(who, to, terms, {"consent": consent, "dossier": dossier.hex(), "state": answer["state"]}, text)


def _given(who: Who, to: sharing.Grantees, terms: sharing.Terms, values: dict[str, str], text: str) -> Report:
    """Tell what was given, who got keys, and who waits for them."""
    waiting = to.waiting if isinstance(to, Group) else ()
    members = [who.name_of(each.id.hex()) for each in to.members] if isinstance(to, Group) else []
    values = {**values, "text": text, "language": terms.language}
    lines = [f"{values['consent']}  {values['state']}  through {last_day(terms.end)}", text]
    if isinstance(to, Group) and terms.effect == "permit":
        lines += [f"keys for {counted(len(members), 'member')}: {', '.join(members) or 'nobody yet'}"]
        lines += waiting_lines(waiting)
    rows = [{"person": each.person, "name": each.name, "reason": each.reason} for each in waiting]
    return Report({**values, "until": terms.end, "members": members, "waiting": rows}, lines)


def waiting_lines(waiting: Sequence[Waiting]) -> list[str]:
    """Who has no keys yet, and why; `dossier share-keys` serves them once they verify."""
    return [f"waiting for keys: {each.name or each.person} ({each.reason})" for each in waiting]


def _check(terms: sharing.Terms) -> None:
    """Raise InvalidRequestError for a permit that leaves open what it is about or for."""
    if terms.effect == "permit" and not terms.purpose:
        raise InvalidRequestError(f"say for what: --purpose P, one of {', '.join(known_codes('purposes'))}")
    if terms.effect == "permit" and not terms.sections and not terms.items:
        raise InvalidRequestError(f"say what: --items, or --sections, some of {', '.join(known_codes('sections'))}")


def _preview(who: Who, dossier: bytes, to: sharing.Grantees, terms: sharing.Terms, text: str) -> Report:
    owner = who.owner()
    held = owner.hold(dossier)
    payload = sharing.consent_payload(owner, held, to, terms, catalogue_hash(), text)
    answer = sharing.preview(owner, held, payload)
    lines = [
        f"{who.name_of(each['actor'])} {'may' if each['permitted'] else 'may not'} {each['action']} {each['item']}"
        for each in answer["changes"]
    ]
    count = answer["count"]
    told = "nothing would change" if not count else f"{count} change{'' if count == 1 else 's'}; nothing was given yet"
    return Report({"changes": answer["changes"], "count": count}, [*lines, told])


def _terms(arguments: argparse.Namespace, items: list[bytes], case: str, now: int) -> sharing.Terms:
    return sharing.Terms(
        sections=() if items else words(arguments.sections),
        lanes=() if items else words(arguments.lanes),
        items=items,
        actions=words(arguments.actions),
        purpose=arguments.purpose,
        end=last_moment(arguments.until, now),
        later_items=not (arguments.not_later or items),
        effect="deny" if arguments.deny else "permit",
        case=case,
        ends_with_case=bool(case),
        language=arguments.language,
    )


def _case(who: Who, arguments: argparse.Namespace) -> str:
    """The case that is meant, by its full id; empty for none."""
    return case_id(who, arguments.team or arguments.case)


def _recipient(who: Who, arguments: argparse.Namespace, dossier: bytes, case: str) -> sharing.Grantees:
    """Whom the options mean, each verified; raise InvalidRequestError, PinError."""
    later = arguments.later_members
    if arguments.team:
        client, owner = worker(who), who.owner()
        concerned = Concerned.by(owner.hold(dossier).chain, client.identity.person)
        return who.people.in_case(client.show(bytes.fromhex(case)), concerned, later_members=later)
    if arguments.role:
        check_known("roles", [arguments.role])
        if not arguments.organisation:
            raise InvalidRequestError("say of which organisation: --organisation NAME")
        return who.people.in_role(who.organisation(arguments.organisation), arguments.role, later_members=later)
    person = who.person(arguments.to)
    if who.people.is_professional(person):
        return as_recipient(who.professional(arguments.to))
    if not case:
        raise InvalidRequestError("a citizen looks along in a case only: add --case CASE")
    return who.people.citizen(person, who.name_of(person.hex()), case)


def _organisation(to: sharing.Grantees) -> str:
    return to.organisation.hex()


def _one(found: list[bytes]) -> bytes:
    if len(found) != 1:
        raise InvalidRequestError("say which dossier: --dossier private or --dossier business")
    return found[0]
