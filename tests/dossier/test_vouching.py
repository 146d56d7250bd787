"""Keys and attestations held against who signed them (P8): a standing that nobody vouched for is named."""

from __future__ import annotations

import pytest

from consent.facts import FactRecord
from crypto.encoding import encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.statements import sign
from dossier.auditing.vouching import CHECKS, unvouched
from dossier.facts.parties import OrganisationFacts, PersonFacts, compile_organisation, compile_person

PERSON, AGENCY = new_id(), new_id()
OLD, NEW, OTHER, OFFICE = (SigningKey.generate() for _ in range(4))
SEALING = encode_base64(SealingKey.generate().public)


def chain(sequence=0, previous="", signing=OLD, by=OLD):
    """A link of a citizen's key chain."""
    fields = {"person": PERSON.hex(), "organisation": "", "sequence": sequence, "previous": previous}
    fields |= {"signingKey": encode_base64(signing.public), "sealingKey": SEALING, "streamKeyHash": "11" * 32}
    return sign("key-chain", fields | {"signer": PERSON.hex(), "issuedAt": 1_800_000_000}, by)


def attestation(counter=1, by=OFFICE):
    """What an organisation says of somebody."""
    fields = {"organisation": AGENCY.hex(), "person": PERSON.hex(), "chainHead": "22" * 32, "roles": ["auditor"]}
    times = {"from": 0, "until": 2_000_000_000, "counter": counter, "issuedAt": 1_800_000_000}
    return sign("person-attestation", fields | times | {"conflicts": [], "signer": AGENCY.hex()}, by)


def system(by=OFFICE):
    """What an organisation says of its system."""
    keys = {"signingKey": encode_base64(NEW.public), "sealingKey": SEALING}
    times = {"from": 0, "until": 2_000_000_000, "counter": 1, "issuedAt": 1_800_000_000}
    names = {"organisation": AGENCY.hex(), "system": new_id(AGENCY[:2]).hex(), "signer": AGENCY.hex()}
    return sign("system-attestation", names | keys | times, by)


def person(*links):
    """The facts of a person with these links."""
    return compile_person(
        [FactRecord(n, "key-chain", PERSON.hex(), each.payload) for n, each in enumerate(links, 1)], PersonFacts()
    )


def office(*attested):
    """The facts of an organisation that the register knows, with these attestations."""
    entry = {"key": encode_base64(OFFICE.public), "from": 0, "until": 2_000_000_000}
    said = [FactRecord(n, "person-attestation", PERSON.hex(), each.payload) for n, each in enumerate(attested, 2)]
    return compile_organisation([FactRecord(1, "register-entry", AGENCY.hex(), entry), *said], OrganisationFacts())


FIRST = chain()
SECOND = chain(1, FIRST.hash.hex(), NEW, OLD)


@pytest.mark.parametrize(
    "statement, before",
    [
        (FIRST, person()),
        (SECOND, person(FIRST)),
        (attestation(), office()),
        (attestation(2), office(attestation(1))),
        (system(), office()),
    ],
)
def test_what_is_vouched_for_stands(statement, before):
    """A chain by the key before it, attestations by their organisation's key: nothing is said of them."""
    assert statement.kind in CHECKS
    assert unvouched(statement.envelope, statement.hash.hex(), before) == []


@pytest.mark.parametrize(
    "statement, before, found",
    [
        (chain(by=OLD, signing=OLD), person(FIRST), "do not follow"),
        (chain(1, "33" * 32, NEW, OLD), person(FIRST), "do not follow"),
        (chain(1, FIRST.hash.hex(), NEW, NEW), person(FIRST), "not signed"),
        (chain(1, FIRST.hash.hex(), NEW, OTHER), person(FIRST), "not signed"),
        (attestation(by=OTHER), office(), "not signed"),
        (attestation(1), office(attestation(1)), "older"),
        (system(by=OTHER), office(), "not signed"),
        (attestation(), OrganisationFacts(), "not signed"),
    ],
)
def test_what_nobody_vouched_for_is_named(statement, before, found):
    """Keys that their own key did not hand over, an attestation by another key or an old one: each is named (P6)."""
    [text] = unvouched(statement.envelope, statement.hash.hex(), before)
    assert found in text


@pytest.mark.parametrize("envelope, digest", [(b"", "aa" * 32), (FIRST.envelope, "aa" * 32)])
def test_statement_that_is_not_kept_is_named(envelope, digest):
    """Without the signed statement that the event names nothing can be said of who vouched."""
    [text] = unvouched(envelope, digest, person())
    assert text.startswith("not replayable: ")
