from __future__ import annotations

import pytest

from web.bench.rounds import Measure, Result, Several, rate, rate_among, run_rounds


def told(_text):
    """No progress."""


def fixed(*figures):
    """Work that gives these figures, one a round."""
    left = list(figures)

    async def work(_seconds):
        return left.pop(0)

    return work


async def test_ratio_is_of_the_same_round():
    """Each figure is held against the floor of its own round; the middle of those is the ratio."""
    floor = Measure("floor", "1/s", fixed(10, 100, 1000))
    mine = Measure("mine", "1/s", fixed(5, 80, 100), "floor")
    _, result = await run_rounds([floor, mine], 3, 0, told)
    assert sorted(result.ratios) == [0.1, 0.5, 0.8]
    assert (result.ratio, result.median) == (0.5, 80)


async def test_less_is_better_where_said():
    """The ratio of an inverse measure is floor by figure."""
    floor = Measure("floor", "ms", fixed(10), inverse=True)
    mine = Measure("mine", "ms", fixed(20), "floor", inverse=True)
    assert (await run_rounds([floor, mine], 1, 0, told))[1].ratio == 0.5


async def test_rounds_go_forth_and_back():
    """Every other round runs in the other order."""
    order: list[str] = []

    def noted(name):
        async def work(_seconds):
            order.append(name)
            return 1.0

        return work

    await run_rounds([Measure("a", "", noted("a")), Measure("b", "", noted("b"))], 2, 0, told)
    assert order == ["a", "b", "b", "a"]


@pytest.mark.parametrize(
    "measure, figure, ratio, reached",
    [
        (Measure("", "", fixed(), target=0.5), 1, 0.5, True),
        (Measure("", "", fixed(), target=0.5), 1, 0.49, False),
        (Measure("", "", fixed(), limit=100), 99, None, False),
        (Measure("", "", fixed(), limit=100, inverse=True), 99, None, True),
        (Measure("", "", fixed(), limit=0, inverse=True), 0, None, True),
        (Measure("", "", fixed(), limit=0, inverse=True), 1, None, False),
        (Measure("", "", fixed(), target=0.5, limit=100), 99, 1.0, False),
        (Measure("", "", fixed()), 1, 1.0, None),
        (Measure("", "", fixed(), target=0.5), 1, None, None),
    ],
)
def test_reached(measure, figure, ratio, reached):
    """A target is reached when ratio and figure both are what it asks; without one, or without a ratio, nobody knows."""
    assert Result(measure, [figure], [] if ratio is None else [ratio]).reached is reached


async def test_several_figures_of_one_run():
    """Figures of one piece of work come from one run a round, whoever asks first."""
    runs: list[float] = []

    async def work(seconds):
        runs.append(seconds)
        return {"rate": float(len(runs)), "p99": 10.0 * len(runs)}

    both = Several(work)
    measures = [Measure("rate", "1/s", both.figure("rate")), Measure("p99", "ms", both.figure("p99"))]
    results = await run_rounds(measures, 2, 0.5, told)
    assert runs == [0.5, 0.5]
    assert [result.figures for result in results] == [[1.0, 2.0], [10.0, 20.0]]


async def test_rates_count_what_was_done():
    """A rate is work done by time taken, in this thread or from several callers."""
    done: list[int] = []

    async def act():
        done.append(1)

    assert rate(lambda: done.append(1), 0.01, 3) > 0
    assert await rate_among(act, 2, 0.01) > 0
    assert len(done) > 2
