"""Readings raced against withdrawals: no permit has a later number than the withdrawal that ends it.

`python -m tests.faults.race` runs a small race on a new service, `--full` one of 10,000 readings and 100 withdrawals.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dossier.client import sharing
from dossier.client.errors import RefusedError
from dossier.client.history import History
from dossier.client.professional import Reader
from tests.faults.plan import SEED
from tests.faults.service import Service
from tests.faults.world import World, settle

SMALL, FULL = (400, 20), (10_000, 100)
READERS = 4
UNAVAILABLE, PATIENCE = 503, 10


@dataclass
class Race:
    """What came of it: answers by status, and the clients' own record of releases."""

    permitted: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    withdrawn: int = 0


def run(world: World, readings: int, withdrawals: int, seed: int = SEED) -> Race:
    """Race: several readers ask all the time, while the owner gives a consent and ends it, again and again."""
    race, source = Race(), random.Random(seed)
    numbers, over = itertools.count(1), threading.Event()

    def read(reader: Reader) -> None:
        # Both sides go on until each has done its number.
        while next(numbers) <= readings or not over.is_set():
            try:
                race.permitted.append(world.read(reader))
            except RefusedError as error:
                race.refused[error.code] = race.refused.get(error.code, 0) + 1

    lines = [world.line("noor-hoekstra") for _ in range(READERS)]
    readers = [Reader(line, world.noor, world.reader.register, world.log, "debt-counsellor") for line in lines]
    threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        pause = readings / withdrawals / 70
        while race.withdrawn < withdrawals:
            _grant(world)
            time.sleep(source.uniform(0, pause))
            for shown in world.standing():
                sharing.withdraw(world.owner, shown, with_key=source.random() < 1 / 2)
                race.withdrawn += 1
    finally:
        over.set()
        for thread, line in zip(threads, lines, strict=True):
            thread.join()
            line.close()
    return race


def _grant(world: World) -> None:
    """Give a consent, although readers crowd the writer: a busy service says so, and is asked anew for a while."""
    for attempt in itertools.count():
        try:
            world.grant()
        except RefusedError as error:
            if error.status != UNAVAILABLE or attempt == PATIENCE:
                raise
        else:
            return


def late_permits(history: History) -> Sequence[int]:
    """The numbers of permits at which no consent stood, by a plain walk over the owner's verified stream."""
    standing: set[str] = set()
    late = []
    for seq in sorted(history.checked.events):
        fields = history.checked.events[seq]
        schema, kind = fields["schema"], fields.get("kind") or fields.get("type")
        if (schema, kind) == ("statement/v1", "consent"):
            standing.add(_consent(fields))
        elif (schema, kind) in {("statement/v1", "withdrawal"), ("stopped/v1", "consent")}:
            standing.discard(_consent(fields))
        elif schema == "decision/v1" and fields["decision"] == "permit" and not standing:
            late.append(seq)
    return late


def _consent(fields: Any) -> str:
    if "subject" in fields:
        return str(fields["subject"])
    found: list[str] = json.loads(fields["subjects"])
    return found[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a race on a service of its own; 0 only if no permit is late, none without event, and the log verifies."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.race", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{FULL[0]} readings and {FULL[1]} withdrawals")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="eigendossier-race-") as folder:
        Path(folder).chmod(0o711)
        service = Service(
            Path(folder) / "data",
            Path(folder) / "output",
            DOSSIER_READING_LIMIT="1000000",
            DOSSIER_LOOK_LIMIT="1000000",
        )
        try:
            service.start()
            return _report(settle(service), *(FULL if asked.full else SMALL), asked.seed)
        finally:
            service.destroy()


def _report(world: World, readings: int, withdrawals: int, seed: int) -> int:
    race = run(world, readings, withdrawals, seed)
    for answer in race.permitted:
        world.ledger.note("reading", answer)
    history = world.wait_sequenced()
    world.check(f"seed {seed}")
    late, findings = late_permits(history), world.verify_log()
    permits = world.count(history, schema="decision/v1", decision="permit")
    print(f"seed {seed}: {len(race.permitted)} released, {permits} permits, refused {race.refused}")
    print(f"{race.withdrawn} withdrawals, {len(history.ids)} events; late permits {late}; log {findings or 'ok'}")
    return 1 if late or findings else 0


if __name__ == "__main__":
    sys.exit(main())
