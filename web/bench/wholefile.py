"""A process that seals or opens one file as `dossier push` and `dossier open` do, without a service between them.

`python -m web.bench.wholefile seal|open SOURCE TARGET` loads what `dossier push` as a system or `dossier open` as a
professional loads, HTTP and all, does the work, and prints the most memory it had, in MiB.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crypto.chains import SectionKey
from crypto.headers import parse_header
from crypto.items import open_item_key
from crypto.keys import SigningKey
from crypto.sections import SectionPlace, section_sealing_key
from crypto.statements import parse_statement
from web.bench.processes import peak
from web.cli import COMMANDS, load

SECTION, LANE = "debts", "ordinary"

LOADED: Final[Mapping[str, tuple[str, ...]]] = {
    "seal": (COMMANDS["push"].module, "dossier.client.agency"),
    "open": (COMMANDS["open"].module, "dossier.client.professional"),
}
"""A command's start is part of what it takes: its module, and what acting as the one who asks loads besides."""


def seal_file(source: Path, target: Path) -> None:
    """Seal a file into an item's part; what opening needs goes beside it."""
    from dossier.client.delivering import Content, Record, Sender, seal_record  # noqa: PLC0415 - as `push` loads it

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
    from dossier.client.ahead import ahead  # noqa: PLC0415 - as `open` loads it
    from dossier.client.reading import RANGE, write_part  # noqa: PLC0415 - as `open` loads it

    words = json.loads(_beside(source).read_text(encoding="ascii"))
    beside = {name: bytes.fromhex(value) for name, value in words.items()}
    header = parse_header(parse_statement(beside["header"]))
    key = section_sealing_key(beside["secret"], SectionPlace(beside["dossier"], SECTION, LANE, 0))
    item_key = open_item_key(header, key, beside["sealedKey"])
    with source.open("rb") as file, target.open("wb") as sink, ahead(iter(lambda: file.read(RANGE), b"")) as pieces:
        write_part(header, item_key, 0, pieces, sink)


def _beside(sealed: Path) -> Path:
    return sealed.with_name(f"{sealed.name}.json")


def main(arguments: list[str]) -> None:
    """Do the work and print the peak of memory."""
    mode, source, target = arguments
    for name in LOADED[mode]:
        load(name)
    (seal_file if mode == "seal" else open_file)(Path(source), Path(target))
    print(peak(os.getpid()))  # noqa: T201 - the figure that the parent reads


if __name__ == "__main__":
    main(sys.argv[1:])
