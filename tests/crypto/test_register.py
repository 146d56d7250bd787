from __future__ import annotations

import pytest

from crypto import (
    MalformedError,
    PinError,
    RegisterKeys,
    check_address,
    check_attestation,
    check_system_attestation,
    sign,
    verify_dossier_chain,
    verify_key_chain,
    verify_register,
    verify_register_entry,
)
from crypto.register import MAX_ATTESTATION
from tests.vectors import chains as made

PERSON, ORGANISATION, DOSSIER = (bytes.fromhex(text) for text in (made.PERSON, made.ORGANISATION, made.DOSSIER))


@pytest.fixture(scope="module")
def entry():
    return verify_register_entry(made.register_chain()[0], made.REGISTER)


@pytest.fixture(scope="module")
def chain():
    return verify_key_chain(made.person_chain(1), PERSON, ORGANISATION)


def test_register():
    """The register is one chain whose every entry two of three keys signed."""
    entries = verify_register(made.register_chain(), made.REGISTER)
    assert next(entry.organisation for entry in entries) == ORGANISATION
    with pytest.raises(MalformedError):
        verify_register(made.register_chain()[1:], made.REGISTER)


def test_pinned_register_keys():
    """Entries signed under other register keys, or fewer, than those pinned are refused."""
    for other in (RegisterKeys(made.REGISTER.keys, 1), RegisterKeys(made.REGISTER.keys[:2], 2)):
        with pytest.raises(PinError):
            verify_register_entry(made.register_chain()[0], other)


def test_register_keys_hash():
    """The hash of the register keys does not depend on their order, and does on the threshold."""
    keys = made.REGISTER.keys
    assert RegisterKeys(keys[::-1], 2).hash == made.REGISTER.hash != RegisterKeys(keys, 3).hash


def test_attested_head(entry, chain):
    """The attested chain head gives the roles; any other head blocks, it does not warn (R2, N19)."""
    assert check_attestation(made.attestation(), entry, chain, made.NOW) == ("debt-counsellor",)
    moved = verify_key_chain(made.person_chain(2), PERSON, ORGANISATION)
    with pytest.raises(PinError):
        check_attestation(made.attestation(), entry, moved, made.NOW)


def test_attestation_times(entry, chain):
    """An attestation holds from its first second to before its last, 31 days at most (N65)."""
    start = made.NOW - 100
    longest = made.attestation(until=start + MAX_ATTESTATION)
    for now in (start, start + MAX_ATTESTATION - 1):
        assert check_attestation(longest, entry, chain, now)
    for now in (start - 1, start + MAX_ATTESTATION):
        with pytest.raises(PinError):
            check_attestation(longest, entry, chain, now)


def test_attestation_of_another_organisation(entry, chain):
    """An organisation attests in its own name only."""
    for forged in (made.attestation(organisation="0" * 32), made.attestation(person="0" * 32)):
        with pytest.raises(PinError):
            check_attestation(forged, entry, chain, made.NOW)


def test_system(entry):
    """A system's keys are those that its organisation attests now."""
    keys = check_system_attestation(made.system_attestation(), entry, made.NOW, counter=5)
    assert (keys.organisation, keys.signing_key) == (ORGANISATION, made.KEYS[1].public)
    with pytest.raises(PinError):
        check_system_attestation(made.system_attestation(), entry, made.NOW, counter=6)


def test_address_of_nothing():
    """An address may name no section key at all, and is for the dossier whose chain is at hand."""
    chain = verify_dossier_chain(made.dossier_chain(), DOSSIER)
    statement = sign(
        "dossier-address",
        {
            "dossier": made.DOSSIER,
            "organisation": made.ORGANISATION,
            "keyHead": chain.head.hex(),
            "sectionKeys": [],
            "seq": 1,
            "until": made.NOW + 10,
            "signer": "0" * 32,
            "issuedAt": made.NOW,
        },
        made.DIRECTORY,
    )
    assert check_address(statement, made.DIRECTORY.public, ORGANISATION, chain, [], made.NOW) == ()
    with pytest.raises(PinError):
        check_address(statement, made.DIRECTORY.public, DOSSIER, chain, [], made.NOW)
