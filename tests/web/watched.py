"""The service, writing down for each request what it made the database do: for tests of what a request's time can tell.

`python -m tests.web.watched FILE serve ...` appends one JSON line a request: its id, statements in order as their text,
entries for the writer as the kinds of rows they want, and whether facts were loaded for them.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from audit.writer import Writer
from dossier.database import PatientConnection
from tests.patience import be_patient
from web import cli
from web.edge import Edge

_WORK: ContextVar[list[Any] | None] = ContextVar("work", default=None)
STATEMENTS = ("execute", "executemany", "fetch", "fetchval", "fetchrow")


def _note(*what: Any) -> None:
    work = _WORK.get()
    if work is not None:
        work.append(what)


def _watch_statements() -> None:
    for name in STATEMENTS:
        inner = getattr(PatientConnection, name)

        def watched(self: Any, query: str, *args: Any, _inner: Any = inner, **more: Any) -> Any:
            _note("statement", " ".join(query.split()))
            return _inner(self, query, *args, **more)

        setattr(PatientConnection, name, watched)


def _watch_entries() -> None:
    submit, load = Writer.submit, Writer._load
    notes: dict[int, list[Any] | None] = {}

    async def watched(self: Writer, entry: Any) -> Any:
        _note("entry", *sorted({type(want).__name__ for want in entry.wants}))
        notes[id(entry)] = _WORK.get()
        try:
            return await submit(self, entry)
        finally:
            notes.pop(id(entry), None)

    async def loading(self: Writer, tickets: Any) -> None:
        for ticket in tickets:
            work = notes.get(id(ticket.entry))
            if work is not None:
                work.append(("load",))
        await load(self, tickets)

    Writer._load = loading  # type: ignore[method-assign]  # that is how it is watched
    Writer.submit = watched  # type: ignore[method-assign]  # that is how it is watched


def _watch_requests(kept: Path) -> None:
    answer = Edge.__call__

    async def watched(self: Edge, scope: Any, receive: Any, send: Any) -> None:
        work: list[Any] = []
        _WORK.set(work)
        try:
            await answer(self, scope, receive, send)
        finally:
            if "request_id" in scope:
                with kept.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps([scope["request_id"], work]) + "\n")

    Edge.__call__ = watched  # type: ignore[method-assign]  # that is how it is watched


if __name__ == "__main__":
    be_patient()
    _watch_statements()
    _watch_entries()
    _watch_requests(Path(sys.argv.pop(1)))
    sys.exit(cli.main())
