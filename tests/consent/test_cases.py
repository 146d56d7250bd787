from __future__ import annotations

from typing import Any

import pytest

from consent.engine import decide
from consent.errors import NotAuthorisedError
from consent.facts import FactRecord
from consent.folding import compile_facts
from consent.grant import parse_consent
from consent.verification import check_authority, check_sense, check_withdrawal
from tests.consent.casebook import (
    CATALOGUES,
    TODAY,
    actor,
    cases,
    consent_payload,
    facts,
    holder,
    ident,
    instant,
    question,
)

FILES = {
    "professionals": 17,
    "representatives": 18,
    "rules": 22,
    "items": 20,
    "casework": 10,
    "law-and-emergency": 17,
}
SIGNATURES = 15
CASES = [case for name in FILES for case in cases(name)]


def test_no_case_is_lost():
    """The files hold exactly the cases that are counted here, each with a sentence of its own."""
    assert {name: len(cases(name)) for name in FILES} == FILES
    assert len(cases("signatures")) == SIGNATURES
    assert len({case["sentence"] for case in CASES}) == sum(FILES.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sentence"])
def test_case(case: dict[str, Any]):
    """The engine answers as the sentence says (P2)."""
    request, now = question(case)
    decision = decide(request, facts(case), now)
    answer = case["answer"]
    assert (decision.permitted, decision.reason, decision.step) == (
        answer["permitted"] == "ja",
        answer["reason"],
        answer["step"],
    )
    assert decision.obligations.notify == answer.get("notify", False)
    if "holds_until" in answer:
        assert decision.holds_until == instant(answer["holds_until"])


@pytest.mark.parametrize("case", cases("signatures"), ids=lambda case: case["sentence"])
def test_signature(case: dict[str, Any]):
    """A signed statement counts, or does not, as the sentence says (P6)."""
    if case["counts"]:
        check_signed(case)
    else:
        with pytest.raises(NotAuthorisedError):
            check_signed(case)


def check_signed(case: dict[str, Any]) -> None:
    known = [
        FactRecord(1, "dossier-key", "", {"owner": ident("olga")}),
        FactRecord(2, "authority-list", "", {"holders": [holder(words) for words in case.get("holders", ())]}),
    ]
    compiled, words, now = compile_facts(known, CATALOGUES), case["signed"], instant(TODAY)
    sections = words.get("sections", ["debts"])
    payload = consent_payload(
        {"kind": "consent", "id": "t1", "to": words.get("to", "vera"), "sections": sections, "signed_by": words["who"]}
    )
    signed = {"signer": actor(words["who"]).id, "keyHash": words["who"], "capacity": words["capacity"]}
    consent = parse_consent(payload, 3)
    if words.get("withdraws"):
        check_withdrawal(signed, consent, sections, compiled, now)
        return
    other = words.get("with")
    cosigners = [signed | {"signer": actor(other).id, "keyHash": other}] if other else []
    check_authority(signed, sections, compiled, now, cosigners=cosigners)
    check_sense(consent, compiled, now)
