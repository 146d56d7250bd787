"""Give keys that wait: for later items, later members of a role or team, and people whose keys are new.

Whoever holds the dossier sees what each member lacks. A holder of the same consent, if it includes later members, passes
on their own keys to colleagues who did not get them from here before.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from crypto.errors import CryptoError, PinError
from dossier.client.errors import RefusedError
from dossier.client.groups import Group, Recipient, Waiting
from dossier.client.holding import HeldDossier
from dossier.client.listed import Shown
from dossier.client.listing import RejectedConsent
from dossier.client.membership import Concerned
from dossier.client.opened import OpenedItem
from dossier.client.passing import Missing, find_missing, pass_on, serve
from dossier.client.shared import SharedKeys, fetch_shared_keys
from web.commands.consents import listed
from web.commands.grant import waiting_lines
from web.commands.looking import add_asked, add_dossier, asked, counted, dossiers
from web.commands.who import Report, Who, act, add_who
from web.commands.working import worker


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("consent", nargs="?", default="", metavar="CONSENT", help="only this one, or how it begins")
    add_who(parser)
    add_dossier(parser)
    add_asked(parser)
    parser.add_argument("--show", action="store_true", help="only show what waits, and send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Find what waits, and serve it."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    rows: list[dict[str, Any]] = []
    waiting: list[Waiting] = []
    served = dict(who.company.state(who.name).get("served", {}))
    for dossier in dossiers(who, arguments):
        has = None
        for shown in _standing(who, arguments, dossier):
            has = has or _has(who, arguments, dossier)
            members, unverified = _members(who, has, shown)
            waiting += unverified
            missing = _missing(who, arguments, has, shown, members, served)
            rows += [_row(who, each) for each in missing]
            if missing and not arguments.show:
                serve(who.session, missing)
                served |= {each.where: each.member.head.hex() for each in missing}
                who.company.keep(who.name, served=served)
    lines = [_line(row, shown=arguments.show) for row in rows]
    lines += waiting_lines(waiting)
    values = {
        "served": [] if arguments.show else rows,
        "missing": rows if arguments.show else [],
        "waiting": [{"person": each.person, "name": each.name, "reason": each.reason} for each in waiting],
    }
    return Report(values, [*lines, *([] if rows else ["nobody waits for keys that you could give"])])


def _standing(who: Who, arguments: argparse.Namespace, dossier: bytes) -> Iterator[Shown]:
    """The consents that verify, stand, and are meant."""
    for each in listed(who, dossier, own=not arguments.of):
        if isinstance(each, RejectedConsent) or each.state != "active" or each.consent.effect != "permit":
            continue
        if each.consent.id.startswith(arguments.consent):
            yield each


def _has(who: Who, arguments: argparse.Namespace, dossier: bytes) -> HeldDossier | SharedKeys:
    """What one can give of: a dossier that one holds, or what consents brought from another's."""
    if who.is_citizen and not arguments.of:
        return who.owner().hold(dossier)
    return fetch_shared_keys(who.session, dossier, who.company.seen(who.name))


def _concerned(who: Who, has: HeldDossier | SharedKeys) -> Concerned:
    if isinstance(has, HeldDossier):
        return Concerned.by(has.chain, who.company.identity(who.name).person)
    if has.authority is None:
        raise PinError("nothing tells whose dossier it is")
    return Concerned.by(has.authority.chain)


def _members(who: Who, has: HeldDossier | SharedKeys, shown: Shown) -> tuple[tuple[Recipient, ...], list[Waiting]]:
    """Whom a consent means now, and who of them cannot be served, and why."""
    grantee = shown.consent.grantee
    try:
        found = who.people.meant_by(grantee, worker(who).show, _concerned(who, has))
    except (CryptoError, RefusedError) as error:
        named = grantee.person or grantee.system or grantee.case
        return (), [Waiting(named, who.name_of(named), str(error))]
    return found.members, list(found.waiting) if isinstance(found, Group) else []


def _missing(
    who: Who,
    arguments: argparse.Namespace,
    has: HeldDossier | SharedKeys,
    shown: Shown,
    members: tuple[Recipient, ...],
    served: dict[str, str],
) -> list[Missing]:
    if isinstance(has, HeldDossier):
        return find_missing(who.owner(), has, shown, members, served)
    items = _items(who, arguments, bytes.fromhex(shown.statement.payload["dossier"])) if arguments.purpose else []
    return pass_on(who.company.identity(who.name), shown, has, items, members, served)


def _items(who: Who, arguments: argparse.Namespace, dossier: bytes) -> list[OpenedItem]:
    """The items that one may list for this purpose: their keys can be passed on singly."""
    listing = who.reader().items(dossier, asked(who, arguments))
    return [each for each in listing if isinstance(each, OpenedItem)]


def _row(who: Who, missing: Missing) -> dict[str, Any]:
    return {
        "consent": missing.shown.consent.id,
        "member": missing.member.id.hex(),
        "name": missing.member.name or who.name_of(missing.member.id.hex()),
        "keys": len(missing.keys),
    }


def _line(row: dict[str, Any], *, shown: bool) -> str:
    verb = "waits for" if shown else "has got"
    return f"{row['consent']}  {row['name']} {verb} {counted(row['keys'], 'key')}"
