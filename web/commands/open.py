"""Open one item: asks for the reading, checks its promise and signatures, and writes the content to a file.

The file is written only if all of it is what its author signed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from dossier.client.reading import Released, save_part
from dossier.errors import InvalidRequestError
from web.commands.looking import add_asked, asked, asked_as_reader, dossier_with, read_id
from web.commands.who import Report, Who, act, add_who


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("item", metavar="ITEM", help="id of the item, as `dossier items` shows it")
    parser.add_argument("--out", required=True, metavar="FILE", help="where to write the content")
    parser.add_argument("--part", type=int, default=0, metavar="N", help="which part (0: the document itself)")
    parser.add_argument("--dossier", default="", metavar="ID", help="id of the dossier, if one holds that of another")
    add_who(parser)
    add_asked(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, and write the file."""
    return act(arguments, lambda who: _report(who, arguments))


def _report(who: Who, arguments: argparse.Namespace) -> Report:
    _check_place(Path(arguments.out))
    released = _read(who, arguments)
    parts = released.metadata["parts"]
    if not 0 <= arguments.part < len(parts):
        raise InvalidRequestError(f"the item has parts 0 to {len(parts) - 1}")
    size = _save(who, released, arguments.part, Path(arguments.out))
    part = parts[arguments.part]
    values = {
        "item": arguments.item,
        "title": released.metadata["title"],
        "version": released.header.core.version,
        "reading": released.reading,
        "part": arguments.part,
        "name": part["name"],
        "mediaType": part["mediaType"],
        "bytes": size,
        "parts": [each["name"] for each in parts],
        "out": arguments.out,
    }
    named = ", ".join(f"{number} {each['name']}" for number, each in enumerate(parts))
    more = [f"this was part {arguments.part} of: {named} (--part N)"] if len(parts) > 1 else []
    line = f"{released.metadata['title']}: {size} bytes in {arguments.out} (reading {released.reading})"
    return Report(values, [line, *more])


def _check_place(path: Path) -> None:
    """Raise InvalidRequestError where no file can be written: nobody looks for nothing."""
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InvalidRequestError(f"no file can be written at {path}")


def _read(who: Who, arguments: argparse.Namespace) -> Released:
    item = read_id(arguments.item)
    if not who.is_citizen or arguments.purpose:
        return who.reader().read(item, asked_as_reader(who, arguments))
    owner = who.owner()
    held = owner.hold(read_id(arguments.dossier) if arguments.dossier else dossier_with(who, item))
    who.company.keep_pins(who.name, owner.pins)
    return owner.read(held, item, asked(who, arguments), who.log_keys())


def _save(who: Who, released: Released, number: int, path: Path) -> int:
    """Write the part aside and rename it once it is whole."""
    with tempfile.TemporaryDirectory(prefix=".dossier-", dir=path.absolute().parent) as folder:
        aside = Path(folder) / "content"
        with aside.open("wb") as sink:
            save_part(who.session, released, number, sink)
        size = aside.stat().st_size
        aside.replace(path)
    return size
