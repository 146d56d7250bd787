"""Consent: the vocabulary, the facts and the one engine that decides.

Pure but for `tables` and `store`: frozen values in, values or `ConsentError` out; time comes in as a value. Pages:
docs/spec/decision.md, consent.md, catalogue.md.
"""

from __future__ import annotations

from consent.catalogue import Catalogue, Catalogues, shipped_catalogues
from consent.engine import ENGINE_VERSION, decide
from consent.errors import (
    CatalogueError,
    ConsentError,
    FactsError,
    MalformedGrantError,
    NotAuthorisedError,
    StaleStatementError,
    TransitionError,
)
from consent.explain import explain
from consent.facts import DossierFacts, FactRecord, Facts
from consent.folding import compile_facts
from consent.grant import Consent, parse_consent
from consent.people import CaseRecord, CaseState, ForeignFacts, Participant, Standing, compile_case
from consent.terms import FOREVER, Actor, Decision, Grantee, ItemFacts, Obligations, Period, Request, Scope

__all__ = [
    "ENGINE_VERSION",
    "FOREVER",
    "Actor",
    "CaseRecord",
    "CaseState",
    "Catalogue",
    "CatalogueError",
    "Catalogues",
    "Consent",
    "ConsentError",
    "Decision",
    "DossierFacts",
    "FactRecord",
    "Facts",
    "FactsError",
    "ForeignFacts",
    "Grantee",
    "ItemFacts",
    "MalformedGrantError",
    "NotAuthorisedError",
    "Obligations",
    "Participant",
    "Period",
    "Request",
    "Scope",
    "StaleStatementError",
    "Standing",
    "TransitionError",
    "compile_case",
    "compile_facts",
    "decide",
    "explain",
    "parse_consent",
    "shipped_catalogues",
]
