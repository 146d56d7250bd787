from __future__ import annotations

import pytest

from consent.catalogue import shipped_catalogues
from consent.errors import CatalogueError
from consent.explain import AUDIENCES, explain
from consent.terms import Decision
from tests.consent.world import ask, block, consent, facts, ident

CATALOGUE = shipped_catalogues().current


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("reason", sorted(CATALOGUE.outcomes))
def test_every_outcome_has_a_sentence_for_everyone(reason, audience, language):
    """No reason is without words, and none is left with a hole (P4)."""
    decision = Decision(permitted=False, reason=reason, step=7, rules=(ident("d1"),))
    sentence = explain(decision, audience, language, CATALOGUE, who="Vera", purpose="debt-help")
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert (ident("d1") in sentence) <= (audience == "auditor")


def test_the_owner_reads_plain_words():
    """Who, and for what, in the owner's language."""
    decision = ask(facts(consent()))
    assert explain(decision, "owner", "nl", CATALOGUE, who="Vera", purpose="debt-help") == (
        "Vera mocht dit zien, want u gaf toestemming voor schuldhulp."
    )
    assert explain(decision, "owner", "en", CATALOGUE) == (
        "This person was allowed to see this, because you gave consent for a purpose that was not named."
    )


def test_the_auditor_reads_step_basis_and_rules():
    """The auditor's sentence names what made the decision."""
    sentence = explain(ask(facts(consent())), "auditor", "en", CATALOGUE)
    assert sentence == f"Step 8: consent, basis consent, rules {ident('c1')}."


def test_a_blocked_person_is_not_told_of_the_block():
    """The professional's sentence for a block is the neutral one."""
    sentence = explain(ask(facts(consent(), block())), "professional", "en", CATALOGUE)
    assert sentence == "This dossier is not available to you."


def test_a_name_is_never_read_as_a_placeholder():
    """Braces in a name stay what they are."""
    sentence = explain(ask(facts()), "owner", "en", CATALOGUE, who="{rules}")
    assert "{rules}" in sentence


def test_an_outcome_without_words_is_an_error():
    """A reason, audience or language that the catalogue does not have is not made up."""
    for reason, audience, language in (
        ("because", "owner", "nl"),
        ("consent", "neighbour", "nl"),
        ("consent", "owner", "fy"),
    ):
        with pytest.raises(CatalogueError):
            explain(Decision(permitted=False, reason=reason, step=1), audience, language, CATALOGUE)
