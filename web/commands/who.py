"""Who acts in a command: a profile of this machine's key store, or a persona or agency of a demonstration.

A profile is what `dossier sign-in` made below DOSSIER_HOME (or `.dossier` in the home directory). A demonstration is the
`demo.json` of --data-dir, DOSSIER_DATA_DIR, DOSSIER_HOME or `.data`, the first that is there; with --data-dir no profile
is looked for. What a command found is printed as lines for a person or, with --json, as one object. What only some need
of those who act is loaded where it is asked for, so that a command loads what it uses (ADR 0450).
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
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import AuditError
from crypto.encoding import ID_SIZE
from crypto.errors import CryptoError, PinError
from dossier.client.errors import ClientError, KeyStoreError, RefusedError
from dossier.client.keys import STORE_KEY, KeyStore, home_folder
from dossier.client.making import Identity
from dossier.client.profiles import PERSON, Profile
from dossier.client.session import Session
from dossier.errors import DossierError, InvalidRequestError
from web.commands.storing import find_kept, sign_in_as
from web.demo.company import Company
from web.demo.record import FILE, Demo, read_demo

if TYPE_CHECKING:
    from audit.note import VerifierKey
    from dossier.client.groups import People
    from dossier.client.owner import Owner
    from dossier.client.parties import Professional
    from dossier.client.professional import Reader
    from dossier.client.reading import LogKeys

DATA = Path(".data")
DEFAULT_NAME = "me"
"""The profile that is meant where none is named."""

NOBODY = "no attested professional has this name; a citizen is named by id"
WHEN_CHANGED = (
    "Somebody's keys or statements are not the ones that this machine saw before. Ask the one concerned, by another way, "
    "whether they replaced them; only then `dossier pins --forget ID --as NAME` lets you begin anew"
)
_TOLD = {
    "not-found": "nothing is shown to you here: it is not there, or not for you, or not for this purpose; `dossier ask` asks "
    "the owner for access",
    "stale-position": "the rules of the dossier changed meanwhile; ask again",
}


@dataclass(frozen=True)
class Report:
    """What a command has to tell: values for programs, lines for people; `ok` decides on the exit code."""

    values: Mapping[str, Any]
    lines: Iterable[str] = ()
    ok: bool = True


@dataclass
class Who:
    """The one who acts: `name` in the key store. `demo` and `profile` say where they are known from; one is None."""

    company: Company
    name: str
    demo: Demo | None = None
    profile: Profile | None = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """Their session."""
        return self.company.session(self.name)

    @property
    def is_citizen(self) -> bool:
        """Whether they act for themselves, not for an organisation."""
        if self.demo is None:
            return self.profile is not None and self.profile.kind == PERSON and not self._identity.organisation
        persona = self.demo.personas.get(self.name)
        return persona is not None and not persona.organisation

    @cached_property
    def people(self) -> People:
        """The attested professionals, as they verify them."""
        return self.company.people(self.name)

    def owner(self) -> Owner:
        """They as the owner of dossiers."""
        return self.company.owner(self.name)

    def reader(self) -> Reader:
        """They as one who reads in the dossier of another."""
        from dossier.client.professional import Reader

        role = next(iter(self.session.get("/v1/me")["roles"]), "")
        register = self.company.register(self.name)
        return Reader(self.session, self._identity, register, self.log_keys(), role, self.company.seen(self.name))

    def log_keys(self) -> LogKeys:
        """What promises are verified with: pinned in demo.json or at the first contact."""
        from audit.note import parse_verifier_key
        from dossier.client.reading import LogKeys

        if self.demo is not None and self.demo.log is not None:
            return LogKeys(self.demo.log.origin, parse_verifier_key(self.demo.log.promise_vkey))
        identity = self.company.pinned_log(self.name)
        return LogKeys(identity.origin, identity.promise_key)

    def log_key(self) -> VerifierKey:
        """What the log's checkpoints are verified with, pinned likewise."""
        from audit.note import parse_verifier_key

        if self.demo is not None and self.demo.log is not None:
            return parse_verifier_key(self.demo.log.vkey)
        return self.company.pinned_log(self.name).log_key

    def name_of(self, party: str) -> str:
        """The name of a person, organisation or system by its hex id; the id itself where no name is known."""
        if not self.names:
            self.names = dict(_names_in(self.demo) if self.demo is not None else self._names_shown())
        return self.names.get(party, party)

    def person(self, words: str) -> bytes:
        """The id of a person: given as such, or by a name that only one has; raise InvalidRequestError."""
        if is_id(words):
            return bytes.fromhex(words)
        if self.demo is not None:
            persona = self.demo.personas.get(find_name(self.demo, words))
            if persona is None or not persona.person:
                raise InvalidRequestError("nobody of this name has keys")
            return bytes.fromhex(persona.person)
        found = self.people.named(words)
        if len(found) != 1:
            raise InvalidRequestError(NOBODY if not found else "more than one has a name like this; give the id")
        return found[0]

    def professional(self, words: str) -> Professional:
        """A professional by id or name, as they verify them; raise InvalidRequestError, PinError."""
        person = self.person(words)
        if self.demo is not None and any(
            each.person == person.hex() and not each.organisation for each in self.demo.personas.values()
        ):
            raise InvalidRequestError("this is a citizen, not a professional")
        return self.people.professional(person)

    def organisation(self, words: str) -> bytes:
        """The id of an organisation of the register: given as such, or by name; raise InvalidRequestError."""
        known = self.company.register(self.name).organisations
        wanted = words.strip().casefold()
        slugs = self.demo.agencies if self.demo is not None else {}
        named = slugs[wanted].organisation if wanted in slugs else wanted
        found = [key for key, each in known.items() if key.hex() == named or each.name.casefold() == wanted]
        found = found or [key for key, each in known.items() if _begins(each.name, wanted)]
        if len(found) != 1:
            raise InvalidRequestError("the register has no one organisation of this name")
        return found[0]

    def dossiers_of(self, words: str, nature: str) -> list[bytes]:
        """The dossiers of a persona of the demonstration, of this nature if one is named."""
        if self.demo is None:
            raise InvalidRequestError("name the dossier by --dossier ID: `dossier cases show CASE` has the ids")
        persona = self.demo.personas.get(find_name(self.demo, words))
        known = persona.dossiers if persona else []
        return [bytes.fromhex(each.dossier) for each in known if nature in {"", each.nature} and each.dossier]

    @property
    def _identity(self) -> Identity:
        return self.company.identity(self.name)

    def _names_shown(self) -> dict[str, str]:
        """Names as the register and the service have them."""
        register = self.company.register(self.name)
        names = {key.hex(): each.name for key, each in register.organisations.items()}
        names |= {key.hex(): names.get(each.organisation.hex(), "") for key, each in register.systems.items()}
        return names | self.people.names() | {self.session.get("/v1/me")["person"]: self.name}


