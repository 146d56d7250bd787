"""Who of a role or team can be sealed to: those who verify; everybody else is named as waiting."""

from __future__ import annotations

import secrets

import pytest

from consent.grant import parse_grantee
from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.register import OrganisationKey, SystemKeys
from crypto.statements import parse_statement, sign
from crypto.unlock import Identity as Pairs
from dossier.client.cases import Capacity, CaseView
from dossier.client.enrolment import first_keys, next_keys
from dossier.client.groups import KEYS_WAIT, NOT_PROVED, Group, People, Recipient
from dossier.client.membership import Concerned
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
        self.owner = citizen(self.answers)
        self.concerned = Concerned(new_id(), {self.owner.id})

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

    def case(self, *parts, invented=()):
        """A case with these participants: (shown professional or person id, from, until).

        Somebody who is attested opened it and signed for all of them, but for those who are invented.
        """
        pairs, _, shown = self.member("Olga")
        said = [_part(*each) for each in (*parts, *invented)]
        self.opener = (pairs, shown)
        case, coordinator = new_id().hex(), _capacity(_part(shown))
        signer = {"signer": shown["person"], "organisation": self.id.hex(), "role": ROLE, "issuedAt": NOW - 9}
        fields = {"case": case, "subject": "debts", "purpose": "debt-help", "basis": "consent"}
        fields |= {"coordinator": coordinator, "chainHead": self.head(_part(shown))}
        opening = sign("case-opening", fields | signer, pairs.signing)
        links = [opening]
        for at, each in enumerate(said[: len(parts)], 1):
            fields = {"case": case, "purpose": "debt-help", "from": each["from"], "until": NOW + DAY}
            fields |= {"participant": _capacity(each), "kind": "professional" if each["organisation"] else "network"}
            fields |= {"chainHead": self.head(each), "sequence": at, "previous": links[-1].hash.hex(), "ended": []}
            links.append(sign("case-participation", fields | signer, pairs.signing))
        signed = [opening, self._accepted(opening), *links[1:]]
        statements = [{"seq": at, "statement": encode_base64(one.envelope)} for at, one in enumerate(signed, 1)]
        chain = {"sequence": len(links) - 1, "head": links[-1].hash.hex(), "ended": []}
        return CaseView(opening, {"participants": said, "statements": statements, "chain": chain})

    def head(self, part):
        """The head of somebody's chain, as the service shows it."""
        for shown in self.shown:
            if shown["person"] == part["person"]:
                return parse_statement(decode_base64(shown["keys"][-1])).hash.hex()
        answer = self.answers.paths.get(f"/v1/persons/{part['person']}/keys")
        return parse_statement(decode_base64(answer["chains"][0]["statements"][-1])).hash.hex() if answer else "ab" * 32

    def _accepted(self, opening):
        payload = {
            "case": opening.payload["case"],
            "caseHash": opening.hash.hex(),
            "dossier": self.concerned.dossier.hex(),
            "until": NOW + DAY,
            "after": {"seq": 1, "leaf": "11" * 32},
            "signer": self.owner.id.hex(),
            "issuedAt": NOW,
            "capacity": "owner",
        }
        return sign("case-acceptance", payload, self.owner.identity.signing)


def _capacity(part):
    return {name: part[name] for name in ("person", "organisation", "role")}


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
    """Professionals by statement and attestation, citizens by statement; not the owner, nor who comes later or has left."""
    _, _, noor = bank.member("Noor")
    _, _, joris = bank.member("Joris", head="22" * 32)
    _, _, early = bank.member("Vroeg")
    bea = citizen(bank.answers)
    stranger = {"person": new_id().hex(), "name": "Vreemd", "organisation": bank.id.hex(), "roles": [ROLE]}
    case = bank.case(
        (noor,), (joris,), (early, NOW + 1), (early, NOW - 9, NOW), (bea.id,), (bank.owner.id,), (stranger,)
    )
    group = bank.people().in_case(case, bank.concerned, later_members=False)
    assert names(group) == (["Noor", "Bea"], ["Joris", "Vreemd"])
    member = group.members[1]
    assert (member.kind, member.sealing_key) == ("network", bea.identity.sealing.public)
    assert (group.grantee()["case"], group.grantee()["laterMembers"]) == (case.case.hex(), False)


def show_keys(bank, person, *chain):
    """What the service shows as the keys of a citizen."""
    texts = [encode_base64(each.envelope) for each in chain]
    bank.answers.paths[f"/v1/persons/{person.hex()}/keys"] = {
        "person": person.hex(),
        "chains": [{"organisation": "", "statements": texts}],
    }


