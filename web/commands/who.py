"""Who acts in a command: a persona or agency of a demonstration, found by name, signed in, with keys from its store.

The demonstration is the `demo.json` of --data-dir, DOSSIER_DATA_DIR, DOSSIER_HOME or `.data`, the first that is there.
What a command found is printed as lines for a person or, with --json, as one object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.note import parse_verifier_key
from crypto.errors import CryptoError
from dossier.client.errors import ClientError, KeyStoreError, RefusedError
from dossier.client.keys import STORE_KEY
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from dossier.client.professional import Reader
from dossier.client.reading import LogKeys
from dossier.client.session import Session
from dossier.errors import DossierError, InvalidRequestError
from web.demo.company import Company
from web.demo.record import FILE, Demo, read_demo

DATA = Path(".data")


@dataclass(frozen=True)
class Report:
    """What a command has to tell: values for programs, lines for people; `ok` decides on the exit code."""

    values: Mapping[str, Any]
    lines: Iterable[str] = ()
    ok: bool = True


@dataclass
class Who:
    """The one who acts. `name` is the slug in demo.json; for an agency that of the organisation."""

    demo: Demo
    company: Company
    name: str
    names: dict[str, str] = field(default_factory=dict)
    seen: Pins = field(default_factory=Pins)

    @property
    def session(self) -> Session:
        """Their session."""
        return self.company.session(self.name)

    @property
    def is_citizen(self) -> bool:
        """Whether they act for themselves, not for an organisation."""
        persona = self.demo.personas.get(self.name)
        return persona is not None and not persona.organisation

    def owner(self) -> Owner:
        """They as the owner of dossiers."""
        return self.company.owner(self.name)

    def reader(self) -> Reader:
        """They as one who reads in the dossier of another."""
        role = next(iter(self.session.get("/v1/me")["roles"]), "")
        register = self.company.register(self.name)
        self.seen = self.company.pins(self.name)
        identity = self.company.identity(self.name)
        return Reader(self.session, identity, register, self.log_keys(), role, self.seen)

    def log_keys(self) -> LogKeys:
        """What promises are verified with: pinned in demo.json, else what the log says at this first contact."""
        if self.demo.log is not None:
            return LogKeys(self.demo.log.origin, parse_verifier_key(self.demo.log.promise_vkey))
        identity = self.company.log_identity()
        return LogKeys(identity.origin, identity.promise_key)

    def name_of(self, party: str) -> str:
        """The name of a person, organisation or system by its hex id; the id itself where no name is known."""
        if not self.names:
            for slug, agency in self.demo.agencies.items():
                self.names[agency.organisation] = agency.name
                for system in agency.systems.values():
                    self.names[system.client_id] = f"{agency.name} ({system.name or slug})"
            self.names |= {each.person: each.name for each in self.demo.personas.values() if each.person}
        return self.names.get(party, party)


def add_who(parser: argparse.ArgumentParser, who: str = "PERSON") -> None:
    """`--as`, `--server`, `--data-dir` and `--json`."""
    parser.add_argument("--as", dest="who", required=True, metavar=who, help="name of a persona or agency of the demo")
    parser.add_argument("--server", help="URL of the service (that of demo.json)")
    parser.add_argument("--data-dir", help="folder of the demonstration (.data)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def act(arguments: argparse.Namespace, work: Callable[[Who], Report]) -> int:
    """Open who acts, do the work and print its report; 1 with one line if it cannot be done."""
    try:
        with open_who(arguments) as who:
            report = work(who)
    except RefusedError as error:
        return _fail(arguments, f"refused: {error}", error.code, error.status)
    except (ClientError, CryptoError, AuditError, DossierError, OSError) as error:
        return _fail(arguments, str(error), type(error).__name__.removesuffix("Error").lower(), 0)
    try:
        show(report, as_json=arguments.json)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough; what is left goes nowhere, also at the end of the process
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report.ok else 1


def show(report: Report, *, as_json: bool) -> None:
    """Print a report."""
    if as_json:
        print(json.dumps(report.values, ensure_ascii=False))
        return
    for line in report.lines:
        print(printable(line))


def printable(text: str) -> str:
    """A text without control characters: titles come from others, and a terminal obeys some of them."""
    return "".join("\ufffd" if unicodedata.category(each) in {"Cc", "Cf", "Cs"} else each for each in text)


@contextmanager
def open_who(arguments: argparse.Namespace) -> Iterator[Who]:
    """Find the demonstration and in it the one who acts; raise InvalidRequestError."""
    demo = find_demo(arguments.data_dir)
    if not demo.loaded:
        raise InvalidRequestError("the sample world is still being loaded; `dossier demo` says when it is there")
    server = (arguments.server or os.environ.get("DOSSIER_SERVER") or demo.server).rstrip("/")
    with Company(server, _home(demo), demo.secrets) as company:
        who = Who(demo, company, find_name(demo, arguments.who))
        try:
            yield who
        finally:  # what was seen and verified is pinned, also when the rest was refused
            if who.seen != Pins():
                company.keep_seen(who.name, who.seen)


def find_demo(data_dir: str | None) -> Demo:
    """The demonstration that commands work with; raise InvalidRequestError when there is none."""
    named = [data_dir, os.environ.get("DOSSIER_DATA_DIR"), os.environ.get("DOSSIER_HOME"), str(DATA)]
    places = [Path(each).expanduser() for each in named if each]
    for folder in places[:1] if data_dir else [*places, *(each.parent for each in places)]:
        demo = read_demo(folder / FILE)
        if demo is not None:
            return demo
    raise InvalidRequestError("no demo.json here: start `dossier demo`, or name its folder by --data-dir")


def find_name(demo: Demo, words: str) -> str:
    """The slug of a persona or agency: given as such, by full name, or by how it begins if only one begins so."""
    every = {slug: each.name for slug, each in demo.personas.items()}
    every |= {slug: each.name for slug, each in demo.agencies.items()}
    wanted = words.strip().casefold()
    exact = [slug for slug, name in every.items() if wanted in {slug, name.casefold()}]
    found = exact or [slug for slug, name in every.items() if slug.startswith(wanted) or _begins(name, wanted)]
    if len(found) != 1:
        raise InvalidRequestError("nobody has this name" if not found else "more than one has a name like this")
    return found[0]


def _begins(name: str, wanted: str) -> bool:
    return bool(wanted) and name.casefold().startswith(wanted)


def _home(demo: Demo) -> Path:
    own = Path(os.environ.get("DOSSIER_HOME") or demo.home)
    home = own if (own / STORE_KEY).exists() else Path(demo.home)
    if not (home / STORE_KEY).exists():
        raise KeyStoreError("the key store of the demonstration is not there")
    return home


def _fail(arguments: argparse.Namespace, text: str, code: str, status: int) -> int:
    print(f"dossier: {text}", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"ok": False, "code": code, "status": status, "error": text}))
    return 1
