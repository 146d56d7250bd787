"""The life of a consent as a table, and when a consent that ends by event, age or disuse is due to end.

Everything that affects the state of a consent stands in `TRANSITIONS`; a pair that is not there raises and changes
nothing. Only ACTIVE consents are facts for the engine.
"""

from __future__ import annotations

import calendar
import datetime as dt
from enum import StrEnum

from consent.errors import TransitionError
from consent.grant import Consent
from consent.terms import CLOSED_CASE_ADD_SECONDS, FOREVER

PROPOSAL_SECONDS = 14 * 24 * 3600
"""A proposal that its co-signers leave unsigned dies after this."""


class State(StrEnum):
    """Where a consent is in its life; the last eight are ends, and the reason codes of `consent-ended`."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CASE_CLOSED = "case-closed"
    UNUSED = "unused"
    REPLACED = "replaced"
    AUTHORITY_ENDED = "authority-ended"
    VOIDED = "voided"


class Event(StrEnum):
    """What can happen to a consent."""

    COMPLETE = "complete"  # the last signature that the threshold asks for
    REFUSE = "refuse"  # a co-signer says no, or the proposal got too old
    WITHDRAW = "withdraw"  # by one holder within scope, or handed back by the grantee
    EXPIRE = "expire"
    CLOSE_CASE = "close-case"
    DISUSE = "disuse"
    REPLACE = "replace"
    END_AUTHORITY = "end-authority"
    VOID = "void"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.PROPOSED, Event.COMPLETE): State.ACTIVE,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
    (State.PROPOSED, Event.EXPIRE): State.EXPIRED,
    (State.PROPOSED, Event.END_AUTHORITY): State.AUTHORITY_ENDED,
    (State.PROPOSED, Event.VOID): State.VOIDED,
    (State.ACTIVE, Event.WITHDRAW): State.WITHDRAWN,
    (State.ACTIVE, Event.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Event.CLOSE_CASE): State.CASE_CLOSED,
    (State.ACTIVE, Event.DISUSE): State.UNUSED,
    (State.ACTIVE, Event.REPLACE): State.REPLACED,
    (State.ACTIVE, Event.END_AUTHORITY): State.AUTHORITY_ENDED,
    (State.ACTIVE, Event.VOID): State.VOIDED,
}


def advance(state: State, event: Event) -> State:
    """The next state; raises TransitionError if the event does not apply."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransitionError(f"event `{event}` does not apply in state `{state}`") from None


def is_over(state: State) -> bool:
    """Whether nothing can happen to the consent any more."""
    return all(start != state for start, _ in TRANSITIONS)


def due_ending(consent: Consent, now: int, *, last_used: int, case_closed: int = FOREVER) -> Event | None:
    """The event that a sweeper owes this active consent, if any.

    `last_used` is the time of its last reading, 0 if there was none; `case_closed` the closing time of its case.
    """
    if now >= consent.period.end:
        return Event.EXPIRE
    if consent.ends_on_case_closed and now >= _case_end(consent, case_closed):
        return Event.CLOSE_CASE
    since = max(last_used, consent.issued, consent.period.start)
    if consent.unused_months and now >= months_later(since, consent.unused_months):
        return Event.DISUSE
    return None


def _case_end(consent: Consent, case_closed: int) -> int:
    # closing papers may still be added, so a consent that lets them in lives on as long as that
    return case_closed + CLOSED_CASE_ADD_SECONDS if "add" in consent.actions else case_closed


def months_later(instant: int, months: int) -> int:
    """The same UTC day and time so many calendar months later, or the last day of a shorter month; FOREVER at most."""
    start = dt.datetime.fromtimestamp(instant, dt.UTC)
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if years > dt.MAXYEAR:
        return FOREVER
    day = min(start.day, calendar.monthrange(years, month + 1)[1])
    return int(start.replace(year=years, month=month + 1, day=day).timestamp())
