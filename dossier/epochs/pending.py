"""Which keys of a dossier wait for a new epoch, and which deliveries wait to be sealed again. Pure.

A key waits from the moment that somebody who had it no longer may: a full holder's end concerns the dossier key, the
root, the stream key and every section; the end of other authority or of a consent, the sections that it gave.
Page: docs/spec/rotation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dossier.answers import Answer
from dossier.dossiers.rotation import is_section_holder
from dossier.epochs.losses import Loss, Moment
from dossier.epochs.store import HeldKey, SectionEpoch
from dossier.facts.dossiers import DossierState
from dossier.items.state import ItemState

START = Moment(1, 0)
"""Before everything that can be lost: a dossier's first event makes its key."""


class PendingRotation(Answer, frozen=True):
    """A key that somebody has who no longer may: `key` is dossier-key, dossier-root, stream-key or section-key.

    `since` is when they lost it (UTC seconds), `deliveries` how many items came in under it since; section, lane and
    epoch are those of a section key.
    """

    key: str
    section: str
    lane: str
    epoch: int
    since: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known of a dossier's keys: when they were made, who has which by capsule, who lost authority.

    `ends` maps consents (hex ids) to when they ended, `stream` is None while the first stream key stands.
    """

    state: DossierState
    now: int
    dossier_key: Moment
    stream: Moment | None
    sections: Sequence[SectionEpoch]
    held: Sequence[HeldKey]
    ends: Mapping[str, Moment]
    losses: Sequence[Loss]
    arrivals: Mapping[bytes, Moment] = field(default_factory=dict)
    items: Mapping[bytes, ItemState] = field(default_factory=dict)

    def pending(self) -> list[PendingRotation]:
        """Name every key that waits: the dossier's own first, then sections in order."""
        return [*self._own(), *self._sections()]

    def waiting(self) -> list[bytes]:
        """The items, oldest first, that came while a key waited which has been replaced since."""
        found = []
        for at, after in self._epochs():
            lost = self._lost(at) if after is not None else None
            if lost is not None:
                found += self._arrived(at, lost)
        return sorted(found, key=lambda item: self.arrivals[item].seq)

    def _own(self) -> list[PendingRotation]:
        full = [each.moment for each in self.losses if each.full]
        root = _first(full, self.dossier_key)
        stream = _first(full, self.stream or START)
        found = [("dossier-key", root), ("dossier-root", root), ("stream-key", stream)]
        return [PendingRotation(name, "", "", 0, at.at // 1000, 0) for name, at in found if at is not None]

    def _sections(self) -> list[PendingRotation]:
        found = []
        for at, after in self._epochs():
            lost = self._lost(at) if after is None else None
            if lost is not None:
                count = len(self._arrived(at, lost))
                since = lost.at // 1000
                found.append(PendingRotation("section-key", at.section, at.lane, at.epoch, since, count))
        return found

    def _epochs(self) -> list[tuple[SectionEpoch, SectionEpoch | None]]:
        """Each epoch with the one that came after it in the same place."""
        pairs = pairwise([*self.sections, None])
        return [
            (at, after if after is not None and (after.section, after.lane) == (at.section, at.lane) else None)
            for at, after in pairs
            if at is not None
        ]

    def _lost(self, at: SectionEpoch) -> Moment | None:
        """When the first of those who had this key no longer might; None while all may."""
        by_authority = [each.moment for each in self.losses if each.touches(at.section)]
        return _first([*by_authority, *self._ended(at)], at.made)

    def _ended(self, at: SectionEpoch) -> list[Moment]:
        """When those lost it who had it under consents of which none stands."""
        standing = {bytes.fromhex(each.id) for each in self.state.rules.permits}
        subjects: dict[bytes, set[bytes]] = {}
        for each in self.held:
            if (each.section, each.lane, each.epoch) == (at.section, at.lane, at.epoch):
                subjects.setdefault(each.grantee, set()).add(each.subject)
        gone = (mine for who, mine in subjects.items() if not mine & standing and not self._is_holder(who, mine, at))
        ends = ([self.ends[each.hex()] for each in mine if each.hex() in self.ends] for mine in gone)
        return [max(each, key=lambda moment: moment.seq) for each in ends if each]

    def _is_holder(self, who: bytes, subjects: set[bytes], at: SectionEpoch) -> bool:
        own = bytes.fromhex(self.state.dossier) in subjects
        return own and is_section_holder(self.state, who, at.section, self.now)

    def _arrived(self, at: SectionEpoch, lost: Moment) -> list[bytes]:
        """Items that stand under this key, removed ones left out, and came after it was lost."""
        place = (at.section, at.lane, at.epoch)
        return [
            item
            for item, state in self.items.items()
            if (state.facts.section, state.facts.lane, state.epoch) == place
            and not state.removed
            and item in self.arrivals
            and self.arrivals[item].is_after(lost)
        ]


def _first(moments: Iterable[Moment], made: Moment) -> Moment | None:
    """The earliest moment after a key was made."""
    later = [each for each in moments if each.is_after(made)]
    return min(later, key=lambda each: (each.at, each.seq), default=None)
