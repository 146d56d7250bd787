"""List items: one's own, or what somebody lets one see for a purpose. Titles are opened on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from dossier.client.opened import OpenedItem, RejectedItem
from dossier.errors import InvalidRequestError
from web.commands.looking import add_asked, add_dossier, asked_as_reader, counted, day, dossiers
from web.commands.who import WHEN_CHANGED, Report, Who, act, add_who

LEFT_OUT = "was delivered and is left out of the list"
NOT_NEWEST = "is shown otherwise than it was delivered last"
UNASKED = "no reason was given (--reason R): what is shown only for a reason is left out"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_who(parser)
    add_dossier(parser)
    add_asked(parser)
    parser.add_argument("--section", default="", metavar="S", help="only items of this section")
    parser.add_argument(
        "--check", action="store_true", help="hold the list of one's own dossier against its events and the log"
    )


def run(arguments: argparse.Namespace) -> int:
    """List, newest first."""
    return act(arguments, lambda who: (checked if arguments.check else report)(who, arguments))


def report(who: Who, arguments: argparse.Namespace) -> Report:
    """What may be seen, newest first; what does not verify is named."""
    found = [(dossier, item) for dossier in dossiers(who, arguments) for item in _items(who, arguments, dossier)]
    rows = [_row(who, dossier, item) for dossier, item in found]
    good = [row for row in rows if "rejected" not in row]
    lines = [f"{row['item']}  {row['section']:<9} {row['lane']:<12} {row['issued']}  {row['title']}" for row in good]
    lines += [f"{row['item']}  not shown: {row['rejected']}" for row in rows if "rejected" in row]
    lines += [WHEN_CHANGED] if any("pinned" in row.get("rejected", "") for row in rows) else []
    lines += [UNASKED] if _as_reader(who, arguments) and not arguments.reason else []
    return Report({"items": rows}, [*lines, counted(len(good), "item")], ok=len(good) == len(rows))


def checked(who: Who, arguments: argparse.Namespace) -> Report:
    """The same for one's own, with what is left out; raise InvalidRequestError for the list of another or a part of one."""
    if _as_reader(who, arguments) or arguments.section:
        raise InvalidRequestError("--check holds the whole list of one's own dossier against its events")
    listed, wrong = report(who, arguments), _differences(who, arguments)
    lines = [*listed.lines, *(f"{row['item']}  {row['rejected']}" for row in wrong)]
    return Report({"items": [*listed.values["items"], *wrong]}, lines, ok=listed.ok and not wrong)


def _differences(who: Who, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """What the lists leave out or show otherwise than it was delivered, each with what is wrong; raise UntrustedError."""
    from dossier.client.manifest import check_items  # noqa: PLC0415 - only --check needs it (ADR 0450)
    from web.commands.events import read_log  # noqa: PLC0415 - as above

    owner, rows = who.owner(), []
    for dossier in dossiers(who, arguments):
        # What is delivered between one look and the other is a difference the first time alone.
        found = check_items(owner, owner.hold(dossier), lambda: read_log(who))
        if found.missing or found.other:
            found = check_items(owner, owner.hold(dossier), lambda: read_log(who))
        rows += [{"item": each, "dossier": dossier.hex(), "rejected": LEFT_OUT} for each in found.missing]
        rows += [{"item": each, "dossier": dossier.hex(), "rejected": NOT_NEWEST} for each in found.other]
    return rows


def _items(who: Who, arguments: argparse.Namespace, dossier: bytes) -> Iterator[OpenedItem | RejectedItem]:
    if _as_reader(who, arguments):
        yield from who.reader().items(dossier, asked_as_reader(who, arguments), arguments.section)
        return
    owner = who.owner()
    held = owner.hold(dossier)
    who.company.keep_pins(who.name, owner.pins)
    yield from owner.items(held, arguments.section)


def _as_reader(who: Who, arguments: argparse.Namespace) -> bool:
    """Who looks in the dossier of another says what for; a citizen who does not looks as one who holds it."""
    return not who.is_citizen or bool(arguments.purpose and (arguments.of or arguments.dossier))


def _row(who: Who, dossier: bytes, item: OpenedItem | RejectedItem) -> dict[str, Any]:
    if isinstance(item, RejectedItem):
        return {"item": item.item, "dossier": dossier.hex(), "rejected": item.reason}
    core, shown = item.header.core, item.shown
    return {
        "item": item.item,
        "dossier": dossier.hex(),
        "version": core.version,
        "title": item.title,
        "section": shown["section"],
        "lane": shown["lane"],
        "label": shown["label"],
        "type": core.type,
        "from": who.name_of(core.author.hex()),
        "issued": day(core.issued),
        "parts": [each["name"] for each in item.metadata["parts"]],
    }