def add_who(parser: argparse.ArgumentParser, who: str = "PERSON") -> None:
    """`--as`, `--server`, `--data-dir` and `--json`."""
    usual = (home_folder() / f"{DEFAULT_NAME}.sealed").exists()
    what = f"profile, or who in the demonstration{f' ({DEFAULT_NAME})' if usual else ''}"
    parser.add_argument("--as", dest="who", required=not usual, default=DEFAULT_NAME, metavar=who, help=what)
    parser.add_argument("--server", help="URL of the service (that of the profile or of demo.json)")
    parser.add_argument("--data-dir", help="folder of the demonstration (.data)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def act(arguments: argparse.Namespace, work: Callable[[Who], Report]) -> int:
    """Open who acts, do the work and print its report; 1 with one line if it cannot be done."""

    def done() -> Report:
        with open_who(arguments) as who:
            return work(who)

    return report_on(arguments, done)


def _word(error: Exception) -> str:
    """`InvalidRequestError` becomes `invalid-request`, as in the service's own codes."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).strip("-")


def report_on(arguments: argparse.Namespace, work: Callable[[], Report]) -> int:
    """Do the work and print its report; 1 with one line if it cannot be done."""
    try:
        report = work()
    except RefusedError as error:
        return _fail(arguments, f"refused: {told(error)}", error.code, error.status)
    except PinError as error:
        return _fail(arguments, f"{error}: nothing was done. {WHEN_CHANGED}", "pin", 0)
    except OSError as error:
        return _fail(
            arguments, f"{(error.strerror or str(error)).lower()}: {error.filename or ''}".rstrip(": "), "os", 0
        )
    except (ClientError, CryptoError, AuditError, DossierError) as error:
        return _fail(arguments, str(error), _word(error), 0)
    except KeyboardInterrupt:
        return _fail(arguments, "stopped", "stopped", 0)
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


def told(error: RefusedError) -> str:
    """What a refusal means for the one who asked, where the service's own words are few."""
    return _TOLD.get(error.code, str(error))


@contextmanager
def open_who(arguments: argparse.Namespace) -> Iterator[Who]:
    """Find the one who acts; raise InvalidRequestError, KeyStoreError. What they saw is kept when this is left."""
    named = arguments.server or os.environ.get("DOSSIER_SERVER")
    kept = None if arguments.data_dir else find_kept(home_folder(), arguments.who)
    if kept is not None:
        store, profile = kept
        with company_of(named or profile.server, store) as company:
            yield Who(company, profile.name, profile=profile)
        return
    demo = find_demo(arguments.data_dir)
    if not demo.loaded:
        raise InvalidRequestError("the sample world is still being loaded; `dossier demo` says when it is there")
    with Company((named or demo.server).rstrip("/"), _home(demo), demo.secrets) as company:
        yield Who(company, find_name(demo, arguments.who), demo=demo)


def company_of(server: str, store: KeyStore) -> Company:
    """Everybody of a key store, at a service: persons sign in in a browser where no tokens are kept."""
    return Company(server, store, {}, sign_in=sign_in_as(store))


def find_demo(data_dir: str | None) -> Demo:
    """The demonstration that commands work with; raise InvalidRequestError when there is none."""
    named = [data_dir, os.environ.get("DOSSIER_DATA_DIR"), os.environ.get("DOSSIER_HOME"), str(DATA)]
    places = [Path(each).expanduser() for each in named if each]
    for folder in places[:1] if data_dir else [*places, *(each.parent for each in places)]:
        demo = read_demo(folder / FILE)
        if demo is not None:
            return demo
    raise InvalidRequestError(
        "nobody of this name has signed in here and there is no demo.json: `dossier sign-in --server URL --as NAME`, "
        "or start `dossier demo`, or name its folder by --data-dir"
    )


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


def is_id(words: str) -> bool:
    """Whether these words are an id: 32 hexadecimal digits."""
    return len(words) == 2 * ID_SIZE and set(words) <= set("0123456789abcdef")


def _names_in(demo: Demo) -> Iterator[tuple[str, str]]:
    for slug, agency in demo.agencies.items():
        yield agency.organisation, agency.name
        for system in agency.systems.values():
            yield system.client_id, f"{agency.name} ({system.name or slug})"
    yield from ((each.person, each.name) for each in demo.personas.values() if each.person)


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
