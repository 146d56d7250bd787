"""Requests that nobody answered: silence is not consent, so their time ends as a refusal, by an event."""

from __future__ import annotations

from audit.entry import Append, Entry, Outcome, View
from audit.writer import Writer
from crypto.statements import parse_statement
from dossier.requests.events import request_event
from dossier.requests.store import RequestRow, RequestStore, RequestWant, answer_write
from dossier.rounds import Rounds

MOST = 500
SWEEPER = "sweeper"


class NothingDueError(Exception):
    """The request was answered meanwhile."""


class ExpireRequest(Entry[None]):
    """Let one request end unanswered."""

    alone = True

    def __init__(self, asked: RequestRow) -> None:
        self._asked = asked
        self.streams = (asked.dossier,)
        self._want = RequestWant(asked.request)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[None]:
        """Append the end, or raise NothingDueError."""
        row: RequestRow | None = view.rows(self._want)
        if row is None or row.state != "open" or view.now < row.expires:
            raise NothingDueError
        payload = parse_statement(row.body).payload
        values: dict[str, str | int | list[object]] = {"actor": SWEEPER, "time": view.now}
        event = request_event(values, "expired", payload, answer="refused", reason="unanswered")
        return Outcome(
            appends=(Append(row.dossier, event),),
            answer=lambda _receipts: None,
            writes=(answer_write(row.request, "expired"),),
        )


class RequestSweeper(Rounds):
    """Looks for requests whose time is over."""

    seconds = 60
    what = "unanswered requests"

    def __init__(self, writer: Writer, store: RequestStore) -> None:
        super().__init__(writer)
        self._store = store

    async def run_once(self, now: int) -> int:
        """End all that are due at `now` (UTC seconds); return how many that were."""
        ended = 0
        for row in await self._store.overdue(now, MOST):
            try:
                await self._writer.submit(ExpireRequest(row))
            except NothingDueError:
                continue
            ended += 1
        return ended
