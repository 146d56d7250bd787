"""The instant of a decision, and how long the decision holds."""

from __future__ import annotations

from collections.abc import Iterable

from consent.terms import FOREVER, NO_OBLIGATIONS, Decision, Obligations, Period


class Clock:
    """`now`, and the first later instant at which anything looked at flips; also the denial that waits for step 10."""

    __slots__ = ("holds_until", "now", "refusal")

    def __init__(self, now: int) -> None:
        self.now = now
        self.holds_until = FOREVER
        self.refusal: Decision | None = None

    def holds(self, period: Period) -> bool:
        """Whether the period holds now; remembers its next flip."""
        flip = period.next_flip(self.now)
        if flip < self.holds_until:  # noqa: PLR1730 - half the time of min(), and this runs for every rule
            self.holds_until = flip
        return period.start <= self.now < period.end


def permit(
    step: int, reason: str, basis: str, clock: Clock, rules: Iterable[str] = (), due: Obligations = NO_OBLIGATIONS
) -> Decision:
    """A permit that holds as long as the clock says; rule ids sorted and once each."""
    return Decision(
        permitted=True,
        reason=reason,
        step=step,
        rules=tuple(sorted(set(rules))),
        obligations=due,
        holds_until=clock.holds_until,
        basis=basis,
    )


def deny(step: int, reason: str, clock: Clock, rules: Iterable[str] = ()) -> Decision:
    """A deny that holds as long as the clock says; rule ids sorted and once each."""
    ids = tuple(sorted(set(rules)))
    return Decision(permitted=False, reason=reason, step=step, rules=ids, holds_until=clock.holds_until)
