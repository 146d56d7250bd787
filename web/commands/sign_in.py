"""Sign in at a service, so that every other command works there: `--as NAME` is the profile that is made or used.

A person signs in in a browser. The first time, keys are made on this machine and published; on another machine they are
opened with the passphrase or the recovery code that was shown then. A system of an agency signs in with its key.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crypto.keys import SigningKey
from dossier.client.errors import KeyStoreError
from dossier.client.joining import MADE, UNLOCKED, Joined, first_pins, join, join_system
from dossier.client.keys import KeyStore, home_folder
from dossier.client.owner import Owner
from dossier.client.profiles import PERSON, SYSTEM, Profile, find_profile
from dossier.errors import InvalidRequestError
from web.codes import check_known, known_codes
from web.commands.looking import words
from web.commands.seeds import read_jwk, read_seed
from web.commands.storing import ask, make_store, open_store
from web.commands.who import DEFAULT_NAME, Report, Who, company_of, report_on
from web.settings import LOOPBACK


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--server", default="", metavar="URL", help="address of the service (that of the profile)")
    parser.add_argument("--as", dest="who", default=DEFAULT_NAME, metavar="NAME", help=f"the profile ({DEFAULT_NAME})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--store",
        choices=("passphrase", "file"),
        default="",
        help="how a new key store is opened: by a passphrase, or by a key in a file beside it (without a terminal)",
    )
    parser.add_argument("--dossier", default="", choices=("", "private", "business"), help="make this dossier")
    parser.add_argument("--sections", default="", metavar="S,S", help="with --dossier: only these sections")
    parser.add_argument("--admit", action="append", default=[], metavar="ORG", help="let this organisation deliver")
    parser.add_argument("--client-id", default="", metavar="ID", help="for a system: its id")
    parser.add_argument("--key", default="", metavar="FILE", help="for a system: private JWK by which it signs in")
    parser.add_argument("--signing-key", default="", metavar="FILE", help="for a system: the key that signs deliveries")


def run(arguments: argparse.Namespace) -> int:
    """Sign in."""
    return report_on(arguments, lambda: _report(arguments))


def _report(arguments: argparse.Namespace) -> Report:
    home = home_folder()
    store = open_store(home) or make_store(home, with_file=_with_file(arguments.store))
    profile = _profile(store, arguments)
    with company_of(profile.server, store) as company:
        who = Who(company, profile.name, profile=profile)
        return _system(who, arguments) if profile.kind == SYSTEM else _person(who, arguments)


def _with_file(chosen: str) -> bool:
    return chosen == "file" or (not chosen and not sys.stdin.isatty())


def _profile(store: KeyStore, arguments: argparse.Namespace) -> Profile:
    """The profile as it is, or as it will be; raise InvalidRequestError, KeyStoreError."""
    name, server = arguments.who, arguments.server.rstrip("/")
    known = find_profile(store, name)
    if known is None and store.has(name) and "session" not in store.load(name):
        raise KeyStoreError("something else is kept under this name; choose another by --as NAME")
    if known is not None and server not in {"", known.server}:
        raise InvalidRequestError(f"this profile is of {known.server}; choose another name by --as NAME")
    if known is None and not server:
        raise InvalidRequestError("say where: --server URL")
    if server:
        _check_address(server)
    kind = SYSTEM if arguments.client_id else known.kind if known else PERSON
    return Profile(name, server or (known.server if known else ""), kind)


def _check_address(server: str) -> None:
    """Raise InvalidRequestError for an address that would send tokens over the network in the clear."""
    parts = urlsplit(server)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.path or parts.query:
        raise InvalidRequestError("an address is https://HOST, or http://localhost:PORT on this machine")


def _person(who: Who, arguments: argparse.Namespace) -> Report:
    store, profile, company = who.company.store, _own(who), who.company
    joined = join(company.session(who.name), store, profile, ask)
    seen = company.seen(who.name)
    if seen.register is None:
        seen.register = first_pins(company.pinned_log(who.name)).register
    me = company.session(who.name).get("/v1/me")
    made = _dossier(who, arguments, me)
    admitted = _admit(who, arguments.admit, made or [each["dossier"] for each in me["dossiers"]])
    return _told(joined, me, profile, made, admitted)


def _own(who: Who) -> Profile:
    if who.profile is None:
        raise InvalidRequestError("there is no profile of this name")
    return who.profile


def _dossier(who: Who, arguments: argparse.Namespace, me: dict[str, Any]) -> list[str]:
    """Make the dossier that is asked for, unless there is one; return its id."""
    if not arguments.dossier:
        return []
    there = [each["dossier"] for each in me["dossiers"] if each["nature"] == arguments.dossier]
    if there:
        return there
    chosen = words(arguments.sections) or known_codes("sections")
    check_known("sections", chosen)
    return [who.owner().create(arguments.dossier, chosen).dossier.hex()]


def _admit(who: Who, organisations: list[str], dossiers: list[str]) -> list[str]:
    """Let organisations deliver to each of one's dossiers."""
    if organisations and not dossiers:
        raise InvalidRequestError("there is no dossier yet to admit anybody to: add --dossier private")
    named = [who.organisation(each) for each in organisations]
    for dossier in dossiers if named else []:
        _admit_all(who.owner(), bytes.fromhex(dossier), named)
    return [who.name_of(each.hex()) for each in named]


