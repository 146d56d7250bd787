"""Statements, read from the page alone, against the vectors."""

from __future__ import annotations

from base64 import b64decode

from tests.independent.statement import parse, verify, verify_several
from tests.independent.vectors import cases, outcome, raw


def read_one(case):
    envelope, key = raw(case, "envelope", "key")
    statement = parse(envelope)
    verify(statement, key)
    return statement


@cases("statement")
def test_statements_of_one_signer(case):
    """A statement parses, verifies and has the hash of the vector, or fails as the vector says."""
    statement = outcome(case, read_one)
    if statement is not None:
        assert (statement.kind, statement.value) == (case["kind"], case["payload"])
        assert statement.hash.hex() == case["hash"]


@cases("threshold")
def test_statements_of_several_signers(case):
    """Different listed keys sign, as many as wanted; the hash never depends on the signatures."""
    statement = parse(*raw(case, "envelope"))
    assert statement.hash.hex() == case["hash"]
    keys = [b64decode(key) for key in case["keys"]]
    assert outcome(case, lambda case: verify_several(statement, keys, case["threshold"])) is None
