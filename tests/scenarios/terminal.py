"""The command line against the application in process, for an owner of the demonstration and somebody beside them."""

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
from web.demo.cast import AGENCY, IDENTIFIER, OWNER, PROFESSIONAL, cast_of
from web.demo.company import Company
from web.demo.describing import begin, complete
from web.demo.filling import admit
from web.demo.loading import load
from web.demo.progress import silent
from web.demo.record import write_demo

ASKED = ("--purpose", "debt-plan", "--reason", "intake")
GRANT = ("grant", "--as", OWNER, "--to", PROFESSIONAL, "--sections", "debts", "--purpose", "debt-plan")


@dataclass
class Terminal:
    """Runs commands against the application in process, and reads what they print as JSON; `err` is the last one's."""

    data_dir: Path
    capsys: pytest.CaptureFixture
    err: str = ""

    async def run(self, *words):
        """The exit code and what was printed."""
        command = [*words, "--data-dir", str(self.data_dir), "--json"]
        code = await asyncio.to_thread(main, command)
        out, self.err = self.capsys.readouterr()
        return code, json.loads(out) if out else {}

    async def done(self, *words):
        """What was printed by a command that did what it was asked."""
        code, told = await self.run(*words)
        assert code == 0, (told, self.err)
        return told

    async def push(self, path, *words):
        """The item that the agency delivers a file as, to the section of debts."""
        told = await self.done("push", str(path), "--to", IDENTIFIER, "--as", AGENCY, "--section", "debts", *words)
        return told["items"][0]["item"]


async def reached(app, settings, other):
    """Settle the owner with a dossier that admits the agency, and one more persona; return how commands get there."""
    loop = asyncio.get_running_loop()
    made = functools.partial(Company, transport=lambda _name: LoopTransport(app, loop))
    whole = load_world()
    world = replace(cast_of(whole), personas=(whole.persona(OWNER), whole.persona(other)))

    def settle():
        begun = begin(ORIGIN, settings.data_dir, world)
        with made(ORIGIN, settings.data_dir / "home", begun.secrets) as company:
            load(company, world, settings.data_dir, silent)
            admit(company, OWNER, "private", [AGENCY])
            write_demo(settings.data_dir, complete(company, begun))

    await asyncio.to_thread(settle)
    return made
