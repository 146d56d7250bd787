"""Export one's own dossiers into a new folder: every document, and what is said of items, consents and events.

Each document is a reading with the action download: decided, and an event. Files are named by item and part, since what a
sender called a file may be no name for this machine; `index.json` has the names, titles, and the signed header of each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from crypto.encoding import encode_base64
from crypto.errors import CryptoError
from dossier.client.errors import UntrustedError
from dossier.client.holding import HeldDossier
from dossier.client.owner import Owner
from dossier.client.reading import Asked, Released, save_part
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.private import write_private
from web.commands import consents, events, items
from web.commands.looking import counted
from web.commands.who import Report, Who, act, add_who

TO_KEEP = Asked(action="download")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--out", required=True, metavar="FOLDER", help="folder to make; it must not be there yet")
    parser.add_argument("--dossier", default="", metavar="ID", help="id of the dossier, or private or business")
    add_who(parser)
    parser.set_defaults(of="", section="", purpose="", reason="", case="", stream="", all=True)


def run(arguments: argparse.Namespace) -> int:
    """Export; 1 if something does not verify, which is then named and left out."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    if not who.is_citizen:
        raise ForbiddenError("only one's own dossier is exported")
    listed = items.report(who, arguments)
    folder = _new_folder(Path(arguments.out))
    rows = _documents(who, listed.values["items"], folder)
    granted, happened = consents.report(who, arguments), events.report(who, arguments)
    for name, values in (("index", {"items": rows}), ("consents", granted.values), ("events", happened.values)):
        write_private(folder / f"{name}.json", json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    rejected = [f"{row['item']}  left out: {row['rejected']}" for row in rows if "rejected" in row]
    told = f"{counted(len(rows) - len(rejected), 'item')}, {len(happened.values['events'])} events in {folder}"
    values = {"out": str(folder), "items": rows, "events": len(happened.values["events"])}
    return Report(values, [*rejected, told], ok=not rejected and granted.ok and happened.ok)


def _new_folder(path: Path) -> Path:
    """Make the folder, for us alone; raise InvalidRequestError where something is: nothing is written over."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError as error:
        raise InvalidRequestError(f"{path} is there already; name a new folder") from error
    return path


def _documents(who: Who, rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Read every item that is shown, newest first, and write its parts."""
    owner, held = who.owner(), dict[str, HeldDossier]()
    for name in dict.fromkeys(row["dossier"] for row in rows):
        held[name] = owner.hold(bytes.fromhex(name))
    who.company.keep_pins(who.name, owner.pins)
    return [
        row if "rejected" in row else row | _document(who, owner, held[row["dossier"]], row, folder) for row in rows
    ]


def _document(who: Who, owner: Owner, held: HeldDossier, row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read one item; one that is not what its author signed is named, and keeps no other from being taken along."""
    paths = [folder / f"{row['item']}.{number}" for number in range(len(row["parts"]))]
    try:
        released = owner.read(held, bytes.fromhex(row["item"]), TO_KEEP, who.log_keys())
        parts = [_part(who, released, number, path) for number, path in enumerate(paths)]
    except (CryptoError, UntrustedError) as error:
        for path in paths:
            path.unlink(missing_ok=True)
        return {"rejected": str(error)}
    header = encode_base64(released.header.statement.envelope)
    return {"metadata": released.metadata, "parts": parts, "reading": released.reading, "header": header}


def _part(who: Who, released: Released, number: int, path: Path) -> dict[str, Any]:
    """Write one part; what was not whole is not left behind under its name."""
    aside = path.with_name(f"{path.name}.part")
    try:
        with aside.open("wb") as sink:
            save_part(who.session, released, number, sink)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    part = released.metadata["parts"][number]
    return {"file": path.name, "name": part["name"], "mediaType": part["mediaType"], "bytes": path.stat().st_size}
