"""Acts that made keys, to be made again: a dossier's first, its next, a new epoch of one section. Pure.

Signatures, chains and authority are judged as they were then. What is in no event is not: capsules, wraps, and who got
a key by capsule; that was checked when they came, and clients hold what they get against signed statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.entry import Claim, Entry, View
from crypto.statements import Statement
from dossier.auditing.deed import Deed
from dossier.auditing.past import NotReplayableError
from dossier.dossiers.creation import CreateDossier, NewDossier
from dossier.dossiers.rotation import Epoch, NewEpoch, Rotate, Standing
from dossier.dossiers.succession import ChangeAuthority, NewList
from dossier.epochs.successor import NewKey, Succeed
from dossier.facts.dossiers import DossierState
from dossier.parties.actor import Actor


class _List(ChangeAuthority):
    def _check_capsules(self, state: DossierState, now: int) -> None:
        """Capsules stand in no event."""


class _Creation(CreateDossier):
    def _check_shape(self) -> None:
        """The stream key and the wraps stand in no event."""


class _Epoch(Epoch):
    def _check_capsules(self, stand: Standing, view: View) -> None:
        """Capsules stand in no event."""

    def _check_grantees(self, state: DossierState, holders: Mapping[bytes, frozenset[bytes]], now: int) -> None:
        """Who had the old key by capsule stands in no event."""


class _Rotation(Rotate):
    def __init__(self, actor: Actor, dossier: bytes, new: NewEpoch, claim: Claim) -> None:
        super().__init__(actor, dossier, new, claim)
        self._epoch = _Epoch(dossier, new)


class _Succession(Succeed):
    def __init__(self, actor: Actor, dossier: bytes, new: NewKey, claim: Claim) -> None:
        super().__init__(actor, dossier, new, claim)
        self._epochs = [_Epoch(dossier, each) for each in new.epochs]

    def _check_served(self, holders: Sequence[Mapping[str, Any]]) -> None:
        """Capsules stand in no event."""

    def _check_whole(self, state: DossierState, view: View) -> None:
        """Wraps stand in no event."""


def made_list(deed: Deed) -> Entry[Any]:
    """A new authority list."""
    return _List(deed.actor, deed.stream, NewList(deed.statement(), ()), deed.claim)


def made_key(deed: Deed) -> Entry[Any]:
    """A dossier's first key with all that begins with it, or the key that follows another."""
    statements = [deed.statement(at) for at in range(len(deed.lines))]
    if deed.lines[0].seq > 1:
        return _succession(deed, statements)
    places = {(each.payload["section"], each.payload["lane"]): b"" for each in statements[2:]}
    entry = _Creation(deed.actor, NewDossier(tuple(statements), (), places, b"", b""), deed.claim)
    entry.verify()
    return entry


def made_section_key(deed: Deed) -> Entry[Any]:
    """A new epoch of one section."""
    return _Rotation(deed.actor, deed.stream, _epoch([deed.statement(at) for at in range(len(deed.lines))]), deed.claim)


def _succession(deed: Deed, statements: Sequence[Statement]) -> Entry[Any]:
    if len(statements) % 2:
        raise NotReplayableError("a new key and its list come with pairs of section keys and rotations")
    pairs = [_epoch(statements[at : at + 2]) for at in range(2, len(statements), 2)]
    return _Succession(deed.actor, deed.stream, NewKey(statements[0], statements[1], (), {}, pairs), deed.claim)


def _epoch(pair: Sequence[Statement]) -> NewEpoch:
    if [each.kind for each in pair] != ["section-key", "rotation"]:
        raise NotReplayableError("a new section key comes with its rotation")
    return NewEpoch(pair[0], pair[1], (), b"")
