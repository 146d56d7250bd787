"""Named points at which a test may kill this process, or the database under it. In production they do nothing.

`DOSSIER_FAULT_POINT=name` or `name:n` kills at the n-th passing. With `DOSSIER_FAULT_DATABASE=PID` it is the database's
postmaster of that process id that is killed, and this process goes on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

POINT = "DOSSIER_FAULT_POINT"
DATABASE = "DOSSIER_FAULT_DATABASE"
POINTS = (
    "writer.before-lock",
    "writer.after-lock",
    "writer.after-versions",
    "writer.after-claim",
    "writer.before-commit",
    "writer.after-commit",
    "writer.before-answer",
    "sequencer.before-insert",
    "sequencer.before-commit",
    "sequencer.after-commit",
    "sequencer.before-pending-delete",
    "sequencer.before-publish",
    "sequencer.between-tiles-and-checkpoint",
)


def point(name: str) -> None:
    """Pass a named point."""
    _passing(name)


def _nothing(_name: str) -> None:
    """Do nothing: no fault is wanted."""


class _Fault:
    """Kill at the n-th passing of one point."""

    def __init__(self, wanted: str, victim: int) -> None:
        self._name, _, count = wanted.partition(":")
        self._left = int(count or "1")
        self._victim = victim

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(self._victim, signal.SIGKILL)


def from_environment(environment: dict[str, str] | os._Environ[str]) -> Callable[[str], None]:
    """Return what a point does under these settings."""
    wanted = environment.get(POINT, "")
    if not wanted:
        return _nothing
    return _Fault(wanted, int(environment.get(DATABASE) or os.getpid()))


_passing = from_environment(os.environ)
