"""End a consent at once. It needs no key, and is never refused to the one who gave it."""

from __future__ import annotations

import argparse

from dossier.client import sharing
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
    every = [each for dossier in dossiers(who, arguments) for each in sharing.consents(who.session, dossier)]
    found = [each for each in every if each.consent.id.startswith(arguments.consent)]
    if len(found) != 1:
        raise InvalidRequestError("no consent of yours has this id" if not found else "more than one begins so")
    answer = sharing.withdraw(who.owner(), found[0], arguments.reason, with_key=not arguments.without_key)
    values = {"consent": found[0].consent.id, "state": answer["state"], "remains": answer["remains"]}
    return Report(values, [f"{found[0].consent.id}  {answer['state']}", answer["remains"]])
