"""Interleaved rounds: every measurement and its floor take turns, so that a busy moment falls on both."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Work = Callable[[float], Awaitable[float]]
"""Runs for about so many seconds and returns its rate, in units a second (or another figure of its own)."""

ManyWork = Callable[[float], Awaitable[Mapping[str, float]]]
"""The same with several figures by name."""


@dataclass(frozen=True)
class Measure:
    """One figure: its name, the unit, the work, and the name of the measure that is its floor ("" for a floor).

    `inverse` marks figures of which less is better (milliseconds, bytes): their ratio is floor / figure. `target` is
    the least ratio that is wanted; `limit` the least figure, or the most if `inverse`. `goal` names the target.
    A measure of how something grows has the `series` it belongs to and its `step`.
    """

    name: str
    unit: str
    work: Work
    floor: str = ""
    target: float | None = None
    inverse: bool = False
    limit: float | None = None
    goal: str = ""
    series: str = ""
    step: int = 0


@dataclass
class Result:
    """The figures of one measure, one per round, and the ratios to its floor of the same round."""

    measure: Measure
    figures: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle figure."""
        return statistics.median(self.figures)

    @property
    def ratio(self) -> float | None:
        """The middle ratio to the floor."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def score(self) -> float | None:
        """How far the target was reached: 1 is just there, 2 twice as good; None without a target or a figure."""
        scores = []
        if self.measure.target is not None:
            if self.ratio is None:
                return None
            scores.append(self.ratio / self.measure.target)
        if self.measure.limit is not None:
            scores.append(self._against(self.measure.limit))
        return min(scores) if scores else None

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; None without one."""
        return None if self.score is None else self.score >= 1

    def _against(self, limit: float) -> float:
        if not self.measure.inverse:
            return self.median / limit
        if limit == 0:  # nothing at all is allowed
            return 0.0 if self.median else 1.0
        return limit / self.median if self.median > 0 else 10.0


class Several:
    """One piece of work with several figures: whoever asks first in a round runs it, the others take what is left."""

    def __init__(self, work: ManyWork) -> None:
        self._work = work
        self._left: dict[str, float] = {}

    def figure(self, name: str) -> Work:
        """The work of one of its figures."""

        async def work(seconds: float) -> float:
            if name not in self._left:
                self._left = dict(await self._work(seconds))
            return self._left.pop(name)

        return work


async def run_rounds(
    measures: Sequence[Measure], rounds: int, seconds: float, progress: Callable[[str], None]
) -> list[Result]:
    """Run all measures in turn, `rounds` times, each about `seconds`; odd rounds go backwards."""
    results = {measure.name: Result(measure) for measure in measures}
    for number in range(rounds):
        order = measures if number % 2 == 0 else list(reversed(measures))
        for measure in order:
            progress(f"round {number + 1}/{rounds}: {measure.name}")
            results[measure.name].figures.append(await measure.work(seconds))
        for result in results.values():
            _compare(result, results)
    return list(results.values())


def _compare(result: Result, results: dict[str, Result]) -> None:
    floor = results.get(result.measure.floor)
    if floor is None:
        return
    mine, theirs = result.figures[-1], floor.figures[-1]
    below = mine if result.measure.inverse else theirs
    if below:
        result.ratios.append((theirs if result.measure.inverse else mine) / below)


def rate(work: Callable[[], object], seconds: float, units: int = 1) -> float:
    """Repeat a piece of work for about so many seconds; return units a second."""
    begun = time.perf_counter()
    count = 0
    while time.perf_counter() - begun < seconds:
        work()
        count += units
    return count / (time.perf_counter() - begun)


async def rate_among(work: Callable[[], Awaitable[object]], callers: int, seconds: float) -> float:
    """Repeat a piece of work from so many concurrent callers; return how often a second."""
    begun = time.perf_counter()
    ends = begun + seconds

    async def one() -> int:
        count = 0
        while time.perf_counter() < ends:
            await work()
            count += 1
        return count

    counts = await asyncio.gather(*(one() for _ in range(callers)))
    return sum(counts) / (time.perf_counter() - begun)
