"""End a consent at once. It needs no key, and is never refused to the one who gave it or holds the dossier."""

from __future__ import annotations

import argparse

from dossier.client import listed, sharing
from dossier.client.owner import Owner
from dossier.errors import InvalidRequestError
from web.commands.looking import add_dossier, dossiers
from web.commands.who import Report, Who, act, add_who


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("consent", metavar="CONSENT", help="id of the consent, or how it begins")
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--reason", default="owner-wish", metavar="R", help="code of the reason (owner-wish)")
    parser.add_argument("--without-key", action="store_true", help="by sign-in alone, as on another device")


def run(arguments: argparse.Namespace) -> int:
    """End it."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    found = _find(who, arguments)
    actor = Owner(who.session, who.company.identity(who.name), who.company.register(who.name))
    actor.seen = who.company.seen(who.name)
    with_key = not arguments.without_key
    capacity = _capacity(who, actor, found) if with_key else ""
    answer = sharing.withdraw(actor, found, arguments.reason, with_key=with_key, capacity=capacity)
    values = {"consent": found.consent.id, "state": answer["state"], "remains": answer["remains"]}
    return Report(values, [f"{found.consent.id}  {answer['state']}", answer["remains"]])


def _capacity(who: Who, actor: Owner, shown: listed.Shown) -> str:
    """As whom one ends it: handing back what one was given, as its owner, or as the authority list names one."""
    if not who.is_citizen or shown.consent.grantee.person == actor.identity.person.hex():
        return "grantee"
    return actor.capacity(bytes.fromhex(shown.statement.payload["dossier"]))


def _find(who: Who, arguments: argparse.Namespace) -> listed.Shown:
    """The one consent whose id begins so; raise InvalidRequestError."""
    every = [each for dossier in dossiers(who, arguments) for each in listed.consents(who.session, dossier)]
    found = [each for each in every if each.consent.id.startswith(arguments.consent)]
    if len(found) != 1:
        raise InvalidRequestError("no consent of yours has this id" if not found else "more than one begins so")
    return found[0]