def _admit_all(owner: Owner, dossier: bytes, organisations: list[bytes]) -> None:
    """Admit those that are not admitted yet."""
    statements = owner.hold(dossier).statements
    there = {each.payload["organisation"] for each in statements if each.kind == "source-admission"}
    for organisation in organisations:
        if organisation.hex() not in there:
            owner.admit(dossier, organisation)


def _told(joined: Joined, me: dict[str, Any], profile: Profile, made: list[str], admitted: list[str]) -> Report:
    values: dict[str, Any] = {
        "profile": profile.name,
        "server": profile.server,
        "person": me["person"],
        "name": me["name"],
        "keys": joined.how,
        "chainHead": joined.identity.head.hex(),
    }
    lines = [f"signed in at {profile.server} as {me['name']}; use --as {profile.name}"]
    if joined.how == MADE:
        values |= {"passphrase": joined.passphrase, "recoveryCode": joined.recovery_code}
        lines += _paper(joined)
    if joined.how == UNLOCKED:
        lines.append("your keys are on this machine now")
    if me.get("organisation") and joined.how == MADE:
        lines.append(
            f"ask your administrator to attest your keys; tell them how they begin: {joined.identity.head.hex()[:16]}"
        )
    lines += [f"dossier {each}" for each in made]
    lines += [f"{each} may deliver to it" for each in admitted]
    return Report({**values, "dossiers": made, "admitted": admitted}, lines)


def _paper(joined: Joined) -> list[str]:
    return [
        "",
        "Write these two down and keep them apart. Each opens your keys on another machine; nobody can give them again.",
        f"  passphrase     {joined.passphrase}",
        f"  recovery code  {joined.recovery_code}",
        "",
    ]


def _system(who: Who, arguments: argparse.Namespace) -> Report:
    profile, store, company = _own(who), who.company.store, who.company
    if arguments.client_id:
        if not arguments.key or not arguments.signing_key:
            raise InvalidRequestError("a system needs --client-id, --key and --signing-key")
        sign_in = read_jwk(Path(arguments.key))
        signing = SigningKey.from_seed(read_seed(Path(arguments.signing_key)))
        with company.new_session(who.name) as session:
            session.sign_in_system(arguments.client_id, sign_in)
            log = company.log_identity()
            organisation = join_system(session, store, profile, log, sign_in, signing)
    else:
        organisation = bytes.fromhex(company.session(who.name).get("/v1/me")["organisation"]["organisation"])
    name = who.name_of(organisation.hex())
    values = {"profile": profile.name, "server": profile.server, "organisation": organisation.hex(), "name": name}
    return Report(values, [f"signed in at {profile.server} as a system of {name}; use --as {profile.name}"])
