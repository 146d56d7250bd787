"""What the edge asks of epochs: which keys wait for a new one, who has them, what is to be sealed again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.entry import View
from consent.terms import VAULT
from dossier.answers import Answer
from dossier.dossiers.rotation import remaining
from dossier.epochs.losses import Moment, losses
from dossier.epochs.pending import Keys, PendingRotation
from dossier.epochs.store import EpochStore
from dossier.facts.dossiers import DossierState
from dossier.items.state import ItemState, compile_item
from dossier.items.store import ItemStore
from dossier.sharing.store import SharingStore


class KeyHolder(Answer, frozen=True):
    """Somebody who has the newest key of a section and lane by capsule and still may.

    `subject` is the consent that gives it, or the dossier for a holder of that section.
    """

    section: str
    lane: str
    grantee: str
    subject: str


class StandingHolder(Answer, frozen=True):
    """An entry of the authority list that has not ended; `until` is when it does, which may be sooner than it says."""

    person: str
    capacity: str
    until: int


class PendingRotations(Answer, frozen=True):
    """The keys of a dossier that wait for a new epoch, who must get the new ones, and items to be sealed again.

    `authority` are the entries of the list that stand; `waiting` are items that came while a key waited that has been
    replaced since: oldest first.
    """

    rotations: list[PendingRotation]
    holders: list[KeyHolder]
    authority: list[StandingHolder]
    waiting: list[str]


@dataclass(frozen=True)
class Epochs:
    """Reads around epochs; whatever begins one is an entry for the writer."""

    store: EpochStore
    sharing: SharingStore
    items: ItemStore

    async def pending(self, view: View, dossier: bytes) -> list[PendingRotation]:
        """Name the keys that wait, without counting what came in meanwhile; `view` names the dossier."""
        return (await self._keys(view, dossier)).pending()

    async def rotations(self, view: View, dossier: bytes, *, vault: bool) -> PendingRotations:
        """Say all that a new epoch wants to know; `vault` whether the vault's items are the asker's too."""
        bare = await self._keys(view, dossier)
        items = await self._items(view, dossier)
        keys = replace(bare, arrivals=await self.store.arrivals(dossier), items=items)
        waiting = [item for item in keys.waiting() if vault or items[item].facts.lane != VAULT]
        return PendingRotations(keys.pending(), _holders(keys), _authority(keys), [item.hex() for item in waiting])

    async def _keys(self, view: View, dossier: bytes) -> Keys:
        known = view.facts(dossier)
        ends = {consent: seq for consent, (seq, _) in (await self.sharing.ends(dossier)).items()}
        times = await self.store.authority_times(dossier)
        ended = await self.store.event_times(dossier, ends.values())
        epoch = await self.store.last_epoch(dossier)
        return Keys(
            state=known.value,
            now=view.now,
            dossier_key=await self.store.dossier_key(dossier),
            stream=epoch.moment if epoch is not None else None,
            sections=await self.store.section_epochs(dossier),
            held=await self.store.held_keys(dossier),
            ends={consent: Moment(seq, ended[seq]) for consent, seq in ends.items()},
            losses=losses(known.records, times, view.now),
        )

    async def _items(self, view: View, dossier: bytes) -> dict[bytes, ItemState]:
        records = await self.items.since(dossier, 0, view.head(dossier).items.seq)
        states = ((item, compile_item(item.hex(), of_item)) for item, of_item in records.items())
        return {item: state for item, state in states if state is not None}


def _holders(keys: Keys) -> list[KeyHolder]:
    """Everybody who has a newest key and still may, once for each thing that gives it."""
    newest = {(each.section, each.lane): each.epoch for each in keys.sections}
    current = [each for each in keys.held if newest.get((each.section, each.lane)) == each.epoch]
    return [
        KeyHolder(each.section, each.lane, each.grantee.hex(), each.subject.hex())
        for each in sorted(current)
        if _may(keys.state, each.grantee, each.subject, each.section, keys.now)
    ]


def _authority(keys: Keys) -> list[StandingHolder]:
    holders = keys.state.rules.holders
    return [StandingHolder(h.person, h.capacity, h.period.end) for h in holders if h.period.end > keys.now]


def _may(state: DossierState, grantee: bytes, subject: bytes, section: str, now: int) -> bool:
    return bool(remaining(state, {grantee: frozenset({subject})}, section, now))
