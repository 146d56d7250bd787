"""The command `dossier`: finds the sub-command's module and runs it. Only that module is imported, so it starts fast."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType


@dataclass(frozen=True)
class Command:
    """A sub-command: its module has `configure(parser)` and `run(arguments) -> int`."""

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "bench": Command("web.commands.bench", "measure this machine against its own floors"),
    "demo": Command("web.commands.demo", "start a service with everything in one folder, to try it out"),
    "serve": Command("web.commands.serve", "run the service"),
    "migrate": Command("web.commands.migrate", "bring the database to the newest revision"),
    "sign-in": Command("web.commands.sign_in", "sign in at a service, as a person or as a system of an agency"),
    "push": Command("web.commands.push", "deliver files to a dossier, as an agency"),
    "items": Command("web.commands.items", "list items of a dossier"),
    "open": Command("web.commands.open", "open an item and write its content to a file"),
    "export": Command("web.commands.export", "write one's whole dossier into a folder"),
    "events": Command("web.commands.events", "show what happened in a dossier, and prove that nothing is left out"),
    "consents": Command("web.commands.consents", "list consents of a dossier"),
    "grant": Command("web.commands.grant", "let a professional look in a dossier"),
    "share-keys": Command("web.commands.share_keys", "give keys that somebody waits for"),
    "withdraw": Command("web.commands.withdraw", "end a consent"),
    "authority": Command("web.commands.authority", "list who holds a dossier, add somebody, end somebody's authority"),
    "rotate": Command("web.commands.rotate", "make new keys where somebody has keys who no longer may"),
    "cases": Command("web.commands.cases", "list, open, accept, fill and close cases"),
    "ask": Command("web.commands.ask", "ask the owner of a dossier for access, in a case"),
    "answer": Command("web.commands.answer", "grant, grant in part or refuse what was asked"),
    "attest": Command("web.commands.attest", "vouch for a member's keys, as an administrator"),
    "pins": Command("web.commands.pins", "show what was seen of others, or forget one of them"),
    "log": Command("web.commands.log", "check the public log, or make every logged decision again"),
    "erase": Command("web.commands.erase", "erase what an event says, on a ground; the event stays"),
    "doctor": Command("web.commands.doctor", "check settings, database and clock, and say what is wrong"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and give its exit code: 0 done, 1 not done, 2 wrongly called."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {"-h", "--help"}:
        print(usage())
        return 0 if words else 2
    command = COMMANDS.get(words[0])
    if command is None:
        print(f"dossier: `{words[0]}` is not a command\n\n{usage()}", file=sys.stderr)
        return 2
    module = load(command.module)
    parser = argparse.ArgumentParser(prog=f"dossier {words[0]}", description=module.__doc__, allow_abbrev=False)
    module.configure(parser)
    return int(module.run(parser.parse_args(words[1:])))


def load(name: str) -> ModuleType:
    """Import a command's module. What is imported stays, so looking for garbage meanwhile finds none and takes time."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<10} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: dossier COMMAND [...]", "", *lines, "", "dossier COMMAND --help says more"])


if __name__ == "__main__":
    sys.exit(main())
