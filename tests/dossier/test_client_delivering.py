"""What an agency's client takes for a dossier's address (R2)."""

from __future__ import annotations

import pytest

from crypto.chains import verify_dossier_chain
from crypto.dossierkeys import DossierKeys
from crypto.encoding import decode_base64, encode_base64, new_id, sha256
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.sections import SectionPlace
from crypto.statements import parse_statement, sign
from dossier.client.delivering import open_address
from dossier.client.making import Identity, make_dossier, next_dossier_key, section_key

NOW = 1_800_000_000
DIRECTORY = SigningKey.generate()
AGENCY = new_id()


@pytest.fixture(scope="module")
def made():
    owner = Identity(new_id(), b"", SigningKey.generate(), SealingKey.generate(), sha256(b"head"))
    return make_dossier(owner, "private", ["debts"], NOW)


def answer(made, keys, section):
    """What the service answers: an address signed by the directory key, with the chain and one section key."""
    fields = {
        "dossier": made.dossier.hex(),
        "organisation": AGENCY.hex(),
        "keyHead": keys[-1].hash.hex(),
        "sectionKeys": [section.hash.hex()],
        "seq": 5,
        "until": NOW + 600,
        "issuedAt": NOW,
        "signer": "00" * 16,
    }
    address = sign("dossier-address", fields, DIRECTORY)
    return {
        "address": encode_base64(address.envelope),
        "statements": [encode_base64(each.envelope) for each in (*keys, section)],
    }


def opened(made, keys, section, pinned=None):
    return open_address(answer(made, keys, section), DIRECTORY.public, AGENCY, NOW, pinned=pinned)


def test_pin_moves_along_the_chain_only(made):
    """A successor that the pinned key signed is followed, and its section keys count; another chain blocks (N23)."""
    first = parse_statement(decode_base64(made.body["statements"][0]))
    new = DossierKeys(b"k" * 32, b"r" * 32)
    second = next_dossier_key(first, made.keys.signing_seed, new, sha256(b"stream").hex(), NOW)
    place = SectionPlace(made.dossier, "debts", "ordinary", 1)
    section, _ = section_key(new, place, "ab" * 32, NOW)
    found = opened(made, [first, second], section, pinned=first.hash)
    assert found.chain.head == second.hash
    assert found.chain.keys == verify_dossier_chain([first, second], made.dossier).keys
    other = next_dossier_key(first, made.keys.signing_seed, DossierKeys(b"x" * 32, b"y" * 32), "ab" * 32, NOW)
    forged, _ = section_key(DossierKeys(b"x" * 32, b"y" * 32), place, "ab" * 32, NOW)
    with pytest.raises(PinError):
        opened(made, [first, other], forged, pinned=second.hash)


def test_section_key_of_an_older_dossier_key_is_refused(made):
    """Whoever lost the older dossier key could have signed it: nothing is sealed to it."""
    first = parse_statement(decode_base64(made.body["statements"][0]))
    new = DossierKeys(b"k" * 32, b"r" * 32)
    second = next_dossier_key(first, made.keys.signing_seed, new, sha256(b"stream").hex(), NOW)
    late, _ = section_key(made.keys, SectionPlace(made.dossier, "debts", "ordinary", 1), "ab" * 32, NOW)
    with pytest.raises(PinError, match="older dossier key"):
        opened(made, [first, second], late)
    assert opened(made, [first], late).chain.head == first.hash
