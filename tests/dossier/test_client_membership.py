"""Who takes part in a case, as its signed statements prove it; nobody else is sealed to."""

from __future__ import annotations

import pytest

from crypto.encoding import new_id
from crypto.errors import PinError
from crypto.keys import SigningKey, key_hash
from crypto.statements import cosign, sign
from dossier.client.cases import Capacity
from dossier.client.membership import Concerned, prove

NOW = 1_800_000_000
DAY = 86_400
ROLE, BANK = "debt-counsellor", new_id()


class Case:
    """A case of one dossier: its people by name, with keys, and the statements so far."""

    def __init__(self):
        self.id, self.dossier, self.keys, self.people = new_id(), new_id(), {}, {}
        for name in ("owner", "other", "bea"):
            self.join(name, b"", "")
        for name in ("noor", "joris", "els"):
            self.join(name, BANK, ROLE)
        self.opening = self.sign("noor", "case-opening", coordinator=self.named("noor"), **self.about())
        self.statements = [self.opening, self.accepted()]

    def join(self, name, organisation, role):
        self.people[name] = Capacity(new_id(), organisation, role)
        self.keys[self.people[name]] = SigningKey.generate()

    def named(self, name):
        return self.people[name].payload()

    def about(self):
        return {"subject": "debts", "purpose": "debt-help", "basis": "consent"}

    def sign(self, name, kind, /, *, at=NOW, key=None, **fields):
        who = self.people[name]
        signer = {"signer": who.person.hex(), "organisation": who.organisation.hex(), "role": who.role}
        if kind == "case-acceptance":
            signer = {"signer": who.person.hex(), "capacity": "owner"}
        payload = {"case": self.id.hex(), **signer, "issuedAt": at, **fields}
        return sign(kind, payload, key or self.keys[who])

    def accepted(self, name="owner", **changes):
        fields = {"caseHash": self.opening.hash.hex(), "dossier": self.dossier.hex(), "until": NOW + 9 * DAY}
        after = {"seq": 2, "leaf": "11" * 32}
        return self.sign(name, "case-acceptance", **(fields | {"after": after} | changes))

    def adds(self, signer, name, *, at=NOW, key=None, **changes):
        kind = "professional" if self.people[name].organisation else "network"
        fields = {"participant": self.named(name), "kind": kind, "purpose": "debt-help"}
        fields |= {"from": NOW - 60, "until": NOW + 5 * DAY} | changes
        self.statements.append(self.sign(signer, "case-participation", at=at, key=key, **fields))

    def hands_over(self, giver, taker, *, at=NOW, alone=False):
        both = [self.people[giver], self.people[taker]]
        actors = [{"person": one.person.hex(), "keyHash": key_hash(self.keys[one].public).hex()} for one in both]
        payload = {"case": self.id.hex(), "from": actors[0]["person"], "to": self.named(taker)}
        made = sign("coordinator-transfer", payload | {"actors": actors, "issuedAt": at}, self.keys[both[0]])
        self.statements.append(made if alone else cosign(made, self.keys[both[1]]))

    def key_of(self, who, name, _issued):
        key = self.keys.get(who)
        if key is None or key_hash(key.public).hex() != name:
            raise PinError("not a key of this person")
        return key.public

    def proved(self, at=NOW, **changes):
        concerned = Concerned(self.dossier, {self.people["owner"].person})
        found = prove(changes.get("opening", self.opening), self.statements, concerned, self.key_of)
        return {name for name, who in self.people.items() if found.proves(who, at)}


@pytest.fixture
def case():
    return Case()


def test_whom_the_coordinator_brings_in_takes_part(case):
    """The coordinator of the opening and whom they sign for, each in exactly that capacity and period (P1)."""
    case.adds("noor", "joris")
    case.adds("noor", "bea", until=NOW + DAY)
    assert case.proved() == {"noor", "joris", "bea"}
    assert case.proved(NOW + 2 * DAY) == {"noor", "joris"}
    case.people["joris"] = Capacity(case.people["joris"].person, BANK, "jurist")
    assert case.proved() == {"noor", "bea"}


def test_whom_a_stranger_brings_in_does_not(case):
    """A participant, another owner, and somebody with the coordinator's name but not their key prove nobody (P1, R2)."""
    case.adds("noor", "joris")
    case.adds("joris", "els")
    case.adds("other", "bea")
    case.adds("noor", "els", key=SigningKey.generate())
    case.statements.append(case.accepted("other"))
    case.adds("other", "bea")
    assert case.proved() == {"noor", "joris"}


def test_an_owner_brings_people_into_their_own_case(case):
    """Whose dossier it is may sign for people; only once they have accepted, and not for another's dossier."""
    case.adds("owner", "bea")
    assert case.proved() == {"noor", "bea"}
    case.statements = [case.opening, case.accepted(dossier=new_id().hex())]
    case.adds("owner", "bea")
    assert case.proved() == set()


