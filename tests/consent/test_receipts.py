from __future__ import annotations

import pytest

from consent.catalogue import shipped_catalogues
from consent.lifecycle import State
from consent.receipts import receipt
from consent.terms import Scope
from crypto import decode_json, encode_json
from tests.consent.world import DAY, NOW, OWNER, TOWN, consent, ident

CATALOGUE = shipped_catalogues().current
HEADER = {"schema_version", "receipt_id", "record_id", "pii_principal_id", "processing", "event", "rule"}
PROCESSING = (
    "privacy_notice language purpose pii_information pii_controllers storage_locations retention_period "
    "jurisdiction recipient_third_parties withdrawal_method"
)


def test_a_receipt_has_the_fields_that_the_specification_requires():
    """Header, processing and event of ISO/IEC TS 27560, and the rule beside them."""
    made = receipt(consent(), "ab" * 32, OWNER, State.ACTIVE, NOW, CATALOGUE)
    assert made.keys() == HEADER
    assert set(PROCESSING.split()) <= made["processing"][0].keys()
    assert made["processing"][0]["purpose"] == "schuldhulp"
    assert made["processing"][0]["pii_controllers"] == [
        {"party_id": TOWN, "party_type": "person", "party_role": "debt-counsellor"}
    ]
    assert made["event"]["validity_duration"] == 10 * DAY
    assert (made["record_id"], made["receipt_id"]) == (ident("c1"), "ab" * 32)


def test_a_receipt_is_canonical_json():
    """It can be hashed, signed and sealed like any other value."""
    made = receipt(consent(), "ab" * 32, OWNER, State.ACTIVE, NOW, CATALOGUE)
    assert decode_json(encode_json(made)) == made


@pytest.mark.parametrize(
    "state, event", [(State.ACTIVE, "given"), (State.WITHDRAWN, "withdrawn"), (State.EXPIRED, "expired")]
)
def test_a_receipt_says_what_became_of_the_consent(state, event):
    """The event state follows the lifecycle; what is over has no time left."""
    made = receipt(consent(), "ab" * 32, OWNER, state, NOW + 11 * DAY, CATALOGUE)
    assert (made["event"]["event_state"], made["event"]["validity_duration"]) == (event, 0)


def test_special_categories_are_marked():
    """Health is marked as special, debts are not, and an unbounded scope is."""
    scope = Scope(sections=frozenset({"health", "debts"}))
    made = receipt(consent(scope=scope), "ab" * 32, OWNER, State.ACTIVE, NOW, CATALOGUE)
    assert made["processing"][0]["pii_information"] == [
        {"pii_type": "debts", "special_pii_category": False},
        {"pii_type": "health", "special_pii_category": True},
    ]
    whole = receipt(consent(scope=Scope()), "ab" * 32, OWNER, State.ACTIVE, NOW, CATALOGUE)
    assert whole["processing"][0]["pii_information"] == [{"pii_type": "all", "special_pii_category": True}]
