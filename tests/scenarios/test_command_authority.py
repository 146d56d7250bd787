"""The commands `authority` and `rotate`: somebody is put on the list, ended, and the keys are made anew."""

from __future__ import annotations

import asyncio
import functools
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from dossier.sample import load_world
from tests.web.browsing import ORIGIN, LoopTransport
from web.cli import main
from web.commands import who
from web.demo.cast import AGENCY, IDENTIFIER, OWNER, PROFESSIONAL, cast_of
from web.demo.company import Company
from web.demo.describing import begin, complete
from web.demo.filling import admit
from web.demo.loading import load
from web.demo.progress import silent
from web.demo.record import write_demo

FRIEND = "ruth-okafor"


@dataclass
class Terminal:
    """Runs commands against the application in process."""

    data_dir: Path
    capsys: pytest.CaptureFixture

    async def run(self, *words):
        """The exit code, what was printed as JSON, and what was told meanwhile."""
        code = await asyncio.to_thread(main, [*words, "--data-dir", str(self.data_dir), "--json"])
        printed = self.capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    async def done(self, *words):
        """What was printed by a command that did what it was asked."""
        code, told, err = await self.run(*words)
        assert code == 0, (told, err)
        return told


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    """An owner with a dossier that admits an agency, and a friend with keys."""
    loop = asyncio.get_running_loop()
    made = functools.partial(Company, transport=lambda _name: LoopTransport(app, loop))
    every = load_world()
    world = replace(cast_of(every), personas=(every.persona(OWNER), every.persona(FRIEND)))

    def settle():
        begun = begin(ORIGIN, settings.data_dir, world)
        with made(ORIGIN, settings.data_dir / "home", begun.secrets) as company:
            load(company, world, settings.data_dir, silent)
            admit(company, OWNER, "private", [AGENCY])
            write_demo(settings.data_dir, complete(company, begun))

    await asyncio.to_thread(settle)
    return made


@pytest.fixture
def terminal(town, settings, monkeypatch, capsys):
    monkeypatch.setattr(who, "Company", town)
    return Terminal(settings.data_dir, capsys)


async def acts_for_the_owner(terminal, item):
    """A mandate lists, gives a consent and ends it, each signed in that capacity."""
    acting = ("--as", FRIEND, "--of", OWNER)
    listed = await terminal.done("items", *acting)
    assert item in [each["item"] for each in listed["items"]]
    given = await terminal.done(
        "grant", *acting, "--to", PROFESSIONAL, "--sections", "income", "--purpose", "debt-plan"
    )
    shown = await terminal.done("consents", "--as", OWNER)
    assert given["consent"] in [each["consent"] for each in shown["consents"]]
    assert (await terminal.done("withdraw", given["consent"], *acting))["state"] == "withdrawn"
    events = (await terminal.done("events", "--as", OWNER, "--dossier", "private"))["events"]
    by = [(each["fields"]["kind"], each["fields"]["capacity"]) for each in events if each["fields"].get("capacity")]
    assert by[-2:] == [("consent", "mandate"), ("withdrawal", "mandate")]


async def test_by_hand_from_adding_to_new_keys(terminal, tmp_path):
    """Added, read, ended by sign-in alone, rotated with progress; the owner and a grantee read on, the friend does not."""
    letter = tmp_path / "brief.txt"
    letter.write_text("beste Hanneke")

    async def pushed():
        words = ("push", str(letter), "--to", IDENTIFIER, "--as", AGENCY, "--section", "debts")
        return (await terminal.done(*words))["items"][0]["item"]

    first = await pushed()
    await terminal.done("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "debts", "--purpose", "debt-plan")
    added = await terminal.done("authority", "--as", OWNER, "--dossier", "private", "--add", FRIEND)
    assert [(each["capacity"], each["full"]) for each in added["holders"]] == [("owner", True), ("mandate", True)]
    dossier = added["holders"][0]["dossier"]
    out = tmp_path / "out"
    await terminal.done("open", first, "--as", FRIEND, "--dossier", dossier, "--out", str(out))
    assert out.read_text() == "beste Hanneke"
    await acts_for_the_owner(terminal, first)
    ended = await terminal.done("authority", "--as", OWNER, "--dossier", "private", "--end", FRIEND)
    assert len(ended["holders"]) == 1
    between = await pushed()
    code, told, err = await terminal.run("rotate", "--as", OWNER, "--dossier", "private")
    assert (code, told["dossiers"][0]["sequence"], told["dossiers"][0]["resealed"]) == (0, 1, 1)
    assert "a new dossier key ..." in err
    again = (await terminal.done("rotate", "--as", OWNER, "--dossier", "private"))["dossiers"][0]
    assert (again["sequence"], again["sections"], again["resealed"]) == (-1, [], 0)
    later = await pushed()
    for item in (first, between, later):
        await terminal.done("open", item, "--as", OWNER, "--out", str(out))
        reading = ("--purpose", "debt-plan", "--reason", "intake", "--out", str(out))
        await terminal.done("open", item, "--as", PROFESSIONAL, *reading)
    code, _, _ = await terminal.run("open", later, "--as", FRIEND, "--dossier", dossier, "--out", str(out))
    assert code == 1
    code, _, _ = await terminal.run("rotate", "--as", FRIEND, "--dossier", dossier)
    assert code == 1
    events = await terminal.done("events", "--as", OWNER, "--dossier", "private")
    assert {"epoch/v1", "stopped/v1"} <= {each["fields"]["schema"] for each in events["events"]}