def test_a_case_that_the_owner_did_not_accept_proves_nobody(case):
    """An opening of another hash, a forged acceptance, none at all: nobody is sealed to, the coordinator neither (P1)."""
    case.adds("noor", "joris")
    whole = list(case.statements)
    case.statements = [each for each in whole if each.kind != "case-acceptance"]
    assert case.proved() == set()
    case.statements = [case.opening, case.accepted(key=SigningKey.generate()), *whole[2:]]
    assert case.proved() == set()
    other = case.sign("joris", "case-opening", coordinator=case.named("joris"), **case.about())
    case.statements = whole
    assert case.proved(opening=other) == set()
    forged = case.sign(
        "noor", "case-opening", coordinator=case.named("noor"), key=SigningKey.generate(), **case.about()
    )
    case.opening = forged
    case.statements = [forged, case.accepted()]
    assert case.proved() == set()


def test_the_reins_follow_both_signatures(case):
    """After a transfer the next coordinator brings people in, and the former one nobody (R15)."""
    case.adds("noor", "joris")
    case.hands_over("noor", "joris", at=NOW + 60)
    case.adds("noor", "els", at=NOW + 90)
    assert case.proved() == {"noor", "joris"}
    case.adds("joris", "els", at=NOW + 90)
    assert case.proved() == {"noor", "joris", "els"}


def test_a_transfer_that_does_not_verify_leaves_nobody_with_the_reins(case):
    """Signed by one only, to somebody who does not take part, or by a stranger: from there on nobody is added."""
    case.adds("noor", "joris")
    before = list(case.statements)
    for giver, taker, alone in (("noor", "joris", True), ("noor", "els", False), ("other", "joris", False)):
        case.statements = list(before)
        case.hands_over(giver, taker, alone=alone)
        case.adds("noor", "bea")
        case.adds("joris", "bea")
        assert case.proved() == {"noor", "joris"}


def test_the_owner_gives_the_reins_of_who_left(case):
    """An owner who accepted hands over by both signatures, as when the coordinator has left."""
    case.adds("noor", "joris")
    case.hands_over("owner", "joris")
    case.adds("joris", "els")
    assert case.proved() == {"noor", "joris", "els"}


def test_what_was_signed_much_later_is_not_put_before_a_transfer(case):
    """A former coordinator's statement of after the transfer proves nobody, wherever the service puts it (R15)."""
    case.adds("noor", "joris")
    case.adds("noor", "els", at=NOW + 2 * DAY)
    case.hands_over("noor", "joris", at=NOW + DAY)
    case.adds("joris", "bea", at=NOW + DAY)
    assert case.proved(NOW + DAY) == {"noor", "joris", "bea"}
    case.statements = case.statements[:3]
    case.hands_over("noor", "joris", at=NOW + DAY)
    case.adds("noor", "els", at=NOW + 2 * DAY)
    assert case.proved(NOW + 2 * DAY) == {"noor", "joris"}


def test_an_ended_part_is_over(case):
    """An end that is shown takes away whoever signed it, a coordinator's power too; joining again counts again."""
    case.adds("noor", "joris")
    gone = case.sign("joris", "participation-end", person=case.named("joris")["person"], reason="left")
    case.statements.append(gone)
    assert case.proved() == {"noor"}
    case.statements.append(case.statements[2])
    assert case.proved() == {"noor"}
    case.adds("noor", "joris", at=NOW + 1)
    assert case.proved() == {"noor", "joris"}
    case.statements.append(case.sign("noor", "participation-end", person=case.named("noor")["person"], reason="left"))
    case.adds("noor", "els")
    assert case.proved() == {"joris"}


def test_statements_of_another_case_count_for_nothing(case):
    """Another case of the same coordinator brings nobody into this one."""
    case.adds("noor", "joris", case=new_id().hex())
    assert case.proved() == {"noor"}


def test_a_system_names_a_coordinator_of_its_organisation(case):
    """An agency's system opens with a professional of the agency; a person cannot name another (R2)."""
    case.join("system", BANK, "")
    case.opening = case.sign("system", "case-opening", coordinator=case.named("noor"), **case.about())
    case.statements = [case.opening, case.accepted()]
    case.adds("noor", "joris")
    assert case.proved() == {"noor", "joris"}
    for opener, coordinator in (("system", "bea"), ("els", "noor"), ("bea", "noor")):
        case.opening = case.sign(opener, "case-opening", coordinator=case.named(coordinator), **case.about())
        case.statements = [case.opening, case.accepted()]
        assert case.proved() == set()
