"""Named points at which a test may kill this process, or the database under it. In production they do nothing.

`DOSSIER_FAULT_POINT=name` or `name:n` kills at the n-th passing. With `DOSSIER_FAULT_DATABASE=PID` it is the database's
postmaster of that process id that is killed, with its processes, and this process goes on. `DOSSIER_FAULT_FILE=PATH`
names a file in which a test may order such a fault while this process runs: `name`, `name:n`, or either with the
process id behind it. An order is carried out once, and its file is taken away when it was read.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

POINT = "DOSSIER_FAULT_POINT"
DATABASE = "DOSSIER_FAULT_DATABASE"
FILE = "DOSSIER_FAULT_FILE"
VARIABLES = frozenset({POINT, DATABASE, FILE})
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
    "upload.before-record",
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
            _kill(self._victim)


class _Orders:
    """Kill as a file says, which may appear at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fault: Callable[[str], None] = _nothing

    def __call__(self, name: str) -> None:
        with suppress(FileNotFoundError):
            wanted, _, victim = self._path.read_text("ascii").strip().partition(" ")
            self._path.unlink()
            self._fault = _Fault(wanted, int(victim or os.getpid()))
        self._fault(name)


def _kill(victim: int) -> None:
    """Kill a process; another one with its children, as when a machine fails."""
    children = []
    if victim != os.getpid():
        with suppress(OSError):
            children = Path(f"/proc/{victim}/task/{victim}/children").read_text("ascii").split()
    for each in (victim, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def from_environment(environment: Mapping[str, str]) -> Callable[[str], None]:
    """Return what a point does under these settings."""
    if environment.get(FILE):
        return _Orders(Path(environment[FILE]))
    wanted = environment.get(POINT, "")
    if not wanted:
        return _nothing
    return _Fault(wanted, int(environment.get(DATABASE) or os.getpid()))


_passing = from_environment(os.environ)