def test_a_service_that_swaps_a_citizens_keys_is_caught(bank):
    """Keys that the service puts in the place of a citizen's get nothing, at the very first contact too (P1, R2)."""
    bea = citizen(bank.answers)
    case = bank.case((bank.member("Noor")[2],), (bea.id,))
    thief = Pairs(SigningKey.generate(), SealingKey.generate())
    show_keys(bank, bea.id, first_keys(bea.id, b"", thief, secrets.token_bytes(32), NOW))
    group = bank.people().in_case(case, bank.concerned)
    assert names(group) == (["Noor"], ["Bea"])
    assert group.waiting[0].reason == f"the keys are not those that joined the case: {KEYS_WAIT}"
    del bank.answers.paths[f"/v1/persons/{bea.id.hex()}/keys"]
    assert [each.reason for each in bank.people().in_case(case, bank.concerned).waiting] == ["there are no keys"]


def test_a_citizen_who_replaced_their_keys_is_brought_in_again(bank):
    """New keys of a citizen block until somebody signs for them, though the citizen signed them themselves (R2)."""
    bea = citizen(bank.answers)
    case = bank.case((bea.id,))
    new = Pairs(SigningKey.generate(), SealingKey.generate())
    show_keys(bank, bea.id, bea.chain, next_keys(bea.chain, bea.identity.signing, new, NOW + 5))
    (waiting,) = bank.people().in_case(case, bank.concerned).waiting
    assert waiting.reason == f"the keys were replaced after joining the case: {KEYS_WAIT}"
    again = bank.case((bea.id,))
    assert [each.sealing_key for each in bank.people().in_case(again, bank.concerned).members] == [new.sealing.public]


def test_a_professional_who_replaced_their_keys_needs_the_attestation_only(bank):
    """Attested keys that follow from those of joining are sealed to; attested ones that do not are not (R2)."""
    pairs, chain, noor = bank.member("Noor")
    case = bank.case((noor,))
    new = Pairs(SigningKey.generate(), SealingKey.generate())
    later = next_keys(chain, pairs.signing, new, NOW + 5)
    noor["keys"] = [encode_base64(each.envelope) for each in (chain, later)]
    bank.attest(noor, later.hash.hex())
    assert [each.sealing_key for each in bank.people().in_case(case, bank.concerned).members] == [new.sealing.public]
    other = first_keys(bytes.fromhex(noor["person"]), bank.id, new, b"\0" * 32, NOW)
    noor["keys"] = [encode_base64(other.envelope)]
    bank.attest(noor, other.hash.hex())
    (waiting,) = bank.people().in_case(case, bank.concerned).waiting
    assert waiting.reason == "the keys are not those that joined the case"


def test_a_coordinator_with_other_keys_brings_nobody_in(bank):
    """The owner accepted an opening that names the coordinator's keys; who signs with others is nobody (R2)."""
    case = bank.case((bank.member("Noor")[2],))
    own, olga = bank.opener
    thief = Pairs(SigningKey.generate(), SealingKey.generate())
    first = first_keys(bytes.fromhex(olga["person"]), bank.id, thief, b"\0" * 32, NOW)
    # It ends in the very key that signed, so that the signatures as such hold.
    onward = next_keys(first, thief.signing, Pairs(own.signing, thief.sealing), NOW)
    olga["keys"] = [encode_base64(each.envelope) for each in (first, onward)]
    bank.attest(olga, onward.hash.hex())
    assert names(bank.people().in_case(case, bank.concerned)) == ([], ["Noor"])


def test_what_was_seen_of_a_case_is_missed(bank):
    """A link or an end that this client saw, and that is gone, stops all sealing in the case (P1, R14)."""
    bea = citizen(bank.answers)
    case, pins = bank.case((bank.member("Noor")[2],), (bea.id,)), Pins()
    shown = dict(case.shown)
    short = shown | {"statements": shown["statements"][:-1]}
    last = parse_statement(decode_base64(short["statements"][-1]["statement"]))
    short["chain"] = {"sequence": 1, "head": last.hash.hex(), "ended": []}
    assert names(bank.people(pins).in_case(CaseView(case.opening, short), bank.concerned)) == (["Noor"], ["Bea"])
    ended = CaseView(case.opening, shown | {"chain": shown["chain"] | {"ended": [bea.id.hex()]}})
    assert names(bank.people(pins).in_case(ended, bank.concerned)) == (["Noor"], ["Bea"])
    for view in (case, CaseView(case.opening, short)):
        with pytest.raises(PinError):
            bank.people(pins).in_case(view, bank.concerned)
    assert names(bank.people().in_case(case, bank.concerned)) == (["Noor", "Bea"], [])


