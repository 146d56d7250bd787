"""Who of a role or team can be sealed to: those who verify; everybody else is named as waiting."""

from __future__ import annotations

import secrets

import pytest

from consent.grant import parse_grantee
from crypto.encoding import encode_base64, new_id
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.register import OrganisationKey
from crypto.statements import sign
from crypto.unlock import Identity as Pairs
from dossier.client.cases import CaseView
from dossier.client.enrolment import first_keys, next_keys
from dossier.client.groups import Group, People, Recipient
from dossier.client.parties import Pins, Register
from tests.dossier.shownworld import NOW, Answers, citizen

ROLE = "debt-counsellor"
DAY = 86_400


class Bank:
    """An organisation with attested people, as a service shows them."""

    def __init__(self):
        self.answers, self.key, self.id = Answers(), SigningKey.generate(), new_id()
        employer = OrganisationKey(self.id, "Kredietbank", self.key.public, NOW - DAY, NOW + DAY, b"\1" * 32)
        self.register, self.shown, self.counter = Register({self.id: employer}, {}), [], 0
        self.answers.paths["/v1/professionals"] = {"professionals": self.shown}

    def member(self, name, roles=(ROLE,), *, said=None, until=NOW + DAY, head=""):
        pairs, person = Pairs(SigningKey.generate(), SealingKey.generate()), new_id()
        chain = first_keys(person, self.id, pairs, secrets.token_bytes(32), NOW)
        shown = {
            "person": person.hex(),
            "name": name,
            "organisation": self.id.hex(),
            "roles": list(said or roles),
            "keys": [encode_base64(chain.envelope)],
        }
        self.shown.append(shown)
        self.attest(shown, head or chain.hash.hex(), roles, until)
        return pairs, chain, shown

    def attest(self, shown, head, roles=(ROLE,), until=NOW + DAY):
        self.counter += 1
        payload = {
            "organisation": self.id.hex(),
            "person": shown["person"],
            "chainHead": head,
            "roles": list(roles),
            "conflicts": [],
            "from": NOW - DAY,
            "until": until,
            "counter": self.counter,
            "signer": self.id.hex(),
            "issuedAt": NOW,
        }
        shown["attestation"] = encode_base64(sign("person-attestation", payload, self.key).envelope)

    def people(self, pins=None):
        return People(self.answers, self.register, pins or Pins())

    def case(self, *parts):
        """A case with these participants: (shown professional or person id, from, until)."""
        opening = sign("case-opening", _opening(), SigningKey.generate())
        return CaseView(opening, {"participants": [_part(*each) for each in parts]})


def _opening():
    nobody = {"person": new_id().hex(), "organisation": "", "role": ""}
    fields = {"case": new_id().hex(), "subject": "debts", "purpose": "debt-help", "basis": "consent"}
    return fields | {
        "coordinator": nobody,
        "signer": nobody["person"],
        "organisation": "",
        "role": "",
        "issuedAt": NOW,
    }


def _part(who, start=NOW, until=0):
    if isinstance(who, bytes):
        return {"person": who.hex(), "name": "Bea", "organisation": "", "role": "", "from": start, "until": until}
    named = {name: who[name] for name in ("person", "name", "organisation")}
    return named | {"role": who["roles"][0], "from": start, "until": until}


@pytest.fixture
def bank():
    return Bank()


def names(group):
    return [each.name for each in group.members], [each.name for each in group.waiting]


def test_a_role_is_everybody_in_it_who_verifies(bank):
    """Members whose attestation, chain and role hold get keys; all others are named, with the reason (R2)."""
    bank.member("Noor")
    bank.member("Gerard", head="11" * 32)
    bank.member("Els", until=NOW - 1)
    bank.member("Ad", roles=("care-adviser",), said=(ROLE,))
    bank.member("Joris", roles=("care-adviser",))
    group = bank.people().in_role(bank.id, ROLE)
    assert names(group) == (["Noor"], ["Gerard", "Els", "Ad"])
    assert all(each.reason for each in group.waiting)
    assert group.grantee()["kind"] == "role"
    assert parse_grantee(group.grantee()).role == ROLE


