"""Readings raced against withdrawals."""

from __future__ import annotations

from tests.faults import race
from tests.faults.plan import SEED
from tests.values import replace


def test_no_permit_after_its_withdrawal(world):
    """400 readings against 20 withdrawals: in the stream no permit stands where no consent does (P3, P7; W3)."""
    for shown in world.standing():
        race.sharing.withdraw(world.owner, shown)
    done = race.run(world, *race.SMALL)
    for answer in done.permitted:
        world.ledger.note("reading", answer)
    history = world.check(f"DOSSIER_TEST_SEED={SEED}")
    assert done.withdrawn >= race.SMALL[1]
    assert done.permitted
    # A busy machine may refuse as unavailable whatever it cannot record in time; it never answers anything else.
    assert "not-found" in done.refused
    assert set(done.refused) <= {"not-found", "unavailable"}, f"DOSSIER_TEST_SEED={SEED}: {done.refused}"
    assert list(race.late_permits(history)) == [], f"DOSSIER_TEST_SEED={SEED}"


def test_a_late_permit_is_found(world):
    """The walk finds a permit that stands behind the end of its consent: it can fail."""
    history = world.history()
    events = dict(history.checked.events)
    permit = next(fields for fields in events.values() if fields["schema"] == "decision/v1")
    events[max(events) + 1] = {**permit, "decision": "permit"}
    moved = replace(history, checked=replace(history.checked, events=events))
    assert list(race.late_permits(moved)) == [max(events)]
