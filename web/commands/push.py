"""Deliver files to somebody's dossier as an agency: each is sealed on this machine, so that the owner alone opens it."""

from __future__ import annotations

import argparse
import mimetypes
import unicodedata
from http import HTTPStatus
from pathlib import Path
from typing import Any

from crypto.errors import PinError
from dossier.client.agency import Agency
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError
from dossier.client.profiles import SYSTEM
from dossier.errors import InvalidRequestError
from web.commands.who import Report, Who, act, add_who

NAME = 200
"""Characters of a file's name that are kept."""

UNKNOWN = "application/octet-stream"
SCHEMES = ("bsn", "rsin", "kvk")
TYPE, LABEL = "document", "personal"
NOBODY = "no dossier of this number lets your organisation deliver to this section, or none is there"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="file to deliver; each becomes an item")
    parser.add_argument("--to", required=True, metavar="IDENTIFIER", help="bsn:…, rsin:… or kvk:… of its subject")
    add_who(parser, "AGENCY")
    parser.add_argument("--section", default="", metavar="S", help="section (the first that the system delivers to)")
    parser.add_argument(
        "--lane", default="ordinary", choices=("ordinary", "confidential"), help="how closely it is held"
    )
    parser.add_argument("--label", default=LABEL, metavar="L", help="open, personal, sensitive or special")
    parser.add_argument("--type", default=TYPE, metavar="T", help="code of the item type")
    parser.add_argument("--title", default="", metavar="TEXT", help="title (the file's name)")
    parser.add_argument("--media-type", default="", metavar="M", help="media type (guessed from the file's name)")
    parser.add_argument("--attach", action="append", default=[], metavar="FILE", help="a further part of each item")
    parser.add_argument("--system", default="", metavar="NAME", help="which of the agency's systems delivers")


def run(arguments: argparse.Namespace) -> int:
    """Deliver."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    name, first = choose_system(who, arguments.system, arguments.section)
    agency = who.company.agency(name)
    section = arguments.section or first
    _check(arguments)
    try:
        rows = [_deliver(agency, arguments, section, Path(each)) for each in arguments.files]
    except RefusedError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise InvalidRequestError(NOBODY) from error
        raise
    except PinError:
        _check_codes("sections", section)
        raise
    finally:
        who.company.keep_pins(name, agency.pins)
    lines = [f"{row['item']}  {row['section']}  {row['bytes']} bytes  {row['title']}" for row in rows]
    return Report({"items": rows}, lines)


def _check(arguments: argparse.Namespace) -> None:
    """Raise InvalidRequestError for what no service takes."""
    scheme, _, number = arguments.to.partition(":")
    if scheme not in SCHEMES or not number.isdigit():
        raise InvalidRequestError("whose dossier is said as bsn:NUMBER, rsin:NUMBER or kvk:NUMBER")
    for kind, code, usual in (("types", arguments.type, TYPE), ("labels", arguments.label, LABEL)):
        if code != usual:
            _check_codes(kind, code)


def _check_codes(kind: str, code: str) -> None:
    """Raise InvalidRequestError for a code that the catalogue has not; it is loaded for this alone."""
    from web.codes import check_known

    check_known(kind, [code])


def choose_system(who: Who, wanted: str, section: str) -> tuple[str, str]:
    """The system that delivers, as the key store names it, and its first section.

    In a demonstration the one named, else the first that has the section, else the first of all.
    """
    if who.demo is None:
        return _own_system(who, section)
    agency = who.demo.agencies.get(who.name)
    if agency is None or not agency.systems:
        raise InvalidRequestError("only an agency with a system delivers")
    fitting = [slug for slug, each in agency.systems.items() if section in each.sections]
    slug = wanted or next(iter([*fitting, *agency.systems]))
    if slug not in agency.systems:
        raise InvalidRequestError("the agency has no system of this name")
    return f"{who.name}.{slug}", agency.systems[slug].sections[0]


def _own_system(who: Who, section: str) -> tuple[str, str]:
    if who.profile is None or who.profile.kind != SYSTEM:
        raise InvalidRequestError("only a system of an agency delivers: sign in with --client-id and --key")
    if not section:
        raise InvalidRequestError("say to which section: --section S")
    return who.name, section


def _deliver(agency: Agency, arguments: argparse.Namespace, section: str, path: Path) -> dict[str, Any]:
    title = file_name(arguments.title or path.name)
    record = Record(section, arguments.lane, arguments.type, arguments.label, title)
    contents = [content(path, arguments.media_type), *(content(Path(each), "") for each in arguments.attach)]
    answer = agency.deliver(arguments.to, record, contents)
    return {
        "item": answer["item"],
        "version": answer["version"],
        "file": file_name(str(path)),
        "title": title,
        "section": section,
        "bytes": path.stat().st_size,
        "event": answer["promise"]["event"],
    }


def content(path: Path, media_type: str) -> Content:
    """A file as a part; raise OSError if it cannot be read."""
    with path.open("rb"):
        guessed = media_type or mimetypes.guess_type(file_name(path.name))[0] or UNKNOWN
    return Content(file_name(path.name), guessed, path)


def file_name(text: str) -> str:
    """A name as it can stand in metadata: any bytes become characters that every system can show."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    composed = unicodedata.normalize("NFC", readable)
    kept = "".join("\ufffd" if unicodedata.category(each) in {"Cc", "Cs", "Cn"} else each for each in composed)
    return kept[:NAME] or "-"
