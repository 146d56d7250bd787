"""Who takes part in a case, as its signed statements prove it; nobody else is sealed to."""

from __future__ import annotations

import pytest

from crypto.casechain import LINKS
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
        self.opening = self.opens("noor")
        self.statements, self.ended = [self.opening, self.accepted()], []

    def join(self, name, organisation, role):
        self.people[name] = Capacity(new_id(), organisation, role)
        self.keys[self.people[name]] = SigningKey.generate()

    def named(self, name):
        return self.people[name].payload()

    def about(self):
        return {"subject": "debts", "purpose": "debt-help", "basis": "consent"}

    def opens(self, name, coordinator="", **more):
        named = coordinator or name
        head = self.head(named) if named == name else ""
        fields = {"coordinator": self.named(named), "chainHead": head, **self.about()}
        return self.sign(name, "case-opening", **(fields | more))

    def head(self, name):
        """What stands for the keys of somebody in a statement; the chains themselves are tested with the groups."""
        return key_hash(self.keys[self.people[name]].public).hex()

    def link(self):
        """The fields of the next link."""
        links = [each for each in self.statements if each.kind in LINKS]
        before = links[-1] if links else self.opening
        ended, self.ended = sorted(self.ended), []
        return {"sequence": len(links) + 1, "previous": before.hash.hex(), "ended": ended}

    def leaves(self, name):
        """Somebody's part ends without a statement: the service says so."""
        self.ended.append(self.named(name)["person"])

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
        fields |= {"chainHead": self.head(name), **self.link()}
        fields |= {"from": NOW - 60, "until": NOW + 5 * DAY} | changes
        self.statements.append(self.sign(signer, "case-participation", at=at, key=key, **fields))

    def hands_over(self, giver, taker, *, at=NOW, alone=False):
        both = [self.people[giver], self.people[taker]]
        actors = [{"person": one.person.hex(), "keyHash": key_hash(self.keys[one].public).hex()} for one in both]
        payload = {"case": self.id.hex(), "from": actors[0]["person"], "to": self.named(taker), **self.link()}
        made = sign("coordinator-transfer", payload | {"actors": actors, "issuedAt": at}, self.keys[both[0]])
        self.statements.append(made if alone else cosign(made, self.keys[both[1]]))

    def key_of(self, who, name, _issued, joined=None):
        if joined is not None and joined.payload["chainHead"] not in {"", self.heads.get(who)}:
            raise PinError("other keys than those they joined with")
        key = self.keys.get(who)
        if key is None or key_hash(key.public).hex() != name:
            raise PinError("not a key of this person")
        return key.public

    def proved(self, at=NOW, **changes):
        concerned = Concerned(self.dossier, {self.people["owner"].person})
        self.heads = {who: key_hash(key.public).hex() for who, key in self.keys.items()} | changes.get("heads", {})
        shown = [changes.get("opening", self.opening), *self.statements[1:]]
        found = prove(shown, self.ended, concerned, self.key_of)
        return {name for name, who in self.people.items() if found.part_of(who, at)}


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
    other = case.opens("joris")
    case.statements = whole
    assert case.proved(opening=other) == set()
    forged = case.opens("noor", key=SigningKey.generate())
    case.opening = forged
    case.statements = [forged, case.accepted()]
    assert case.proved() == set()


def test_nobody_is_sealed_to_after_the_acceptance(case):
    """When the owner's acceptance has ended nobody counts, the coordinator neither, whose own part has no end."""
    assert case.proved(NOW + 9 * DAY - 1) == {"noor"}
    assert case.proved(NOW + 9 * DAY) == set()


def test_the_reins_follow_both_signatures(case):
    """After a transfer the next coordinator brings people in, and the former one nobody, whatever the time (R15)."""
    case.adds("noor", "joris")
    case.hands_over("noor", "joris", at=NOW + 60)
    case.adds("noor", "els", at=NOW - 90)
    assert case.proved() == {"noor", "joris"}
    case.adds("joris", "els", at=NOW + 90)
    assert case.proved() == {"noor", "joris", "els"}


def test_a_transfer_that_does_not_verify_leaves_nobody_with_the_reins(case):
    """Signed by one only, to somebody who does not take part, or by a stranger: from there on nobody is added."""
    case.adds("noor", "joris")
    before = list(case.statements)
    for giver, taker, alone in (("noor", "joris", True), ("noor", "els", False), ("other", "joris", False)):
        case.statements, case.ended = list(before), []
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


def test_an_ended_part_is_over(case):
    """An end that is shown takes away whoever says so, a coordinator's power too; joining again counts again (P7)."""
    case.adds("noor", "joris")
    case.leaves("joris")
    assert case.proved() == {"noor"}
    case.adds("noor", "bea")
    assert case.proved() == {"noor", "bea"}
    case.adds("noor", "joris", at=NOW + 1)
    assert case.proved() == {"noor", "bea", "joris"}
    case.leaves("noor")
    case.adds("noor", "els")
    assert case.proved() == {"bea", "joris"}


def test_a_signed_end_counts_from_where_it_stands(case):
    """Who was brought in again after their signed end takes part, and before that not."""
    case.adds("noor", "joris")
    gone = case.sign("joris", "participation-end", person=case.named("joris")["person"], reason="left")
    case.statements.append(gone)
    assert case.proved() == {"noor"}
    case.adds("noor", "joris", at=NOW + 1)
    assert case.proved() == {"noor", "joris"}


def test_an_end_that_a_link_names_took_place(case):
    """Whoever signed a link, and whether it counts or not, who is named as ended in it takes part no more."""
    case.adds("noor", "joris")
    case.leaves("joris")
    case.adds("other", "els")
    assert case.proved() == {"noor"}


def test_a_signer_must_have_the_keys_they_joined_with(case):
    """Keys that the service puts in the place of a coordinator's, or of the next one's, sign for nobody (R2, R15)."""
    case.adds("noor", "joris")
    swapped = SigningKey.generate()
    assert case.proved(heads={case.people["noor"]: key_hash(swapped.public).hex()}) == set()
    case.hands_over("noor", "joris")
    case.adds("joris", "els")
    assert case.proved() == {"noor", "joris", "els"}
    assert case.proved(heads={case.people["joris"]: key_hash(swapped.public).hex()}) == {"noor", "joris"}


def test_the_last_statement_says_which_keys(case):
    """Who is brought in again with new keys takes part with these, and with the first no more (R2)."""
    case.adds("noor", "bea")
    first = case.head("bea")
    case.keys[case.people["bea"]] = SigningKey.generate()
    case.adds("noor", "bea")
    case.proved()
    concerned = Concerned(case.dossier, {case.people["owner"].person})
    part = prove(case.statements, [], concerned, case.key_of).part_of(case.people["bea"], NOW)
    assert part.joined.payload["chainHead"] == case.head("bea") != first


def test_statements_of_another_case_count_for_nothing(case):
    """Another case of the same coordinator brings nobody into this one."""
    case.adds("noor", "joris", case=new_id().hex())
    assert case.proved() == {"noor"}


def test_a_system_names_a_coordinator_of_its_organisation(case):
    """An agency's system opens with a professional of the agency; a person cannot name another (R2)."""
    case.join("system", BANK, "")
    case.opening = case.opens("system", "noor")
    case.statements = [case.opening, case.accepted()]
    case.adds("noor", "joris")
    assert case.proved() == {"noor", "joris"}
    for opener, coordinator in (("system", "bea"), ("els", "noor"), ("bea", "noor")):
        case.opening = case.opens(opener, coordinator)
        case.statements = [case.opening, case.accepted()]
        assert case.proved() == set()