def test_keys_that_were_replaced_block(bank):
    """Who was seen with other keys is sealed to no more, though the service attests the new ones (R2)."""
    pairs, chain, shown = bank.member("Noor")
    pins = Pins()
    assert names(bank.people(pins).in_role(bank.id, ROLE)) == (["Noor"], [])
    new = Pairs(SigningKey.generate(), SealingKey.generate())
    other = first_keys(bytes.fromhex(shown["person"]), bank.id, new, b"\0" * 32, NOW)
    shown["keys"] = [encode_base64(other.envelope)]
    bank.attest(shown, other.hash.hex())
    group = bank.people(pins).in_role(bank.id, ROLE)
    assert names(group) == ([], ["Noor"])
    later = next_keys(chain, pairs.signing, new, NOW + 5)
    shown["keys"] = [encode_base64(each.envelope) for each in (chain, later)]
    bank.attest(shown, later.hash.hex())
    (member,) = bank.people(pins).in_role(bank.id, ROLE).members
    assert (member.sealing_key, member.since) == (new.sealing.public, NOW + 5)


def test_a_team_is_who_takes_part_now(bank):
    """Professionals by attestation, citizens by their pinned chain; not the owner, nor who comes later or has left."""
    _, _, noor = bank.member("Noor")
    _, _, joris = bank.member("Joris", head="22" * 32)
    _, _, early = bank.member("Vroeg")
    bea, owner = citizen(bank.answers), citizen(bank.answers)
    stranger = {"person": new_id().hex(), "name": "Vreemd", "organisation": bank.id.hex(), "roles": [ROLE]}
    case = bank.case((noor,), (joris,), (early, NOW + 1), (early, NOW - 9, NOW), (bea.id,), (owner.id,), (stranger,))
    group = bank.people().in_case(case, but=owner.id, later_members=False)
    assert names(group) == (["Noor", "Bea"], ["Joris", "Vreemd"])
    assert [each.kind for each in group.members] == ["person", "network"]
    assert (group.grantee()["case"], group.grantee()["laterMembers"]) == (case.case.hex(), False)


def test_citizens_without_keys_wait(bank):
    """A network member who never signed in has no keys: named, not left out in silence."""
    group = bank.people().in_case(bank.case((new_id(),)))
    assert names(group) == ([], ["Bea"])


def test_whom_a_consent_means(bank):
    """A person in a role they no longer have, and somebody who is not attested, are nobody to seal to."""
    _, _, noor = bank.member("Noor")
    people, nothing = bank.people(), {"case": "", "system": "", "laterMembers": False}
    named = {"kind": "person", "person": noor["person"], "organisation": bank.id.hex()} | nothing
    found = people.meant_by(parse_grantee(named | {"role": ROLE}), bank.case)
    assert isinstance(found, Recipient)
    assert found.id.hex() == noor["person"]
    assert isinstance(people.meant_by(parse_grantee(named | {"kind": "role", "role": ROLE}), bank.case), Group)
    for wrong in ({"role": "auditor"}, {"role": ROLE, "person": new_id().hex()}):
        with pytest.raises(PinError):
            people.meant_by(parse_grantee(named | wrong), bank.case)
    with pytest.raises(PinError):
        people.meant_by(parse_grantee(named | {"kind": "system", "role": "", "system": "00" * 16}), bank.case)


def test_names_find_people(bank):
    """A name finds who has it, else those whose name begins so."""
    ids = {name: bytes.fromhex(bank.member(name)[2]["person"]) for name in ("Noor", "Noor Hoekstra", "Joris")}
    people = bank.people()
    assert people.named("noor") == [ids["Noor"]]
    assert people.named("noor h") == [ids["Noor Hoekstra"]]
    assert people.named("no") == [ids["Noor"], ids["Noor Hoekstra"]]
    assert people.named("") == people.named("x") == []
