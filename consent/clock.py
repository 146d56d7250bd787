"""The instant of a decision, and how long the decision holds."""

from __future__ import annotations

from collections.abc import Iterable

from consent.terms import FOREVER, NO_OBLIGATIONS, Decision, Obligations, Period


class Clock:
    """`now`, and the first later instant at which anything looked at flips; also the refusal that waits for step 10."""

    __slots__ = ("holds_until", "now", "refusal")

    def __init__(self, now: int) -> None:
        self.now = now
        self.holds_until = FOREVER
        self.refusal: tuple[int, str, tuple[str, ...]] | None = None

    def holds(self, period: Period) -> bool:
        """Whether the period holds now; remembers its next flip."""
        holds = period.start <= self.now < period.end
        flip = period.end if holds else period.next_flip(self.now)
        if flip < self.holds_until:  # noqa: PLR1730 - half the time of min(), and this runs for every rule
            self.holds_until = flip
        return holds

    def refuse(self, step: int, reason: str, rules: tuple[str, ...]) -> None:
        """Keep a refusal: it is the answer unless a later step permits. The first one stands."""
        self.refusal = self.refusal or (step, reason, rules)


def permit(
    step: int, reason: str, basis: str, clock: Clock, rules: Iterable[str] = (), due: Obligations = NO_OBLIGATIONS
) -> Decision:
    """A permit that holds as long as the clock says; the rule ids come in order."""
    return Decision(
        permitted=True,
        reason=reason,
        step=step,
        rules=tuple(rules),
        obligations=due,
        holds_until=clock.holds_until,
        basis=basis,
    )


def deny(step: int, reason: str, clock: Clock, rules: Iterable[str] = ()) -> Decision:
    """A deny that holds as long as the clock says; the rule ids come in order."""
    return Decision(permitted=False, reason=reason, step=step, rules=tuple(rules), holds_until=clock.holds_until)
