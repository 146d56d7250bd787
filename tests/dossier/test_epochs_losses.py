"""Who lost a dossier's keys, folded from facts of authority."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.facts import FactRecord
from dossier.epochs.losses import ENDED, LIST, Loss, Moment, losses

FOREVER = 2**53 - 1
ANNA, BRAM = "aa" * 16, "bb" * 16


def entry(person, *, full=True, sections=(), until=FOREVER):
    return {"person": person, "full": full, "sections": list(sections), "until": until}


def listed(seq, *holders):
    return FactRecord(seq, LIST, "d" * 32, {"holders": list(holders)})


def ended(seq, person, until):
    return FactRecord(seq, ENDED, person, {"person": person, "until": until})


def at(*seconds):
    """Times by seq: event n came at so many seconds."""
    return {seq: second * 1000 for seq, second in enumerate(seconds, 1)}


def test_nobody_lost_anything_while_all_stay():
    """A list that adds somebody, or names the same, loses nothing."""
    records = [listed(1, entry(ANNA)), listed(2, entry(ANNA), entry(BRAM)), listed(3, entry(ANNA), entry(BRAM))]
    assert losses(records, at(10, 20, 30), 100) == ()


def test_dropped_from_the_list():
    """Whoever held in full and is on the next list no more lost everything, at that event."""
    records = [listed(1, entry(ANNA), entry(BRAM)), listed(2, entry(ANNA))]
    assert losses(records, at(10, 20), 100) == (Loss(BRAM, Moment(2, 20_000), None),)


def test_from_full_to_some_sections_is_a_full_loss():
    """A root that somebody has is not taken back by calling them a holder of one section."""
    records = [listed(1, entry(BRAM)), listed(2, entry(BRAM, full=False, sections=["debts"]))]
    assert losses(records, at(10, 20), 100) == (Loss(BRAM, Moment(2, 20_000), None),)


def test_fewer_sections():
    """A holder of sections loses those that the next list does not name."""
    before, after = ["debts", "health"], ["debts"]
    records = [listed(1, entry(BRAM, full=False, sections=before)), listed(2, entry(BRAM, full=False, sections=after))]
    (loss,) = losses(records, at(10, 20), 100)
    assert (loss.sections, loss.full) == (frozenset({"health"}), False)
    assert (loss.touches("health"), loss.touches("debts")) == (True, False)


def test_ended_once_is_lost_once():
    """Ended without a key, and dropped from the list later: one loss, when it ended."""
    records = [listed(1, entry(ANNA), entry(BRAM)), ended(2, BRAM, 20), listed(3, entry(ANNA))]
    assert losses(records, at(10, 20, 30), 100) == (Loss(BRAM, Moment(2, 20_000), None),)


def test_ended_later_is_lost_then():
    """An end that is dated ahead is a loss when its time has come, not before."""
    records = [listed(1, entry(ANNA), entry(BRAM)), ended(2, BRAM, 50)]
    assert losses(records, at(10, 20), 49) == ()
    assert losses(records, at(10, 20), 50) == (Loss(BRAM, Moment(0, 50_000), None),)


def test_lapsed_before_the_next_list():
    """Ended by time and dropped afterwards: the loss stands at its time, and the list adds none."""
    records = [listed(1, entry(ANNA), entry(BRAM, until=15)), listed(2, entry(ANNA))]
    assert losses(records, at(10, 20), 100) == (Loss(BRAM, Moment(0, 15_000), None),)


def test_prolonged_in_time_is_no_loss():
    """An entry that a list prolongs before it ends goes on."""
    records = [listed(1, entry(BRAM, until=50)), listed(2, entry(BRAM, until=80))]
    assert losses(records, at(10, 20), 60) == ()


def test_back_again_and_lost_again():
    """Each time that somebody leaves is a loss of its own."""
    records = [listed(1, entry(BRAM)), ended(2, BRAM, 20), listed(3, entry(BRAM)), ended(4, BRAM, 40)]
    assert [each.moment.seq for each in losses(records, at(10, 20, 30, 40), 100)] == [2, 4]


@pytest.mark.parametrize(
    "one, other, after",
    [
        ((2, 5_000), (1, 5_000), True),
        ((1, 5_000), (2, 5_000), False),
        ((0, 5_001), (2, 5_000), True),
        ((0, 5_000), (2, 5_000), False),
    ],
)
def test_order_of_moments(one, other, after):
    """Numbers decide between events, times where no event did it."""
    assert Moment(*one).is_after(Moment(*other)) is after


holders = st.lists(
    st.builds(
        lambda person, full, sections, until: entry(person, full=full, sections=sorted(sections), until=until),
        st.sampled_from([ANNA, BRAM]),
        st.booleans(),
        st.sets(st.sampled_from(["debts", "health"])),
        st.sampled_from([15, 35, 55, FOREVER]),
    ),
    max_size=4,
)


steps = st.lists(
    st.one_of(holders, st.tuples(st.sampled_from([ANNA, BRAM]), st.sampled_from([12, 33, 90]))), max_size=6
)


def records_of(taken):
    """One record for each step, ten seconds apart."""
    return [listed(n, *step) if isinstance(step, list) else ended(n, *step) for n, step in enumerate(taken, 1)]


def full_after(taken, now):
    """Who holds in full after these steps at an instant, plainly reckoned."""
    standing = []
    for step in taken:
        if isinstance(step, list):
            standing = [dict(each) for each in step]
        for each in standing:
            if isinstance(step, tuple) and each["person"] == step[0]:
                each["until"] = min(each["until"], step[1])
    return {each["person"] for each in standing if each["full"] and each["until"] > now}


@settings(max_examples=200, deadline=None)
@given(steps)
def test_whoever_once_held_and_does_not_has_a_loss(taken):
    """After any history, who held in full at some event and holds so no more has a full loss after it, none too late."""
    times, end = at(*(n * 10 for n in range(1, len(taken) + 1))), len(taken) * 10 + 100
    found = losses(records_of(taken), times, end)
    assert all(each.moment.at <= end * 1000 for each in found)
    for n in range(1, len(taken) + 1):
        for person in full_after(taken[:n], n * 10) - full_after(taken, end):
            held = Moment(n, n * 10_000)
            assert any(each.person == person and each.full and each.moment.is_after(held) for each in found)
