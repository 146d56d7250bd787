"""Who once held a dossier's keys and no longer may: folded from its authority facts. Pure.

A loss is what makes keys wait for a new epoch: a full holder had all of them, another those of the sections in scope.
Page: docs/spec/rotation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consent.facts import FactRecord

LIST = "authority-list"
ENDED = "authority-ended"
KINDS = (LIST, ENDED)
"""The kinds of facts that are looked at; `losses` wants the times of their events."""

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Moment:
    """When a key was made or authority was lost: `seq` of the event, 0 where no event did it; `at` in milliseconds."""

    seq: int
    at: int

    def is_after(self, other: Moment) -> bool:
        """Whether it came later; within one batch of the writer all times are equal and `seq` decides."""
        return self.seq > other.seq if self.seq and other.seq else self.at > other.at


@dataclass(frozen=True, slots=True)
class Loss:
    """A person (hex) lost the keys of these sections, None for all of the dossier, at this moment."""

    person: str
    moment: Moment
    sections: frozenset[str] | None

    @property
    def full(self) -> bool:
        """Whether it was a full holder's."""
        return self.sections is None

    def touches(self, section: str) -> bool:
        """Whether the key of this section was among them."""
        return self.sections is None or section in self.sections


@dataclass(frozen=True, slots=True)
class _Share:
    """One entry of a list: what it gave, and until when (UTC seconds)."""

    full: bool
    sections: frozenset[str]
    until: int


_Held = dict[str, list[_Share]]


def losses(records: Iterable[FactRecord], times: Mapping[int, int], now: int) -> tuple[Loss, ...]:
    """Every loss until `now` (UTC seconds), in order.

    `records` are the rules facts of one dossier in order, `times` the milliseconds of the events of those of `KINDS`.
    """
    held: _Held = {}
    found: list[Loss] = []
    for record in records:
        if record.kind not in KINDS:
            continue
        moment = Moment(record.seq, times[record.seq])
        found += _lapse(held, moment.at // 1000)
        read = _listed if record.kind == LIST else _ended
        after = read(held, record.payload, moment.at // 1000)
        found += _between(held, after, moment)
        held = after
    return (*found, *_lapse(held, now))


def _listed(_before: _Held, payload: Mapping[str, Any], now: int) -> _Held:
    """A list replaces everything; an entry whose time is over already gives nothing."""
    held: _Held = {}
    for each in payload["holders"]:
        if each["until"] > now:
            held.setdefault(each["person"], []).append(_Share(each["full"], frozenset(each["sections"]), each["until"]))
    return held


def _ended(held: _Held, payload: Mapping[str, Any], now: int) -> _Held:
    """An end takes effect at its `until`: at once, or by time later on."""
    until = payload["until"]
    cut = [replace(each, until=min(each.until, until)) for each in held.get(payload["person"], [])]
    kept = [each for each in cut if each.until > now]
    return {**held, payload["person"]: kept}


def _lapse(held: _Held, now: int) -> list[Loss]:
    """Take out the entries that are over at `now`; what was lost by time alone, in the order of the times."""
    found = []
    for person, shares in held.items():
        for share in sorted(shares, key=lambda each: each.until):
            if share.until > now:
                break
            left = [each for each in held[person] if each is not share]
            lost = _lost(held[person], left)
            held[person] = left
            if lost != NOTHING:
                found.append(Loss(person, Moment(0, share.until * 1000), lost))
    return sorted(found, key=lambda each: each.moment.at)


def _between(before: _Held, after: _Held, moment: Moment) -> list[Loss]:
    lost = ((person, _lost(shares, after.get(person, []))) for person, shares in before.items())
    return [Loss(person, moment, sections) for person, sections in lost if sections != NOTHING]


def _lost(before: Sequence[_Share], after: Sequence[_Share]) -> frozenset[str] | None:
    if any(each.full for each in after):
        return NOTHING
    if any(each.full for each in before):
        return None
    return _sections(before) - _sections(after)


def _sections(shares: Iterable[_Share]) -> frozenset[str]:
    return frozenset(section for each in shares for section in each.sections)
