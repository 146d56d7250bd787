"""The words of a consent, in both languages."""

from __future__ import annotations

import pytest

from dossier.client.groups import Group, Recipient
from dossier.client.sharing import Terms
from dossier.errors import InvalidRequestError
from web.wording import described, wording

END = 1_798_761_600  # 2027-01-01 00:00 UTC
TERMS = Terms(sections=("income", "debts"), purpose="debt-help", end=END)


@pytest.mark.parametrize(
    "terms, words",
    [
        (TERMS, "Vera mag meekijken in: schulden, werk en inkomen. Doel: schuldhulp. Tot en met 31-12-2026."),
        (
            Terms(sections=("income", "debts"), purpose="debt-help", end=END, language="en"),
            "Vera may look along in: debts, work and income. Purpose: debt help. Through 2026-12-31.",
        ),
        (Terms(effect="deny"), "Vera mag niet kijken in: alles. Doel: ieder."),
        (Terms(effect="deny", language="en"), "Vera may not look in: everything. Purpose: any."),
        (
            Terms(items=(bytes(16), bytes(16)), purpose="support", language="en"),
            "Vera may look along in: 2 items. Purpose: help and support.",
        ),
    ],
)
def test_a_consent_in_words(terms, words):
    """Who, what, for what and until when, in the language of the terms; the last day is the last one it holds."""
    assert wording("Vera", terms) == words


@pytest.mark.parametrize(
    "language, words",
    [
        ("nl", ["Vera van de bank", "Vera", "Het team van de zaak", "Iedere schuldhulpverlener van de bank"]),
        ("en", ["Vera of de bank", "Vera", "The team of the case", "Every debt counsellor of de bank"]),
    ],
)
def test_whom_it_is_for(language, words):
    """One person, with or without an organisation, a team, everybody in a role."""
    person = Recipient("person", bytes(16), bytes(16), "debt-counsellor", bytes(32), name="Vera")
    team, role = Group("team", case="11" * 16), Group("role", bytes(16), "debt-counsellor")
    whom = [(person, "de bank"), (person, ""), (team, ""), (role, "de bank")]
    assert [described(to, of, language) for to, of in whom] == words


def test_an_unknown_code_is_named():
    """What the catalogue has not is not worded."""
    with pytest.raises(InvalidRequestError, match="nowhere"):
        wording("Vera", Terms(sections=("nowhere",), purpose="support"))
