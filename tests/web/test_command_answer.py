from __future__ import annotations

import argparse

import pytest

from dossier.client.sharing import Terms
from dossier.errors import InvalidRequestError
from web.commands.answer import _terms
from web.commands.looking import last_moment

ASKED = Terms(sections=("debts", "income"), actions=("list", "read"), purpose="debt-help", end=2_000_000_000)
NOW = 1_790_000_000


def options(**given):
    return argparse.Namespace(**({"sections": "", "actions": "", "until": "", "language": "nl"} | given))


def test_without_options_all_is_given():
    """An answer without options gives exactly what was asked."""
    assert _terms(options(), ASKED, NOW) == ASKED


def test_options_leave_less():
    """Sections, actions and end cut what was asked, and never stretch it."""
    cut = _terms(options(sections="debts", actions="list", until="2027-01-01"), ASKED, NOW)
    assert (cut.sections, cut.actions) == (["debts"], ["list"])
    assert cut.end == last_moment("2027-01-01", NOW) < ASKED.end
    assert _terms(options(until="2040-01-01"), ASKED, NOW).end == ASKED.end


@pytest.mark.parametrize("sections", ["health", "debts,health"])
def test_options_give_no_more(sections):
    """A section that was not asked for is not given by an answer."""
    with pytest.raises(InvalidRequestError):
        _terms(options(sections=sections), ASKED, NOW)
