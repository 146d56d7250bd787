"""Who holds a dossier: list them, put somebody on the list, end somebody's authority (by sign-in alone, at once)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from consent.terms import FOREVER
from dossier.client.governing import NewHolder, appoint, end_authority, held_by
from dossier.client.owner import Owner
from dossier.errors import InvalidRequestError
from web.commands.looking import add_dossier, dossiers, last_day, last_moment, words
from web.commands.who import Report, Who, act, add_who

CAPACITIES = ("mandate", "legal-representative")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--add", default="", metavar="PERSON", help="put this person on the list")
    change.add_argument("--end", default="", metavar="PERSON", help="end this person's authority; needs no key")
    parser.add_argument("--as-a", dest="capacity", choices=CAPACITIES, default=CAPACITIES[0], help="in what capacity")
    parser.add_argument("--sections", default="", metavar="S,S", help="hold these sections only, not all in full")
    parser.add_argument("--threshold", type=int, default=1, metavar="N", help="how many must sign what they sign (1)")
    parser.add_argument(
        "--until", default="", metavar="DATE", help="the last day they hold it, written as 2026-12-31 (no end)"
    )


def run(arguments: argparse.Namespace) -> int:
    """List or change."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    owner = who.owner()
    found = dossiers(who, arguments)
    if (arguments.add or arguments.end) and len(found) != 1:
        raise InvalidRequestError("say which dossier by --dossier")
    said = []
    try:
        if arguments.add:
            appoint(owner, found[0], _new(who, arguments))
            said = ["added; they hold it from now on"]
        elif arguments.end:
            end_authority(owner, found[0], who.person(arguments.end))
            said = ["ended; what they saw or kept they keep: `dossier rotate` makes new keys"]
        entries = [each for dossier in found for each in _entries(owner, dossier)]
    finally:
        who.company.keep_pins(who.name, owner.pins)
    return Report({"holders": entries}, [*said, *(_line(who, each) for each in entries)])


def _new(who: Who, arguments: argparse.Namespace) -> NewHolder:
    sections = words(arguments.sections)
    until = last_moment(arguments.until, who.session.now()) if arguments.until else FOREVER
    return NewHolder(
        who.person(arguments.add),
        capacity=arguments.capacity,
        full=not sections,
        sections=sections,
        threshold=arguments.threshold,
        until=until,
    )


def _entries(owner: Owner, dossier: bytes) -> list[dict[str, Any]]:
    held = owner.hold(dossier)
    standing = owner.session.get(f"/v1/dossiers/{dossier.hex()}/rotations")["authority"]
    return [{"dossier": dossier.hex(), **each} for each in held_by(owner, held, standing).entries]


def _line(who: Who, entry: Mapping[str, Any]) -> str:
    what = "everything" if entry["full"] else ", ".join(entry["sections"])
    until = "" if entry["until"] >= FOREVER else f", through {last_day(entry['until'])}"
    signs = f", {entry['threshold']} sign together" if entry["threshold"] > 1 else ""
    return f"{who.name_of(entry['person'])}  {entry['capacity']}: {what}{signs}{until}"
