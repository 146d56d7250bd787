"""What a review found of names that are one tenant's: no other may take them."""

from __future__ import annotations

import pytest

from crypto.encoding import encode_base64, new_id
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.register import OrganisationKey
from crypto.statements import sign
from dossier.client.parties import Pins, _systems
from dossier.errors import ConflictError
from dossier.parties.actor import ADMINISTRATOR, Actor, Assurance
from dossier.parties.attestations import AttestSystem, NewSystem
from tests.dossier.town import claim, now


def attestation(agency, system, counter=1):
    """An organisation's word for a system, with keys of its own choosing."""
    fields = {
        "organisation": agency.id.hex(),
        "system": system.hex(),
        "signingKey": encode_base64(SigningKey.generate().public),
        "sealingKey": encode_base64(SealingKey.generate().public),
        "from": now() - 10,
        "until": now() + 86_400,
        "counter": counter,
        "signer": agency.id.hex(),
        "issuedAt": now(),
    }
    return sign("system-attestation", fields, agency.key)


async def enter(town, agency, statement):
    actor = Actor("person", new_id(), agency.id, (ADMINISTRATOR,), Assurance.HIGH, now(), b"s" * 16)
    new = NewSystem(statement, "Systeem", '{"keys":[]}', "")
    return await town.writer.submit(AttestSystem(actor, agency.id, agency.key.public, new, claim(actor)))


async def test_no_organisation_takes_the_id_of_anothers_system(town, monkeypatch):
    """An id that stands for one organisation's system is refused to every other, also after its end (P2, R2)."""
    first = await town.agency()
    monkeypatch.setattr("tests.dossier.town.new_id", lambda bucket=None: new_id(bucket or first.id[:2]))
    second = await town.agency()
    system = new_id(first.id[:2])
    await enter(town, first, attestation(first, system))
    with pytest.raises(ConflictError) as caught:
        await enter(town, second, attestation(second, system))
    assert caught.value.code == "id-in-use"
    await enter(town, first, attestation(first, system, counter=2))


def test_client_believes_no_register_that_gives_a_system_to_two():
    """A client refuses a register in which two organisations attest one system (R9)."""

    class Agency:
        def __init__(self, key):
            self.id, self.key = new_id(), key

    agencies = [Agency(SigningKey.generate()) for _ in range(2)]
    system = new_id()
    texts = [encode_base64(attestation(each, system).envelope) for each in agencies]
    known = {each.id: OrganisationKey(each.id, "", each.key.public, 0, now() + 10, b"") for each in agencies}
    assert list(_systems(texts[:1], known, Pins(), now())) == [system]
    with pytest.raises(PinError):
        _systems(texts, known, Pins(), now())
