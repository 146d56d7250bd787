"""A process that seals or opens one file as `dossier push` and `dossier open` do, without a service between them.

`python -m web.bench.wholefile seal|open SOURCE TARGET` imports what the command imports, does the work, and prints the
most memory it had, in MiB.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path

import web.commands.open
import web.commands.push  # noqa: F401 - a command's start is part of what it takes
from crypto.chains import SectionKey
from crypto.headers import parse_header
from crypto.items import PartOpener, open_item_key
from crypto.keys import SigningKey
from crypto.sections import SectionPlace, section_sealing_key
from crypto.statements import parse_statement
from dossier.client.delivering import Content, Record, Sender, seal_record
from dossier.client.reading import RANGE
from web.bench.processes import peak

SECTION, LANE = "debts", "ordinary"


def seal_file(source: Path, target: Path) -> None:
    """Seal a file into an item's part; what opening needs goes beside it."""
    secret = secrets.token_bytes(32)
    place = SectionPlace(secrets.token_bytes(16), SECTION, LANE, 0)
    section = SectionKey(place, section_sealing_key(secret, place).public, bytes(32), 0)
    sender = Sender(secrets.token_bytes(16), "system", SigningKey.generate())
    record = Record(SECTION, LANE, "document", "personal", source.name)
    content = Content(source.name, "application/octet-stream", source)
    sealed = seal_record(record, [content], section, sender, target.parent, int(time.time()))
    sealed.parts[0].replace(target)
    beside = {
        "secret": secret.hex(),
        "dossier": place.dossier.hex(),
        "header": sealed.header.envelope.hex(),
        "sealedKey": sealed.sealed_key.hex(),
    }
    _beside(target).write_text(json.dumps(beside), encoding="ascii")


def open_file(source: Path, target: Path) -> None:
    """Open a sealed part piece by piece, as a reading of a large part does."""
    words = json.loads(_beside(source).read_text(encoding="ascii"))
    beside = {name: bytes.fromhex(value) for name, value in words.items()}
    header = parse_header(parse_statement(beside["header"]))
    key = section_sealing_key(beside["secret"], SectionPlace(beside["dossier"], SECTION, LANE, 0))
    opener = PartOpener(header, open_item_key(header, key, beside["sealedKey"]), 0)
    with source.open("rb") as file, target.open("wb") as sink:
        while piece := file.read(RANGE):
            sink.write(opener.update(piece))
        sink.write(opener.finish())


def _beside(sealed: Path) -> Path:
    return sealed.with_name(f"{sealed.name}.json")


def main(arguments: list[str]) -> None:
    """Do the work and print the peak of memory."""
    mode, source, target = arguments
    (seal_file if mode == "seal" else open_file)(Path(source), Path(target))
    print(peak(os.getpid()))  # noqa: T201 - the figure that the parent reads


if __name__ == "__main__":
    main(sys.argv[1:])
