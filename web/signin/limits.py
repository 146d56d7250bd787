"""Rate limits: counted in this process, shared through the database each second.

A limit counts per key (who, and what for) and window. Between two flushes a process knows its own counts and the last
shared total, so with n processes a limit may be passed by what n - 1 of them do within one second, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crypto.encoding import bind, sha256
from crypto.labels import Label
from dossier.errors import TooManyError


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in each window of `seconds`; `name` keeps kinds of acts apart."""

    name: str
    count: int
    seconds: int


SIGN_INS = Limit("sign-in", 300, 60)
"""Sign-ins begun from one address: generous, since an office or a proxy shares one."""

TOKENS = Limit("token", 600, 60)
"""Requests to the token endpoint from one address. Never per client: a stranger could then lock a client out."""


@dataclass
class Limiter:
    """Counts of this process. Owned by one event loop.

    `_new` holds (key, window end) -> not yet flushed; `_total` holds key -> (window end, shared total).
    """

    clock: Callable[[], int]
    _new: dict[tuple[bytes, int], int] = field(default_factory=dict)
    _total: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def count(self, limit: Limit, who: bytes) -> None:
        """Count one act; raise TooManyError when that is more than the limit allows. No I/O."""
        key, end = self._key(limit, who)
        self._new[key, end] = self._new.get((key, end), 0) + 1
        if self._known(key, end) > limit.count:
            raise self._too_many(end)

    def check(self, limit: Limit, who: bytes) -> None:
        """Raise TooManyError when the limit is used up, without counting."""
        key, end = self._key(limit, who)
        if self._known(key, end) >= limit.count:
            raise self._too_many(end)

    def take(self) -> list[tuple[bytes, int, int]]:
        """Return what is to be flushed: (key, window end, count), in order of key, so that flushes never deadlock."""
        taken = sorted((key, end, count) for (key, end), count in self._new.items())
        newest = {key: (key, end, count) for key, end, count in taken}
        now = self.clock()
        self._total = {key: known for key, known in self._total.items() if known[0] > now}
        for key, end, _ in newest.values():
            self._total[key] = (end, self._known(key, end))
        self._new = {}
        return list(newest.values())

    def learn(self, counts: list[tuple[bytes, int, int]], totals: dict[bytes, int]) -> None:
        """Take over the shared totals that a flush returned."""
        for key, end, _ in counts:
            if key in totals:
                self._total[key] = (end, totals[key])

    def _key(self, limit: Limit, who: bytes) -> tuple[bytes, int]:
        end = (self.clock() // limit.seconds + 1) * limit.seconds
        # A hash: addresses and ids of who was counted are not kept.
        return sha256(bind(Label.RATE, limit.name.encode(), who)), end

    def _known(self, key: bytes, end: int) -> int:
        shared_end, shared = self._total.get(key, (0, 0))
        return self._new.get((key, end), 0) + (shared if shared_end == end else 0)

    def _too_many(self, end: int) -> TooManyError:
        return TooManyError("too many requests for now", retry_after=max(1, end - self.clock()))
