"""Telling how far a demonstration is: one line that is written over on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Teller = Callable[[int, int, str], None]
"""Told before each step: how many are done, of how many, and what comes next."""

SECONDS = 5.0
WIDTH = 24


class Progress:
    """A bar on standard error."""

    def __init__(self) -> None:
        self._told = 0.0

    def __call__(self, done: int, size: int, text: str) -> None:
        """Tell that `done` of `size` steps are taken and what the next one is."""
        last = done == size
        if sys.stderr.isatty():
            filled = WIDTH * done // max(size, 1)
            bar = f"[{'#' * filled}{'.' * (WIDTH - filled)}]"
            _write(f"\r\033[K{bar} {done}/{size} {text}" + ("\n" if last else ""))
        elif last or time.monotonic() - self._told >= SECONDS:
            self._told = time.monotonic()
            _write(f"loading {done}/{size}: {text}\n")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def silent(done: int, size: int, text: str) -> None:
    """Tell nothing."""
    del done, size, text
