"""List consents: all of one's own dossier, or those that name one."""

from __future__ import annotations

import argparse
from typing import Any

from dossier.client import sharing
from web.commands.looking import add_dossier, day, dossiers
from web.commands.who import Report, Who, act, add_who


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--all", action="store_true", help="also those that have ended")


def run(arguments: argparse.Namespace) -> int:
    """List."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    shown = [(dossier, each) for dossier in dossiers(who, arguments) for each in sharing.consents(who.session, dossier)]
    rows = [_row(who, dossier, each) for dossier, each in shown if arguments.all or each.state == "active"]
    return Report({"consents": rows}, [*(_line(row) for row in rows), f"{len(rows)} consents"])


def _row(who: Who, dossier: bytes, shown: sharing.Shown) -> dict[str, Any]:
    consent = shown.consent
    grantee = consent.grantee
    return {
        "consent": consent.id,
        "dossier": dossier.hex(),
        "state": shown.state,
        "effect": consent.effect,
        "grantee": who.name_of(grantee.person or grantee.system or grantee.organisation),
        "organisation": who.name_of(grantee.organisation) if grantee.organisation else "",
        "role": grantee.role,
        "sections": sorted(consent.scope.sections),
        "items": sorted(consent.scope.items),
        "actions": sorted(consent.actions),
        "purpose": consent.purpose,
        "until": shown.statement.payload["until"],
        "endedAt": shown.ended_at,
        "lastUsed": shown.last_used,
    }


def _line(row: dict[str, Any]) -> str:
    what = ", ".join(row["sections"]) or f"{len(row['items'])} items"
    verb = "may not" if row["effect"] == "deny" else "may"
    who = f"{row['grantee']} ({row['organisation']})" if row["organisation"] else row["grantee"]
    doing = " and ".join(row["actions"])
    return (
        f"{row['consent']}  {row['state']:<9} {who} {verb} {doing}: {what}; {row['purpose']}; until {day(row['until'])}"
    )
