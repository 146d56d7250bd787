"""Which acts are killed where in this run: a sample drawn by a seed, or all of them.

`DOSSIER_TEST_SEED` draws a run again, `DOSSIER_FAULTS=all` takes every combination.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.faults import POINTS

ACTS = ("delivery", "correction", "consent", "withdrawal", "reading", "listing", "succession")
UPLOADS = "upload.before-record"
SERVICE_SAMPLE, DATABASE_SAMPLE = 3, 3
DAY = dt.datetime.now(dt.UTC).date().toordinal()
SEED = int(os.environ.get("DOSSIER_TEST_SEED") or DAY)
ALL = os.environ.get("DOSSIER_FAULTS") == "all"


@dataclass(frozen=True)
class Trial:
    """One kill: during which act, at which point, of whom, and whose seed draws what else is random."""

    act: str
    point: str
    victim: str
    seed: int

    def __str__(self) -> str:
        return f"DOSSIER_TEST_SEED={SEED}-{self.act}-{self.point}-{self.victim}"


def successions(seed: int = SEED, *, every: bool = ALL) -> Sequence[Trial]:
    """A new dossier key, which is many rows in one request: killed at each point of the writer in every run.

    A full run has these among all the others.
    """
    source = random.Random(seed)
    points = [] if every else [point for point in POINTS if point.startswith("writer.")]
    return [Trial("succession", point, "service", source.getrandbits(32)) for point in points]


def trials(seed: int = SEED, *, every: bool = ALL) -> Sequence[Trial]:
    """The trials of a run: of each victim some, at points of writer, sequencer and uploads."""
    source = random.Random(seed)
    found: list[Trial] = []
    for victim, count in (("service", SERVICE_SAMPLE), ("database", DATABASE_SAMPLE)):
        writer = [(act, point) for act in ACTS for point in POINTS if point.startswith("writer.")]
        log = [(source.choice(ACTS), point) for point in POINTS if point.startswith("sequencer.")]
        uploads = [("large-delivery", UPLOADS)]
        drawn = [*writer, *log, *uploads]
        if not every:
            drawn = [*source.sample(writer, count - 1), source.choice([*log, *uploads])]
        found += [Trial(act, point, victim, source.getrandbits(32)) for act, point in drawn]
    return found
