"""Show what this machine saw of others and holds them to, or forget one of them after asking them by another way.

Keys that are not the ones seen before block every act: somebody may be putting other keys in their place. Forget a pin
only when the one concerned has told you, at their desk or by telephone, that they replaced their keys.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from dossier.client.parties import Pins
from dossier.errors import InvalidRequestError
from web.commands.looking import counted
from web.commands.who import Report, Who, act, add_who

KINDS = (
    ("heads", "keys"),
    ("dossiers", "dossier"),
    ("authorities", "who holds it"),
    ("counters", "attestation"),
    ("cases", "case"),
    ("ends", "ended part"),
)
ENDED = "ended part"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    parser.add_argument("--forget", default="", metavar="ID", help="id of the person, organisation, dossier or case")


def run(arguments: argparse.Namespace) -> int:
    """List or forget."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    pins, held = who.company.seen(who.name), dict(who.company.state(who.name).get("dossiers", {}))
    rows = [*_rows(pins), *({"kind": "held", "of": of, "pin": pin} for of, pin in sorted(held.items()))]
    if not arguments.forget:
        return Report({"pins": rows}, [*(_line(who, row) for row in rows), counted(len(rows), "pin")])
    gone = [row for row in rows if arguments.forget in _ids(row["of"], row["kind"])]
    if not gone:
        raise InvalidRequestError("nothing was seen of this id")
    for name, kind in KINDS:
        seen: dict[str, Any] = getattr(pins, name)
        for of in [each for each in seen if arguments.forget in _ids(each, kind)]:
            del seen[of]
    who.company.keep(who.name, dossiers={of: pin for of, pin in held.items() if arguments.forget not in _ids(of)})
    told = "forgotten; the next contact is a first contact and trusts the service"
    return Report({"forgotten": gone}, [*(_line(who, row) for row in gone), told])


def _rows(pins: Pins) -> Iterator[dict[str, Any]]:
    if pins.register is not None:
        yield {"kind": "register", "of": "register", "pin": pins.register.hash.hex()}
    for name, kind in KINDS:
        for of, pin in sorted(getattr(pins, name).items()):
            yield {"kind": kind, "of": of, "pin": str(pin)}


def _ids(of: str, kind: str = "") -> set[str]:
    """The ids by which a pin is forgotten: `organisation-person`, `-person`, `dossier`, `dossier/section/lane`, `case`.

    An end, kept under `case-person`, goes with its case only: new keys of somebody do not bring them back.
    """
    ids = [each for each in of.replace("/", "-").split("-") if each]
    return set(ids[:1] if kind == ENDED else ids)


def _line(who: Who, row: dict[str, Any]) -> str:
    names = " ".join(who.name_of(each) for each in row["of"].replace("/", "-").split("-") if each)
    return f"{row['kind']:<12} {row['of']}  {row['pin'][:16]}  {names if names != row['of'] else ''}".rstrip()
