"""Facts of docs/integrate.md: its steps run against a real service, its worked sealing is what the library makes."""

from __future__ import annotations

import base64
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from crypto.headers import check_header
from crypto.items import open_item_key, open_metadata, open_part
from crypto.keys import SealingKey, SigningKey
from crypto.statements import parse_statement
from dossier.client.assertion import new_sign_in_key
from dossier.client.organisation import add_system, enter_organisation
from tests.vectors.items import AUTHOR, CONTENT, CORE, METADATA, SECTION
from tests.vectors.worked import PAGE, page, sections
from tests.web.serving import world
from web.demo.founding import register_signers

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        yield settled


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def values(name):
    """The hexadecimal blocks of the page under a name."""
    found = re.findall(rf"^{re.escape(name)} \((\d+) bytes\)[^\n]*\n((?:  [0-9a-f]+\n)+)", TEXT, re.MULTILINE)
    return [bytes.fromhex("".join(lines.split())) for _, lines in found]


def enter(cast):
    """An agency that is new here; return its id and its key."""
    signers, key = register_signers(cast.settings.data_dir), SigningKey.generate()
    first = ("koen-dijkstra", "Koen Dijkstra")
    with cast.session("registrar") as registrar:
        return enter_organisation(registrar, "Woonstichting", key, signers, administrator=first), key


def test_the_worked_sealing_is_made():
    """The page has exactly what its maker makes today."""
    assert page(TEXT) == TEXT
    assert len(list(sections())) == 7


def test_the_worked_sealing_opens():
    """What the page shows is the item of the vectors: its header verifies, metadata and parts open (P1)."""
    valid = json.loads((ROOT / "tests/vectors/item-header/valid.json").read_text())
    key = json.loads((ROOT / "tests/vectors/item-key/valid.json").read_text())
    shown = re.search(r"^envelope \(\d+ bytes\)\n((?:  \S.*\n)+)", TEXT, re.MULTILINE)
    envelope = "".join(line[2:] for line in shown[1].splitlines()).encode()
    assert base64.b64encode(envelope).decode() == valid["envelope"]
    header = check_header(parse_statement(envelope), AUTHOR.public, dossier=CORE.dossier)
    assert values("header hash") == [header.hash]
    item_key = open_item_key(header, SECTION, base64.b64decode(key["sealedKey"]))
    assert f"item key, random (32 bytes)\n  {item_key.hex()}\n" in TEXT
    (metadata,) = values("sealed metadata = nonce, ciphertext, tag")
    assert open_metadata(header, item_key, metadata) == METADATA
    streams = values("stream = 24 bytes of header, then one chunk with 17 bytes more than its plaintext")
    assert [open_part(header, item_key, number, stream) for number, stream in enumerate(streams)] == CONTENT


def test_the_steps_deliver(town, monkeypatch, tmp_path):
    """The Python of the page, run from top to bottom with the settings it names, delivers an item to the dossier."""
    cast, signing, sign_in = town.cast, SigningKey.generate(), new_sign_in_key("i-1")
    key = tmp_path / "sign-in.jwk"
    key.write_text(json.dumps(sign_in.as_dict(private=True)))
    organisation, vouching = enter(cast)
    with cast.session("koen-dijkstra") as clerk:
        system = add_system(clerk, organisation, vouching, "Nieuw", signing, SealingKey.generate(), sign_in)
    cast.owner.admit(cast.dossier, organisation)
    settings = {
        "DOSSIER_SERVER": town.origin,
        "ORGANISATION": organisation.hex(),
        "CLIENT_ID": system.hex(),
        "SIGN_IN_KEY": str(key),
        "SIGNING_SEED": signing.seed.hex(),
        "DIRECTORY_KEY": cast.agency.directory_key.hex(),
        "IDENTIFIER": town.cast.bsn,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
        assert f"export {name}=" in TEXT
    space, told = {}, io.StringIO()
    try:
        with redirect_stdout(told):
            for block in blocks("python"):
                exec(compile(block, str(PAGE), "exec"), space)
    finally:
        space["session"].close()
    assert told.getvalue().splitlines()[0] == "Woonstichting"
    delivered = space["answer"]["item"]
    cast.owner.register = cast.register()  # the agency is newer than what the owner saw last
    held = cast.owner.hold(cast.dossier)
    titles = {each.item: getattr(each, "title", "") for each in cast.owner.items(held)}
    assert titles[delivered] == "Openstaande vordering"


def test_the_page_names_what_exists():
    """Every path of the page is in the description, every link leads to a file."""
    described = json.loads((ROOT / "web/openapi.json").read_bytes())["paths"]
    known = {re.sub(r"\{\w+\}", "*", path if "servers" in item else f"/v1{path}") for path, item in described.items()}
    for path in re.findall(r"\$DOSSIER_SERVER(/[^\" ]+)", TEXT):
        assert re.sub(r"\$[A-Z]+", "*", path) in known
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / link).exists(), link
