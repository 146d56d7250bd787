"""Vouch for a member's keys and role as an administrator of their organisation, for 31 days."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crypto.keys import SigningKey
from dossier.client.organisation import attest
from dossier.errors import InvalidRequestError
from web.commands.seeds import read_seed
from web.commands.who import Report, Who, act, add_who


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("member", metavar="MEMBER", help="name or id of the professional")
    add_who(parser, "ADMINISTRATOR")
    parser.add_argument("--key", default="", metavar="FILE", help="the organisation's key, outside a demonstration")


def run(arguments: argparse.Namespace) -> int:
    """Sign and send the attestation."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    me = who.session.get("/v1/me")
    if "organisation" not in me:
        raise InvalidRequestError("an administrator vouches for members of their own organisation")
    organisation = bytes.fromhex(me["organisation"]["organisation"])
    key = _key(who, arguments.key)
    member = _member(who, organisation, arguments.member)
    roles = [each for each in member["roles"] if each != "administrator"] or member["roles"]
    statement = attest(who.session, organisation, key, bytes.fromhex(member["person"]), roles)
    values = {"statement": statement.hash.hex(), "person": member["person"], "role": roles[0], "roles": roles}
    return Report(values, [f"{member['name']} is attested as {' and '.join(roles)}, for 31 days"])


def _key(who: Who, path: str) -> SigningKey:
    """The organisation's key: from a file, else that of the demonstration."""
    if path:
        return SigningKey.from_seed(read_seed(Path(path)))
    if who.demo is None:
        raise InvalidRequestError("name the file with the organisation's key by --key FILE")
    return who.company.organisation(who.demo.personas[who.name].organisation)[1]


def _member(who: Who, organisation: bytes, words: str) -> Mapping[str, Any]:
    """The one present member of this id or name; raise InvalidRequestError."""
    members = who.session.get(f"/v1/organisations/{organisation.hex()}/members")["members"]
    wanted = words.strip().casefold()
    found = [each for each in members if wanted in {each["person"], *_names(each["name"])}]
    found = found or [each for each in members if wanted and each["name"].casefold().startswith(wanted)]
    if len(found) != 1:
        raise InvalidRequestError("no one member of your organisation has this name")
    return dict(found[0])


def _names(name: str) -> set[str]:
    """A name as it is written, and as commands take it."""
    return {name.casefold(), "-".join(name.casefold().split())}
