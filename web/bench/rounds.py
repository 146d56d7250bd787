"""Interleaved rounds: every measurement and its floor take turns, so that a busy moment falls on both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

Work = Callable[[float], Awaitable[float]]
"""Runs for about so many seconds and returns its rate, in units a second (or another figure of its own)."""


@dataclass(frozen=True)
class Measure:
    """One figure: its name, the unit, the work, and the name of the measure that is its floor ("" for a floor).

    `inverse` marks figures of which less is better (milliseconds, bytes): their ratio is floor / figure.
    """

    name: str
    unit: str
    work: Work
    floor: str = ""
    target: float | None = None
    inverse: bool = False


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
    if mine and theirs:
        result.ratios.append(theirs / mine if result.measure.inverse else mine / theirs)


def rate(work: Callable[[], object], seconds: float, units: int = 1) -> float:
    """Repeat a piece of work for about so many seconds; return units a second."""
    begun = time.perf_counter()
    count = 0
    while time.perf_counter() - begun < seconds:
        work()
        count += units
    return count / (time.perf_counter() - begun)
