"""The actor: step-up, assurance and the stream where their acts are recorded."""

from __future__ import annotations

import pytest

from dossier.errors import ForbiddenError, StepUpRequiredError
from dossier.parties.actor import Actor, Assurance, require_assurance, require_step_up

PERSON, ORGANISATION = b"p" * 16, b"o" * 16


def actor(**changes):
    made = {
        "kind": "person",
        "id": PERSON,
        "organisation": None,
        "roles": (),
        "assurance": Assurance.SUBSTANTIAL,
        "auth_time": 1_000,
        "session": b"s" * 16,
    }
    return Actor(**{**made, **changes})


def is_fresh(who, now):
    try:
        require_step_up(who, now)
    except StepUpRequiredError:
        return False
    return True


@pytest.mark.parametrize("now", [995, 1_000, 1_300])
def test_a_fresh_authentication_is_enough(now):
    """Up to and including five minutes, and within a few seconds of clock difference."""
    assert is_fresh(actor(), now)


@pytest.mark.parametrize("now", [994, 1_301, 100_000])
def test_an_old_or_future_authentication_is_not(now):
    """After five minutes, or from the future, the person must sign in again."""
    assert not is_fresh(actor(), now)


def test_a_system_proves_itself_with_each_token():
    """Step-up is for persons."""
    assert is_fresh(actor(kind="system", organisation=ORGANISATION), 100_000)


@pytest.mark.parametrize("level, good", [("low", True), ("substantial", True), ("high", False)])
def test_levels_are_ordered(level, good):
    """A level is enough for itself and those below."""
    if good:
        require_assurance(actor(), Assurance(level))
        return
    with pytest.raises(ForbiddenError) as caught:
        require_assurance(actor(), Assurance(level))
    assert caught.value.code == "assurance-too-low"


def test_acts_of_a_system_stand_in_its_organisations_stream():
    """A person has a stream of their own, also at work."""
    assert actor(kind="system", id=b"y" * 16, organisation=ORGANISATION).stream == ORGANISATION
    assert actor(organisation=ORGANISATION, roles=("auditor",)).stream == PERSON


def test_roles_are_told():
    """The first role counts as the role of an event."""
    worker = actor(organisation=ORGANISATION, roles=("debt-counsellor", "administrator"))
    assert worker.role == "debt-counsellor"
    assert worker.has_role("administrator")
    assert not worker.has_role("auditor")
    assert actor().role == ""