def test_members_whom_nobody_signed_for_wait(bank):
    """A citizen that the service invents, and a part that it invents for somebody attested, get no key (P1, R2, R15)."""
    _, _, noor = bank.member("Noor")
    _, _, joris = bank.member("Joris")
    bea = citizen(bank.answers)
    case = bank.case((noor,), invented=((bea.id,), (joris,)))
    group = bank.people().in_case(case, bank.concerned)
    assert names(group) == (["Noor"], ["Bea", "Joris"])
    assert {each.reason for each in group.waiting} == {NOT_PROVED}


def test_who_was_brought_in_again_is_named_once(bank):
    """Somebody with two parts in one capacity is one member, or waits once."""
    _, _, noor = bank.member("Noor")
    bea = citizen(bank.answers)
    group = bank.people().in_case(bank.case((noor,), (noor,), invented=((bea.id,), (bea.id,))), bank.concerned)
    assert names(group) == (["Noor"], ["Bea"])


def test_a_team_of_another_dossiers_case_waits(bank):
    """A case that the owner of this dossier did not accept has no member to seal to, though all else is signed (P1)."""
    case = bank.case((bank.member("Noor")[2],))
    for other in (Concerned(new_id(), {bank.owner.id}), Concerned(bank.concerned.dossier, {new_id()})):
        assert names(bank.people().in_case(case, other)) == ([], ["Noor"])


def test_a_coordinator_of_before_is_known_by_their_pin(bank):
    """Who left the organisation signed for others before: proved with the chain that was seen, and only with that."""
    _, _, noor = bank.member("Noor")
    case = bank.case((noor,))
    pins, olga = Pins(), bank.shown.pop()
    assert names(bank.people(pins).in_case(case, bank.concerned)) == ([], ["Noor"])
    chains = [{"organisation": bank.id.hex(), "statements": olga["keys"]}]
    bank.answers.paths[f"/v1/persons/{olga['person']}/keys"] = {"person": olga["person"], "chains": chains}
    assert names(bank.people(pins).in_case(case, bank.concerned)) == ([], ["Noor"])
    bank.shown.append(olga)
    assert names(bank.people(pins).in_case(case, bank.concerned)) == (["Noor"], [])
    bank.shown.remove(olga)
    assert names(bank.people(pins).in_case(case, bank.concerned)) == (["Noor"], [])


def test_a_system_opens_for_its_organisation(bank):
    """The key of a system comes from the register; a system that is not in it opens no case."""
    system, key = new_id(), SigningKey.generate()
    people, who = bank.people(), Capacity(system, bank.id)
    with pytest.raises(PinError):
        people._key_then(who, key_hash(key.public).hex(), NOW, None)
    attested = SystemKeys(bank.id, system, key.public, b"\0" * 32, b"\2" * 32)
    people = People(bank.answers, Register(bank.register.organisations, {system: attested}), Pins())
    assert people._key_then(who, key_hash(key.public).hex(), NOW, None) == key.public
    with pytest.raises(PinError):
        people._key_then(Capacity(system, new_id()), key_hash(key.public).hex(), NOW, None)


def test_whom_a_consent_means(bank):
    """A person in a role they no longer have, and somebody who is not attested, are nobody to seal to."""
    _, _, noor = bank.member("Noor")
    people, nothing = bank.people(), {"case": "", "system": "", "laterMembers": False}
    named = {"kind": "person", "person": noor["person"], "organisation": bank.id.hex()} | nothing
    found = people.meant_by(parse_grantee(named | {"role": ROLE}), bank.case, bank.concerned)
    assert isinstance(found, Recipient)
    assert found.id.hex() == noor["person"]
    assert isinstance(
        people.meant_by(parse_grantee(named | {"kind": "role", "role": ROLE}), bank.case, bank.concerned), Group
    )
    for wrong in ({"role": "auditor"}, {"role": ROLE, "person": new_id().hex()}):
        with pytest.raises(PinError):
            people.meant_by(parse_grantee(named | wrong), bank.case, bank.concerned)
    with pytest.raises(PinError):
        people.meant_by(
            parse_grantee(named | {"kind": "system", "role": "", "system": "00" * 16}), bank.case, bank.concerned
        )


def test_names_find_people(bank):
    """A name finds who has it, else those whose name begins so."""
    ids = {name: bytes.fromhex(bank.member(name)[2]["person"]) for name in ("Noor", "Noor Hoekstra", "Joris")}
    people = bank.people()
    assert people.named("noor") == [ids["Noor"]]
    assert people.named("noor h") == [ids["Noor Hoekstra"]]
    assert people.named("no") == [ids["Noor"], ids["Noor Hoekstra"]]
    assert people.named("") == people.named("x") == []
