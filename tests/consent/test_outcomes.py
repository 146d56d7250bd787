from __future__ import annotations

from consent.catalogue import shipped_catalogues
from tests.consent.codes import codes

CURRENT = shipped_catalogues().current


def test_every_code_of_a_decision_has_its_sentences():
    """Whatever the engine, a look or the service decides has words, and no words are kept for what nobody says (P4)."""
    assert codes("consent", "dossier", "web") == CURRENT.outcomes


def test_the_codes_that_are_read_from_the_files_are_those_that_occur():
    """Codes written out, chosen among several, of looks, and of the service itself are all found."""
    found = codes("consent")
    assert {"no-consent", "consent", "mandate", "emergency-unreviewed", "emergency-approval-needed"} <= found
    assert {"takes-part", "invited", "not-in-case", "auditor-attested"} <= found
    assert codes("dossier") - found == {"reason-wanted"}


def test_what_permits_is_worded_as_a_permit():
    """The sentences say whether they belong to a permit, as the code is given."""
    permits = {"takes-part", "invited", "auditor-attested", "own-dossier"}
    assert all(CURRENT.texts["outcomes"][code]["permit"] for code in permits)
    assert not any(CURRENT.texts["outcomes"][code]["permit"] for code in ("not-in-case", "reason-wanted"))
