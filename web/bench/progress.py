"""Telling on standard error what is being measured: one line that changes on a terminal, a line a step elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    """Call it with what begins now; `done` ends the line. Steps that only count up are told on a terminal alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._told = ""

    def __call__(self, text: str) -> None:
        """Tell it."""
        if self._live:
            print(f"\r\x1b[K{text}", end="", file=self._stream, flush=True)
        elif text != self._told:
            print(text, file=self._stream, flush=True)
        self._told = text

    def done(self) -> None:
        """Leave the line clean for what is printed next."""
        if self._live:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
