"""Key chains and the register on the statements that the vectors are made of."""

from __future__ import annotations

import pytest

from crypto import (
    MalformedError,
    PinError,
    SealingKey,
    SignatureError,
    encode_base64,
    parse_statement,
    verify_dossier_chain,
    verify_key_chain,
    verify_section_chain,
    verify_section_key,
)
from tests.values import replace
from tests.vectors import chains as made

PERSON, ORGANISATION, DOSSIER = (bytes.fromhex(text) for text in (made.PERSON, made.ORGANISATION, made.DOSSIER))


def test_head_counts():
    """The keys of a chain are those of its head, and each earlier head stays a valid pin (N20)."""
    statements = made.person_chain()
    for statement in statements:
        chain = verify_key_chain(statements, PERSON, ORGANISATION, pinned=statement.hash)
        assert (chain.signing_key, chain.sealing_key) == (made.KEYS[2].public, made.SEALING[2].public)
        assert chain.head == statements[-1].hash


@pytest.mark.parametrize("at", [0, 1, 2])
def test_swapped_key(at):
    """A key put into any place of a chain by somebody who holds no earlier key is refused (R2, N19, N20)."""
    statements = made.person_chain()
    thief = SealingKey.generate()
    changes = {"sealingKey": encode_base64(thief.public)}
    previous = statements[at - 1].hash.hex() if at else ""
    forged = made.person_statement(at, previous, made.REGISTER_SIGNERS[0], **changes)
    with pytest.raises(SignatureError):
        verify_key_chain([*statements[:at], forged], PERSON, ORGANISATION)


def test_rollback():
    """A chain that ends before the pinned head is refused, however valid it is (R14, N21)."""
    statements = made.person_chain()
    with pytest.raises(PinError):
        verify_key_chain(statements[:2], PERSON, ORGANISATION, pinned=statements[2].hash)


def test_stripped_signature():
    """A chain whose statement was signed by nobody in particular is refused (R17)."""
    statement = made.person_chain(1)[0]
    other = parse_statement(made.dossier_statement(0, "", made.KEYS[0]).envelope)
    stripped = replace(statement, signatures=other.signatures)
    with pytest.raises(SignatureError):
        verify_key_chain([stripped], PERSON, ORGANISATION)


def test_section_keys():
    """Section keys are those that a key of the dossier's chain signed, epoch after epoch (N22, N23)."""
    chain = verify_dossier_chain(made.dossier_chain(), DOSSIER)
    first, second = verify_section_chain(made.section_chain(), chain)
    assert (first.place.epoch, second.place.epoch) == (0, 1)
    assert verify_section_key(made.section_chain()[1], chain) == second
    shorter = verify_dossier_chain(made.dossier_chain()[:1], DOSSIER)
    with pytest.raises(SignatureError):
        verify_section_key(made.section_chain()[1], shorter)


def test_empty():
    """No statements are no chain."""
    with pytest.raises(MalformedError):
        verify_dossier_chain([], DOSSIER)
