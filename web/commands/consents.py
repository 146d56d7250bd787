"""List consents: all of one's own dossier, or those that name one."""

from __future__ import annotations

import argparse
from typing import Any

from consent.terms import Grantee
from dossier.client.listed import Shown
from dossier.client.listing import RejectedConsent, list_named, list_own
from web.commands.looking import add_dossier, counted, dossiers, last_day
from web.commands.who import Report, Who, act, add_who


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--all", action="store_true", help="also those that have ended")


def run(arguments: argparse.Namespace) -> int:
    """List."""
    return act(arguments, lambda who: report(who, arguments))


def report(who: Who, arguments: argparse.Namespace) -> Report:
    """The consents, those that have ended if they are asked for."""
    rows: list[dict[str, Any]] = []
    for dossier in dossiers(who, arguments):
        rows += [_row(who, dossier, each) for each in listed(who, dossier, own=not arguments.of)]
    wanted = [row for row in rows if arguments.all or row["state"] == "active"]
    good = [row for row in wanted if "rejected" not in row]
    lines = [_line(row) for row in good]
    lines += [f"{row['consent']}  NOT A CONSENT: {row['rejected']}" for row in wanted if "rejected" in row]
    return Report({"consents": wanted}, [*lines, counted(len(good), "consent")], ok=len(good) == len(wanted))


def listed(who: Who, dossier: bytes, *, own: bool) -> list[Shown | RejectedConsent]:
    """The consents of a dossier, each held against its signers: of one's own all, of another's those that name one."""
    if not who.is_citizen or not own:
        return list_named(who.session, dossier, who.company.seen(who.name))
    owner = who.owner()
    found = list_own(owner, dossier)
    who.company.keep_pins(who.name, owner.pins)
    return found


def _row(who: Who, dossier: bytes, shown: Shown | RejectedConsent) -> dict[str, Any]:
    if isinstance(shown, RejectedConsent):
        named = {"consent": shown.consent, "dossier": dossier.hex(), "state": shown.state}
        return {**named, "rejected": shown.reason}
    consent = shown.consent
    grantee = consent.grantee
    return {
        "consent": consent.id,
        "dossier": dossier.hex(),
        "state": shown.state,
        "effect": consent.effect,
        "grantee": _grantee(who, grantee),
        "organisation": who.name_of(grantee.organisation) if grantee.organisation else "",
        "role": grantee.role,
        "sections": sorted(consent.scope.sections),
        "items": sorted(consent.scope.items),
        "actions": sorted(consent.actions),
        "purpose": consent.purpose,
        "case": shown.statement.payload["case"],
        "until": shown.statement.payload["until"],
        "endedAt": shown.ended_at,
        "lastUsed": shown.last_used,
    }


def _grantee(who: Who, grantee: Grantee) -> str:
    """Whom a consent is for, in words."""
    if grantee.kind == "team":
        return f"the team of case {grantee.case}"
    if grantee.kind == "role":
        return f"everybody in role {grantee.role}"
    return who.name_of(grantee.person or grantee.system or grantee.organisation)


def _line(row: dict[str, Any]) -> str:
    what = ", ".join(row["sections"]) or f"{len(row['items'])} items"
    verb = "may not" if row["effect"] == "deny" else "may"
    who = f"{row['grantee']} ({row['organisation']})" if row["organisation"] else row["grantee"]
    doing = " and ".join(row["actions"])
    there = f" in case {row['case']}" if row["case"] else ""
    told = f"{verb} {doing}: {what}; {row['purpose']}{there}; through {last_day(row['until'])}"
    return f"{row['consent']}  {row['state']:<9} {who} {told}"
