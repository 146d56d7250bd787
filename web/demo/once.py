"""Playing the story once: a fresh service, its cast, the steps one by one, and the verdict."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from audit.errors import AuditError
from crypto.errors import CryptoError
from dossier.client.errors import ClientError
from dossier.sample import load_world
from web.demo.cast import AGENCY, OWNER, PROFESSIONAL, cast_of, records_of
from web.demo.company import LOG, Company, Transport
from web.demo.filling import admit
from web.demo.launching import Launched, free_port, launched
from web.demo.loading import load
from web.demo.progress import Progress, silent
from web.demo.sabotage import SABOTAGES, Change, Sabotaged
from web.demo.story import STEPS, BrokenPromiseError, Stage, Step
from web.signin.personas import PersonaFile

WHO = {"owner": OWNER, "professional": PROFESSIONAL, "log": LOG}


@dataclass(frozen=True)
class Played:
    """How a step went; `lines` are what held, `error` what did not."""

    name: str
    ok: bool
    seconds: float
    lines: tuple[str, ...]
    error: str = ""


def play_once(arguments: argparse.Namespace) -> int:
    """Play the story as the options say; 0 only if every step held."""
    signal.signal(signal.SIGTERM, _leave)
    port = int(arguments.port) if arguments.port else free_port()
    say: Callable[[str], None] = _say_nothing if arguments.json else _say
    if arguments.data_dir and _is_used(Path(arguments.data_dir)):
        sys.stderr.write("dossier: the story needs an empty data directory\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="dossier-demo-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(arguments.data_dir).absolute() if arguments.data_dir else Path(folder) / "data"
        try:
            with launched(data_dir, port, keep=bool(arguments.data_dir)) as service:
                played = play(service, arguments.sabotage, say, quiet=arguments.json)
        except (ClientError, OSError) as error:
            played = [Played("start", ok=False, seconds=0.0, lines=(), error=str(error))]
    return _verdict(played, arguments.sabotage, as_json=arguments.json)


def play(service: Launched, sabotage: str | None, say: Callable[[str], None], *, quiet: bool) -> list[Played]:
    """Bring the cast in and take the steps until one does not hold."""
    target, change = _sabotage(sabotage)
    secrets = {each.subject: each.secret for each in PersonaFile(service.data_dir / "personas.json").load()}
    world = load_world()
    with Company(service.server, service.data_dir / "home", secrets, _transport(target, change)) as company:
        load(company, cast_of(world), service.data_dir, silent if quiet else Progress())
        admit(company, OWNER, "private", [AGENCY])
        stage = Stage(company, records_of(world), service.data_dir)
        played: list[Played] = []
        for number, step in enumerate(STEPS, 1):
            say(f"{number}. {step.title}")
            played.append(_play(step, stage, say))
            if not played[-1].ok:
                break
        return played


def _play(step: Step, stage: Stage, say: Callable[[str], None]) -> Played:
    lines: list[str] = []
    error, begun = "", time.monotonic()
    try:
        for line in step.act(stage):
            lines.append(line)
            say(f"   ok  {line}")
    except (BrokenPromiseError, ClientError, CryptoError, AuditError) as broken:
        error = str(broken) or type(broken).__name__
        say(f"   NOT {error}")
    return Played(step.name, not error, round(time.monotonic() - begun, 3), tuple(lines), error)


def _sabotage(name: str | None) -> tuple[str, Change | None]:
    if name is None:
        return "", None
    target, make = SABOTAGES[name]
    return target, make()


def _transport(target: str, change: Change | None) -> Transport | None:
    """Carry one person's requests through the sabotage, everybody else's plainly."""
    if change is None:
        return None
    return lambda name: Sabotaged(change if name == WHO[target] else _unchanged)


def _unchanged(*_: object) -> None:
    """Leave an answer as it is."""


def _is_used(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


def _verdict(played: list[Played], sabotage: str | None, *, as_json: bool) -> int:
    failed = next((each for each in played if not each.ok), None)
    if as_json:
        values = {
            "ok": failed is None,
            "failed": failed.name if failed else "",
            "error": failed.error if failed else "",
            "sabotage": sabotage or "",
            "steps": [asdict(each) for each in played],
        }
        _say(json.dumps(values, ensure_ascii=False))
    elif failed:
        _say(f"\nThe story does not hold. Step: {failed.name}. What is wrong: {failed.error}")
    else:
        _say("\nEvery step held.")
    return 1 if failed else 0


def _leave(*_: object) -> None:
    """Being told to stop is an orderly end: the service is stopped, and nothing is left of it."""
    raise SystemExit(1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say_nothing(line: str) -> None:
    del line
