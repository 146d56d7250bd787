from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.terms import ALWAYS, FOREVER, Decision, Period


@pytest.mark.parametrize("now, holds, flip", [(9, False, 10), (10, True, 20), (19, True, 20), (20, False, FOREVER)])
def test_a_period_holds_from_its_start_up_to_but_not_including_its_end(now, holds, flip):
    """[from, until): the start is inside, the end is not, and each flip is named beforehand."""
    assert Period(10, 20).holds(now) == holds
    assert Period(10, 20).next_flip(now) == flip


@pytest.mark.parametrize("end", [10, 5, 0])
def test_a_period_that_ends_before_it_starts_never_holds(end):
    """An empty period neither holds nor flips."""
    for now in (0, 5, 9, 10, 11):
        assert not Period(10, end).holds(now)
        assert Period(10, end).next_flip(now) == FOREVER


@given(st.builds(Period, st.integers(0, 50), st.integers(0, 50)), st.integers(0, 60))
def test_a_period_is_constant_until_its_next_flip(period, now):
    """Between now and the flip nothing changes, at the flip it does."""
    flip = period.next_flip(now)
    assert all(period.holds(moment) == period.holds(now) for moment in range(now, min(flip, 70)))
    assert flip == FOREVER or period.holds(flip) != period.holds(now)


def test_always_has_no_flip():
    """What holds always is not going to change."""
    assert (ALWAYS.holds(0), ALWAYS.next_flip(0)) == (True, FOREVER)


def test_a_decision_is_true_only_if_it_permits():
    """A decision may be used as a truth value."""
    assert Decision(permitted=True, reason="consent", step=8)
    assert not Decision(permitted=False, reason="no-consent", step=10)
