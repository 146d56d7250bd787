"""A machine-readable record of one consent in the shape of ISO/IEC TS 27560, for the owner's own keeping.

The record has the header, processing, party and event fields of the technical specification. What it cannot say (a
denial, exceptions) stands beside it under `rule`, with the statement hash that proves the whole. It is personal data:
the caller seals it to the owner. Terms of the Data Privacy Vocabulary are named, never fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent.catalogue import Catalogue
from consent.grant import Consent
from consent.lifecycle import State
from consent.terms import Grantee, Scope

SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
SPECIAL_SECTIONS = frozenset({"all", "health", "family"})
"""Sections that may hold special categories of data (GDPR article 9)."""

_EVENTS = {
    State.PROPOSED: "requested",
    State.ACTIVE: "given",
    State.REFUSED: "refused",
    State.WITHDRAWN: "withdrawn",
    State.REPLACED: "renewed",
    State.VOIDED: "invalidated",
    State.AUTHORITY_ENDED: "invalidated",
}


def receipt(
    consent: Consent, statement_hash: str, owner: str, state: State, at: int, catalogue: Catalogue
) -> dict[str, Any]:
    """The receipt of a consent in its present state, entered at `at`; plain values that become canonical JSON."""
    language = consent.text_language
    return {
        "schema_version": SCHEMA,
        "receipt_id": statement_hash,
        "record_id": consent.id,
        "pii_principal_id": owner,
        "processing": [
            {
                "privacy_notice": {"hash": consent.text_hash, "version": consent.text_version},
                "language": language,
                "purpose": catalogue.word("purposes", consent.purpose, language),
                "purpose_type": consent.purpose,
                "lawful_basis": consent.basis,
                "pii_information": _information(consent.scope),
                "pii_controllers": _recipients(consent.grantee),
                "recipient_third_parties": [],
                "processing_method": sorted(consent.actions),
                "storage_locations": ["NL"],
                "jurisdiction": "NL",
                "retention_period": {"from": consent.period.start, "until": consent.period.end},
                "withdrawal_method": f"/v1/consents/{consent.id}/withdrawal",
            },
        ],
        "event": {
            "event_time": at,
            "validity_duration": max(consent.period.end - at, 0),
            "entity_id": consent.signer,
            "event_type": "explicit",
            "event_state": _EVENTS.get(state, "expired"),
        },
        "rule": _rule(consent),
    }


def _information(scope: Scope) -> list[dict[str, Any]]:
    kinds = sorted(scope.sections) or ["all"]
    return [{"pii_type": kind, "special_pii_category": kind in SPECIAL_SECTIONS} for kind in kinds]


def _recipients(grantee: Grantee) -> list[Mapping[str, str]]:
    fields = {"party_id": grantee.organisation or grantee.person or grantee.system or grantee.case}
    return [{**fields, "party_type": grantee.kind, "party_role": grantee.role}]


def _rule(consent: Consent) -> dict[str, Any]:
    return {
        "effect": consent.effect,
        "exceptions": len(consent.exceptions),
        "items": sorted(consent.scope.items),
        "later_items": consent.later_items,
        "catalogue": consent.catalogue,
        "replaces": consent.replaces,
    }
