"""The keys of a stream's epochs, for those who may check that stream: they recompute every tag with them.

A person has their own stream's, an administrator the organisation's, a full holder the dossier's.
"""

from __future__ import annotations

from audit.entry import View
from audit.payload import open_stream_key
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.dossiers.authority import holder_state
from dossier.errors import NotFoundError
from dossier.monthkeys import FileMonthKeys
from dossier.parties.actor import ADMINISTRATOR, Actor
from dossier.parties.store import WrappedKey


class ShownStreamKey(Answer, frozen=True):
    """One epoch: its number, the seq of its first event, and K as base64."""

    epoch: int
    from_seq: int
    key: str


class ShownStreamKeys(Answer, frozen=True):
    """All epochs of a stream, in order."""

    stream: str
    keys: list[ShownStreamKey]


def require_may_check(view: View, actor: Actor, stream: bytes) -> None:
    """Raise NotFoundError unless the actor may have a stream's keys; the view names the stream and the actor's."""
    if not view.exists(stream):
        raise NotFoundError
    kind = view.head(stream).kind
    if kind == "dossier":
        _check_full(view, stream, actor)
    elif not _is_own(kind, actor, stream):
        raise NotFoundError


def _is_own(kind: str, actor: Actor, stream: bytes) -> bool:
    if kind == "person":
        return actor.kind == "person" and actor.id == stream
    return kind == "organisation" and actor.organisation == stream and actor.has_role(ADMINISTRATOR)


def _check_full(view: View, dossier: bytes, actor: Actor) -> None:
    rules = holder_state(view, dossier, actor).rules
    person = actor.id.hex()
    if not any(h.person == person and h.full and h.period.holds(view.now) for h in rules.holders):
        raise NotFoundError


def open_keys(stream: bytes, wrapped: list[WrappedKey], months: FileMonthKeys) -> ShownStreamKeys:
    """Open the wrapped keys of a stream's epochs."""
    opened = [(each, open_stream_key(months.find(each.month), stream, each.epoch, each.wrapped)) for each in wrapped]
    return ShownStreamKeys(
        stream.hex(), [ShownStreamKey(each.epoch, each.from_seq, encode_base64(key)) for each, key in opened]
    )
