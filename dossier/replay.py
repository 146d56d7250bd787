"""Deciding again: what was decided in the past, judged by the facts exactly as they stood, with the same engine.

An event of a decision names the position of every stream whose facts were used, and fact rows are never changed: so
the facts of that instant are a fold over rows up to those positions. What comes out must be what is written (P8). The
same question can be asked of the facts as they were corrected later: what comes out then is no fault of then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import AuditError
from audit.event import Event
from consent.catalogue import Catalogues
from dossier.auditing.judges import JUDGES, STANDS, Judge, Matter
from dossier.auditing.past import History, NotReplayableError, Past, Seen
from dossier.events import Values

__all__ = [
    "Difference",
    "History",
    "NotReplayableError",
    "Seen",
    "catalogues_of",
    "is_decision",
    "kind_of",
    "replay",
    "replay_corrected",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of an event that is not what comes out now."""

    field: str
    recorded: str
    again: str

    def __str__(self) -> str:
        """Return one line for a person; codes and ids only."""
        return f"{self.field} is written as `{self.recorded}` and comes out as `{self.again}`"


def catalogues_of(event: Event, shipped: Catalogues) -> Catalogues:
    """Return the catalogues with the one current that was so at the time of an event; raise NotReplayableError."""
    wanted = event["catalogue"] or shipped.current.hash
    if wanted not in shipped.versions:
        raise NotReplayableError("the catalogue of that time is not here")
    return Catalogues(shipped.versions, shipped.versions[wanted])


def kind_of(event: Event) -> tuple[str, str]:
    """Return the schema and type of an event, by which its judge is found."""
    return event.schema.id, event["type"] if "type" in event.schema.positions else ""


def is_decision(event: Event) -> bool:
    """Whether an event says that the engine decided: it names the engine, or is of a kind that always does.

    A kind that no judge knows is a decision all the same, and a replay says that it cannot make it again.
    """
    return kind_of(event) in JUDGES or ("engine" in event.schema.positions and bool(event["engine"]))


def replay(
    event: Event, evidence: bytes, histories: Mapping[bytes, History], stream: bytes | None = None
) -> list[Difference]:
    """Decide again what an event says was decided, as the facts stood; return what differs.

    `histories` has every stream that the event names (`Seen.of`); `stream` is where the event stands, None if that is
    not to be looked at. Raise NotReplayableError.
    """
    return _compare(event, _again(event, evidence, histories, stream, corrected=False), stream)


def replay_corrected(
    event: Event, evidence: bytes, histories: Mapping[bytes, History], stream: bytes | None = None
) -> list[Difference]:
    """Decide again with what was corrected later; return what would be otherwise. Raise NotReplayableError."""
    seen, now = Seen.of(event), event.number("time")
    if not any(history.is_corrected(seen, each, now) for each, history in histories.items()):
        return []
    before = _again(event, evidence, histories, stream, corrected=False)
    after = _again(event, evidence, histories, stream, corrected=True)
    names = dict.fromkeys((*before, *after))
    pairs = [(name, str(before.get(name, "")), str(after.get(name, ""))) for name in names]
    return [Difference(name, first, second) for name, first, second in pairs if first != second]


def _again(
    event: Event, evidence: bytes, histories: Mapping[bytes, History], stream: bytes | None, *, corrected: bool
) -> Values:
    judge: Judge | None = JUDGES.get(kind_of(event))
    if judge is None:
        raise NotReplayableError("nobody knows how to make such a decision again")
    past = Past.of(event, histories, corrected=corrected)
    try:
        return judge(Matter(event, evidence, past, stream))
    except (AuditError, LookupError, TypeError, ValueError) as error:
        # A writer that wrote nonsense must not stop the one who reads after it.
        raise NotReplayableError("what was written makes no sense") from error


def _compare(event: Event, values: Values, stream: bytes | None) -> list[Difference]:
    lines = [(name, _written(event, name, value), str(value)) for name, value in values.items() if name != STANDS]
    if stream is not None and STANDS in values:
        lines.append((STANDS, stream.hex(), str(values[STANDS])))
    return [Difference(name, written, again) for name, written, again in lines if written != again]


def _written(event: Event, name: str, value: str | int | list[Any]) -> str:
    if name not in event.schema.positions:
        return ""
    if isinstance(value, list):
        return str(event.items(name))
    return str(event.number(name)) if isinstance(value, int) else event[name]
