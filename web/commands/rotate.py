"""Make new keys for a dossier where somebody has keys who no longer may; one who holds it in full does this.

It goes in steps, each whole by itself: stopped, or refused because another holder was first, run it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from dossier.client.rotating import Rotation, rotate
from web.commands.looking import add_dossier, counted, dossiers
from web.commands.who import Report, Who, act, add_who

WAITS = {
    "dossier-key": "the dossier key waits for a full holder",
    "dossier-root": "the dossier root waits for a full holder",
    "stream-key": "the key of the list of events is replaced by the service within a minute",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    parser.add_argument("--anew", action="store_true", help="new keys also where none waits, as after a lost device")


def run(arguments: argparse.Namespace) -> int:
    """Rotate."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    owner, values, lines = who.owner(), [], []
    for dossier in dossiers(who, arguments):
        try:
            done = rotate(owner, dossier, who.people, anew=arguments.anew, tell=_tell)
        finally:  # what was verified is pinned, also when a later step was refused
            who.company.keep_pins(who.name, owner.pins)
        values.append(_values(dossier, done))
        lines += [f"dossier {dossier.hex()}", *(f"  {line}" for line in _lines(who, done))]
    return Report({"dossiers": values}, lines, ok=not any(each["left"] or each["unread"] for each in values))


def _tell(step: str) -> None:
    print(f"{step} ...", file=sys.stderr)


def _values(dossier: bytes, done: Rotation) -> dict[str, Any]:
    return {
        "dossier": dossier.hex(),
        "sequence": done.sequence,
        "sections": [{"section": section, "lane": lane, "epoch": epoch} for section, lane, epoch in done.sections],
        "resealed": done.resealed,
        "proposed": done.proposed,
        "unread": done.unread,
        "skipped": sorted(done.skipped),
        "left": [dict(each) for each in done.left],
    }


def _lines(who: Who, done: Rotation) -> list[str]:
    lines = [f"dossier key number {done.sequence + 1} stands"] if done.sequence >= 0 else []
    if done.sections:
        lines.append(f"new keys for {counted(len(done.sections), 'section lane')}")
    if done.resealed:
        lines.append(f"sealed again: {counted(done.resealed, 'record')} that came meanwhile")
    if done.proposed:
        lines.append(f"waiting for another holder's signature: {counted(done.proposed, 'record')}")
    if done.unread:
        lines.append(f"NOT sealed again, they do not open: {counted(done.unread, 'record')}")
    lines += [
        f"no new keys for {who.name_of(each)}: not verified; serve them later by share-keys" for each in done.skipped
    ]
    lines += [f"still waiting: {_waits(each)}" for each in done.left]
    return lines or ["nothing waits for new keys"]


def _waits(each: Mapping[str, Any]) -> str:
    return WAITS.get(each["key"], f"{each['section']}, {each['lane']}: for its owner, or run this again")
