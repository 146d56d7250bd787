"""In which dossier a command looks: one's own, or that of somebody who lets one look."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from crypto.encoding import BUCKET_SIZE, decode_hex
from crypto.errors import CryptoError
from dossier.client.reading import Asked
from dossier.errors import InvalidRequestError
from web.commands.who import Who, is_id

DAY = 86_400
DAYS = 30
UNTIL = f"the last day it holds, written as 2026-12-31 ({DAYS} days from today)"
"""What `--until` means wherever something is given or asked."""


def add_dossier(parser: argparse.ArgumentParser) -> None:
    """`--dossier` and `--of`."""
    parser.add_argument("--dossier", default="", metavar="ID", help="id of the dossier, or private or business")
    parser.add_argument("--of", default="", metavar="PERSON", help="whose dossier, if not one's own")


def add_language(parser: argparse.ArgumentParser) -> None:
    """`--language`."""
    parser.add_argument(
        "--language", default="nl", choices=("nl", "en"), help="of the sentence that is printed and signed (nl)"
    )


def add_asked(parser: argparse.ArgumentParser) -> None:
    """`--purpose`, `--reason` and `--case`."""
    parser.add_argument("--purpose", default="", metavar="P", help="code of the purpose, such as debt-plan")
    parser.add_argument("--reason", default="", metavar="R", help="code of the reason, such as intake")
    parser.add_argument("--case", default="", metavar="C", help="id of the case, or how it begins")


def asked(who: Who, arguments: argparse.Namespace) -> Asked:
    """What is asked for, as the options say; raise InvalidRequestError for codes that are none."""
    from web.codes import check_known

    check_known("purposes", words(arguments.purpose))
    check_known("reasons", words(arguments.reason))
    case = arguments.case
    if case and not is_id(case):
        from web.commands.working import case_id

        case = case_id(who, case)
    return Asked(arguments.purpose, arguments.reason, case)


def asked_as_reader(who: Who, arguments: argparse.Namespace) -> Asked:
    """The same, of one who reads in the dossier of another; raise InvalidRequestError without a purpose."""
    if not arguments.purpose:
        raise InvalidRequestError("say what for: --purpose P, such as debt-plan")
    return asked(who, arguments)


def dossiers(who: Who, arguments: argparse.Namespace) -> list[bytes]:
    """The dossiers that the options mean; raise InvalidRequestError when none is."""
    wanted = arguments.dossier
    if wanted and wanted not in {"private", "business"}:
        return [read_id(wanted)]
    if arguments.of:
        found = who.dossiers_of(arguments.of, wanted)
    else:
        own = who.session.get("/v1/me")["dossiers"]
        found = [bytes.fromhex(each["dossier"]) for each in own if wanted in {"", each["nature"]}]
    if not found:
        raise InvalidRequestError("say whose dossier by --of PERSON, or which by --dossier ID")
    return found


def dossier_with(who: Who, thing: bytes) -> bytes:
    """One's own dossier that a thing is in: all ids of a dossier begin alike. Raise InvalidRequestError."""
    own = [bytes.fromhex(each["dossier"]) for each in who.session.get("/v1/me")["dossiers"]]
    found = [each for each in own if each[:BUCKET_SIZE] == thing[:BUCKET_SIZE]]
    if not found:
        raise InvalidRequestError("none of your dossiers has this")
    return found[0]


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def read_id(text: str) -> bytes:
    """An id of 32 hexadecimal digits; raise InvalidRequestError."""
    try:
        return decode_hex(text, 16)
    except CryptoError as error:
        raise InvalidRequestError("an id is 32 hexadecimal digits") from error


def when(seconds: int) -> str:
    """A time for people, in UTC to the minute; empty for 0."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else ""


def last_day(end: int) -> str:
    """The last day of a time that ends then; empty for 0."""
    return day(end - 1) if end else ""


def day(seconds: int) -> str:
    """A day for people."""
    return when(seconds)[:10]


def last_moment(text: str, now: int) -> int:
    """The end of the day (UTC) that is named, or of the 30th from now; raise InvalidRequestError."""
    if not text:
        return now // DAY * DAY + (DAYS + 1) * DAY
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + DAY
    except ValueError as error:
        raise InvalidRequestError("a day is written as 2026-12-31") from error


def words(text: str) -> list[str]:
    """The words of a list with commas between."""
    return [each.strip() for each in text.split(",") if each.strip()]
