"""What a replay found: counts for each kind of decision, and a line for everything that is to be said of an event."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from dossier.auditing.store import EventRow

GONE = "payload gone"
"""The kind under which events count whose payload is not there any more, so that nobody can tell what they were."""


@dataclass(frozen=True, slots=True)
class Place:
    """An event that something is to be said of: what, in one line of codes and ids."""

    stream: bytes
    seq: int
    event: bytes
    text: str

    @classmethod
    def of(cls, row: EventRow, text: str) -> Place:
        """Say something of a stored event."""
        return cls(row.stream, row.seq, row.event, text)

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"stream {self.stream.hex()} event {self.seq}: {self.text}"


@dataclass(slots=True)
class Tally:
    """Decisions of one kind: how many were made again and came out the same, came out otherwise, could not be made."""

    same: int = 0
    differing: int = 0
    impossible: int = 0
    erased: int = 0
    corrected: int = 0
    """Of those that came out the same, how many would be otherwise with what was corrected later."""

    @property
    def decided(self) -> int:
        """How many events of this kind there are, erased ones left aside."""
        return self.same + self.differing + self.impossible


@dataclass(slots=True)
class Replayed:
    """What going through gave: counts, what is wrong, what is gone, and what was corrected later."""

    streams: int = 0
    events: int = 0
    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    findings: list[Place] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)
    corrected: list[Place] = field(default_factory=list)

    @property
    def decisions(self) -> int:
        """How many decisions were met."""
        return sum(tally.decided for tally in self.kinds.values())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what was erased for a recorded ground, or corrected later, is not."""
        return not self.findings
