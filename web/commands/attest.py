"""Vouch for a member's keys and role as an administrator of their organisation, for 31 days."""

from __future__ import annotations

import argparse

from dossier.client.organisation import attest
from dossier.errors import InvalidRequestError
from web.commands.who import Report, Who, act, add_who, find_name


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("member", metavar="MEMBER", help="name of the professional")
    add_who(parser, "ADMINISTRATOR")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send the attestation."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    administrator = who.demo.personas.get(who.name)
    member = who.demo.personas.get(find_name(who.demo, arguments.member))
    if administrator is None or member is None or member.organisation != administrator.organisation:
        raise InvalidRequestError("an administrator vouches for members of their own organisation")
    organisation, key = who.company.organisation(member.organisation)
    statement = attest(who.session, organisation, key, bytes.fromhex(member.person), [member.role])
    values = {"statement": statement.hash.hex(), "person": member.person, "role": member.role}
    return Report(values, [f"{member.name} is attested as {member.role}"])
