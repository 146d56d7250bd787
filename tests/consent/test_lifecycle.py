from __future__ import annotations

import datetime as dt

import pytest

from consent.catalogue import shipped_catalogues
from consent.errors import TransitionError
from consent.lifecycle import TRANSITIONS, Event, State, advance, due_ending, is_over, months_later
from consent.terms import FOREVER, Period
from tests.consent.world import DAY, NOW, consent


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_the_table_says_all(state, event):
    """What is in the table happens; anything else raises and changes nothing."""
    if (state, event) in TRANSITIONS:
        assert advance(state, event) == TRANSITIONS[state, event]
    else:
        with pytest.raises(TransitionError):
            advance(state, event)


def test_every_end_is_an_end():
    """Only a proposal and an active consent can still change; nothing returns to life (P7)."""
    assert [state for state in State if not is_over(state)] == [State.PROPOSED, State.ACTIVE]
    assert all(end != State.PROPOSED for end in TRANSITIONS.values())
    assert [pair for pair, end in TRANSITIONS.items() if end == State.ACTIVE] == [(State.PROPOSED, Event.COMPLETE)]


def test_a_live_consent_can_always_be_withdrawn():
    """There is no state in which ending is refused (P7)."""
    for state in (State.PROPOSED, State.ACTIVE):
        assert advance(state, Event.WITHDRAW) == State.WITHDRAWN


def test_ends_are_reason_codes():
    """How a consent ended can be shown in words."""
    reasons = shipped_catalogues().current.reasons
    assert all(state in reasons for state in State if is_over(state))


def test_a_consent_expires_at_its_end():
    """At `until` the sweeper owes an end, a second before not."""
    assert due_ending(consent(), NOW + 10 * DAY, last_used=0) == Event.EXPIRE
    assert due_ending(consent(), NOW + 10 * DAY - 1, last_used=0) is None


def test_a_consent_ends_with_its_case_unless_it_lets_closing_papers_in():
    """With `add` it lives 14 days on, for the closing papers."""
    bound = consent(ends_on_case_closed=True, period=Period(0, FOREVER))
    adding = consent(ends_on_case_closed=True, period=Period(0, FOREVER), actions=frozenset({"add"}))
    assert due_ending(bound, NOW, last_used=0) is None
    assert due_ending(bound, NOW, last_used=0, case_closed=NOW) == Event.CLOSE_CASE
    assert due_ending(adding, NOW + 14 * DAY - 1, last_used=0, case_closed=NOW) is None
    assert due_ending(adding, NOW + 14 * DAY, last_used=0, case_closed=NOW) == Event.CLOSE_CASE
    assert due_ending(consent(), NOW, last_used=0, case_closed=NOW) is None


def test_disuse_counts_from_the_last_use_or_the_start():
    """A consent that is not used for its months lapses; one that never lapses does not."""
    start = int(dt.datetime(2026, 1, 31, tzinfo=dt.UTC).timestamp())
    lapse = int(dt.datetime(2026, 7, 31, tzinfo=dt.UTC).timestamp())
    idle = consent(unused_months=6, issued=start, period=Period(0, FOREVER))
    assert due_ending(idle, lapse - 1, last_used=0) is None
    assert due_ending(idle, lapse, last_used=0) == Event.DISUSE
    assert due_ending(idle, lapse, last_used=start + 1) is None
    later = consent(unused_months=6, issued=0, period=Period(start, FOREVER))
    assert due_ending(later, lapse - 1, last_used=0) is None
    assert due_ending(consent(period=Period(0, FOREVER)), lapse, last_used=0) is None


@pytest.mark.parametrize(
    "start, months, end",
    [("2026-01-31", 1, "2026-02-28"), ("2027-12-15", 1, "2028-01-15"), ("2028-02-29", 12, "2029-02-28")],
)
def test_months_are_calendar_months(start, months, end):
    """The same day, or the last one of a shorter month."""
    first, last = (int(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()) for day in (start, end))
    assert months_later(first, months) == last


def test_months_beyond_the_calendar_never_come():
    """A count that leaves the calendar is no error."""
    assert months_later(NOW, 12 * 9000) == FOREVER
