"""Parties from end to end: the Python client, the real application, provider, writer and database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest

from crypto.encoding import decode_base64, encode_base64
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.statements import parse_statement
from crypto.unlock import Identity as Pairs
from dossier.client.assertion import new_sign_in_key
from dossier.client.enrolment import enrol, make_keys, next_keys, unlock
from dossier.client.errors import RefusedError, SignInError
from dossier.client.organisation import add_member, add_system, attest, enter_organisation
from dossier.client.parties import Pins, check_professional, check_register
from dossier.client.session import Session
from tests.web.browsing import ORIGIN, LoopTransport
from web.demo.founding import register_signers


@dataclass
class Town:
    """Two organisations with an administrator and a professional each, and a way to sign in as anybody."""

    app: object
    personas: dict
    loop: asyncio.AbstractEventLoop
    signers: list
    keys: dict = field(default_factory=dict)
    ids: dict = field(default_factory=dict)

    def session(self, subject=None):
        session = Session(ORIGIN, transport=LoopTransport(self.app, self.loop))
        if subject is not None:
            session.sign_in(subject, self.personas[subject].secret)
        return session

    def found(self, name, administrator):
        """Enter an organisation with its administrator; return the administrator's session."""
        key = SigningKey.generate()
        person = self.personas[administrator]
        with self.session("registrar") as registrar:
            organisation = enter_organisation(
                registrar, name, key, self.signers[:2], administrator=(administrator, person.name)
            )
        self.keys[name], self.ids[name] = key, organisation
        return self.session(administrator)


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    signers = register_signers(settings.data_dir, 3)
    built = Town(app, personas, asyncio.get_running_loop(), signers)
    await asyncio.to_thread(settle, built)
    return built


def settle(town):
    """Two organisations; Noor works for the first and is attested, Joris for the second and is not."""
    with town.found("Kredietbank", "farida-amrani") as first:
        noor = add_member(first, town.ids["Kredietbank"], "noor-hoekstra", "Noor Hoekstra", ["debt-counsellor"])
        with town.session("noor-hoekstra") as session:
            town.noor = enrol(session)
        attest(first, town.ids["Kredietbank"], town.keys["Kredietbank"], noor, ["debt-counsellor"])
    with town.found("Gemeente", "wim-scholten") as second:
        add_member(second, town.ids["Gemeente"], "joris-van-vliet", "Joris van Vliet", ["care-adviser"])


def refused(act, *arguments):
    with pytest.raises(RefusedError) as caught:
        act(*arguments)
    return caught.value.status, caught.value.code


async def inside(function):
    return await asyncio.to_thread(function)


async def test_an_organisation_enters_and_enrols_its_people(town):
    """Register, members, keys and attestation: the client verifies all of it and pins what it saw."""

    def check():
        with town.session("hanneke-de-wit") as session:
            pins = Pins()
            register = check_register(session.get("/v1/register"), pins, session.now())
            shown = session.get("/v1/professionals", {"name": "noor"})["professionals"]
            found = [check_professional(each, register, pins, session.now()) for each in shown]
        assert [each.name for each in found] == ["Noor Hoekstra"]
        assert found[0].roles == ("debt-counsellor",)
        assert found[0].chain.head == town.noor.identity.head
        assert found[0].organisation.name == "Kredietbank"
        assert Pins.from_state(pins.to_state()) == pins

    await inside(check)


async def test_me_tells_who_is_signed_in(town):
    """A professional is signed in for their organisation, a citizen for none."""

    def check():
        with town.session("noor-hoekstra") as session:
            me = session.get("/v1/me")
        assert (me["name"], me["roles"], me["organisation"]["name"]) == (
            "Noor Hoekstra",
            ["debt-counsellor"],
            "Kredietbank",
        )
        with town.session("hanneke-de-wit") as session:
            me = session.get("/v1/me")
        assert "organisation" not in me
        assert (me["roles"], me["assurance"], me["dossiers"]) == ([], "high", [])

    await inside(check)


async def test_keys_open_again_with_what_was_written_down(town):
    """On another device the passphrase, or the recovery code, gives back the same identity; a changed one nothing."""

    def check():
        with town.session("yusuf-kaya") as session:
            made = enrol(session)
        with town.session("yusuf-kaya") as session:
            for typed, kind in ((made.passphrase, "passphrase"), (made.recovery_code, "recovery-code")):
                opened = unlock(session, typed, kind)
                assert opened.identity == made.identity
                assert opened.root == made.root

    await inside(check)


async def test_the_server_can_open_no_keyring(town, owner_pool):
    """What the database holds of a person's keys contains neither seed, root nor secret (P1)."""
    noor = town.noor
    secrets = (noor.identity.signing.seed, noor.identity.sealing.seed, noor.root, noor.stream_key)
    rows = await owner_pool.fetch("SELECT document FROM dossier.keyring UNION ALL SELECT document FROM dossier.unlock")
    assert rows
    for row in rows:
        assert not any(
            secret in row["document"] or encode_base64(secret).encode() in row["document"] for secret in secrets
        )
        assert noor.passphrase.encode() not in row["document"]


async def test_tenants_manage_only_their_own(town):
    """An administrator can neither see nor touch another organisation's members, attestations or systems."""

    def check():
        bank, town_hall = town.ids["Kredietbank"].hex(), town.ids["Gemeente"].hex()
        key, person = town.keys["Kredietbank"], town.noor.identity.person
        with town.session("wim-scholten") as foreign:
            assert refused(foreign.get, f"/v1/organisations/{bank}/members") == (404, "not-found")
            body = {"subject": "wim-scholten", "name": "Wim", "roles": ["debt-counsellor"]}
            assert refused(foreign.post, f"/v1/organisations/{bank}/members", body) == (404, "not-found")
            gone = f"/v1/organisations/{bank}/members/{person.hex()}"
            assert refused(foreign.delete, gone) == (404, "not-found")
            gone = f"/v1/organisations/{bank}/attestations/{person.hex()}"
            assert refused(foreign.delete, gone) == (404, "not-found")
            gone = f"/v1/organisations/{town_hall}/members/{person.hex()}"
            assert refused(foreign.delete, gone) == (404, "not-found")
            # Even the other's own key does not help: the attestation must come from one of its administrators.
            with pytest.raises(RefusedError):
                attest(foreign, town.ids["Kredietbank"], key, person, ["debt-counsellor"])
            taken = {"subject": "noor-hoekstra", "name": "Noor", "roles": ["care-adviser"]}
            assert refused(foreign.post, f"/v1/organisations/{town_hall}/members", taken) == (409, "account-taken")
        with town.session("noor-hoekstra") as member:
            assert refused(member.get, f"/v1/organisations/{bank}/members") == (403, "forbidden")

    await inside(check)


async def test_no_organisation_makes_itself_auditor_or_registrar(town):
    """Roles over the whole service are not an organisation's to give."""

    def check():
        path = f"/v1/organisations/{town.ids['Gemeente'].hex()}/members"
        with town.session("wim-scholten") as session:
            for role in ("auditor", "registrar"):
                body = {"subject": "leyla-aksoy", "name": "Leyla", "roles": [role]}
                assert refused(session.post, path, body) == (400, "role-not-yours")

    await inside(check)


async def test_only_enough_register_keys_enter_an_organisation(town):
    """One signature of two wanted, or the signature of a stranger, is refused; so is everybody but a registrar."""

    def check():
        stranger = SigningKey.generate()
        with town.session("registrar") as session:
            for signers in (town.signers[:1], [town.signers[0], stranger]):
                with pytest.raises(RefusedError) as caught:
                    enter_organisation(
                        session, "Schijn", stranger, signers, administrator=("marieke-bos", "Marieke Bos")
                    )
                assert caught.value.code == "invalid-signature"
        with town.session("wim-scholten") as session, pytest.raises(RefusedError) as caught:
            enter_organisation(session, "Schijn", stranger, town.signers, administrator=("marieke-bos", "Marieke Bos"))
        assert caught.value.status == 403

    await inside(check)


async def test_an_attestation_lasts_31_days_at_most(town):
    """A longer one is refused, and so are roles that the member does not have, or another organisation's key."""

    def check():
        bank, key, person = town.ids["Kredietbank"], town.keys["Kredietbank"], town.noor.identity.person
        with town.session("farida-amrani") as session:
            with pytest.raises(RefusedError) as caught:
                attest(session, bank, key, person, ["debt-counsellor"], seconds=32 * 86_400)
            assert caught.value.code == "attestation-too-long"
            with pytest.raises(RefusedError) as caught:
                attest(session, bank, key, person, ["care-adviser"])
            assert caught.value.code == "role-not-given"
            with pytest.raises(RefusedError) as caught:
                attest(session, bank, town.keys["Gemeente"], person, ["debt-counsellor"])
            assert caught.value.code == "invalid-signature"

    await inside(check)


async def test_a_replaced_chain_blocks(town):
    """With new keys a professional is refused by the client until the organisation attests again (R2)."""

    def check():
        person = town.noor.identity.person
        with town.session("hanneke-de-wit") as session:
            pins = Pins()
            register = check_register(session.get("/v1/register"), pins, session.now())
            before = session.get("/v1/professionals", {"name": "noor"})["professionals"][0]
            check_professional(before, register, pins, session.now())
        with town.session("noor-hoekstra") as session:
            first = parse_statement(decode_base64(before["keys"][-1]))
            pairs = Pairs(SigningKey.generate(), SealingKey.generate())
            following = next_keys(first, town.noor.identity.signing, pairs, session.now())
            session.post(f"/v1/persons/{person.hex()}/keys", {"statement": encode_base64(following.envelope)})
        with town.session("hanneke-de-wit") as session:
            after = session.get("/v1/professionals", {"name": "noor"})["professionals"][0]
            with pytest.raises(PinError):
                check_professional(after, register, pins, session.now())
        with town.session("farida-amrani") as session:
            attest(session, town.ids["Kredietbank"], town.keys["Kredietbank"], person, ["debt-counsellor"])
        with town.session("hanneke-de-wit") as session:
            again = session.get("/v1/professionals", {"name": "noor"})["professionals"][0]
            assert check_professional(again, register, pins, session.now()).chain.head == following.hash
            # A chain that does not hold what was pinned is another's, whatever is attested.
            pins.heads = dict.fromkeys(pins.heads, "ab" * 32)
            with pytest.raises(PinError):
                check_professional(again, register, pins, session.now())

    await inside(check)


async def test_keys_published_twice_under_one_key_get_one_answer(town):
    """Whoever lost the answer asks again and gets the same one, and no other keys: an outcome is not guessed (P10)."""

    def check():
        with town.session("daniel-jansen") as session:
            made = make_keys(session)
            path = f"/v1/persons/{made.identity.person.hex()}/keys"
            body = {
                "statement": encode_base64(made.chain.envelope),
                "streamKey": encode_base64(made.stream_key),
            }
            session.step_up()
            first = session.post(path, body, key="ab" * 16)
            assert session.post(path, body, key="ab" * 16) == first
            assert refused(session.post, path, body)[0] == HTTPStatus.CONFLICT

    await inside(check)


async def test_a_chain_is_continued_by_its_own_key_only(town):
    """A stranger's next keys, a gap, another's person id and a repeated first statement are refused."""

    def check():
        with town.session("ruth-okafor") as session:
            made = enrol(session)
            person = made.identity.person.hex()
            shown = session.get(f"/v1/persons/{person}/keys")["chains"][0]["statements"]
            first = parse_statement(decode_base64(shown[0]))
            pairs = Pairs(SigningKey.generate(), SealingKey.generate())
            forged = next_keys(first, pairs.signing, pairs, session.now())
            path = f"/v1/persons/{person}/keys"
            assert refused(session.post, path, {"statement": encode_base64(forged.envelope)}) == (
                400,
                "invalid-signature",
            )
            again = {"statement": shown[0], "streamKey": encode_base64(made.stream_key)}
            assert refused(session.post, path, again)[0] in {400, 409}
            other = f"/v1/persons/{town.noor.identity.person.hex()}/keys"
            good = next_keys(first, made.identity.signing, pairs, session.now())
            assert refused(session.post, other, {"statement": encode_base64(good.envelope)})[0] == 403

    await inside(check)


async def test_who_leaves_is_out_within_a_second(town):
    """Ending a membership ends its sessions and the attestation; the person cannot sign in for it again (N65)."""

    def check():
        path = f"/v1/organisations/{town.ids['Gemeente'].hex()}/members"
        with town.session("wim-scholten") as admin, town.session("joris-van-vliet") as joris:
            person = joris.get("/v1/me")["person"]
            admin.delete(f"{path}/{person}")
            asyncio.run(asyncio.sleep(1.1))
            with pytest.raises(SignInError):
                joris.get("/v1/me")
            assert person not in {each["person"] for each in admin.get(path)["members"]}
            assert refused(admin.delete, f"{path}/{person}") == (404, "not-found")

    await inside(check)


async def test_a_system_signs_in_with_its_key(town):
    """Client credentials with private_key_jwt give a token for the organisation's system, and only with its key."""

    def check():
        bank, sign_in = town.ids["Kredietbank"], new_sign_in_key("k1")
        with town.session("farida-amrani") as admin:
            system = add_system(
                admin, bank, town.keys["Kredietbank"], "Schulden", SigningKey.generate(), SealingKey.generate(), sign_in
            )
        with town.session() as machine:
            machine.sign_in_system(system.hex(), sign_in)
            me = machine.get("/v1/me")
            assert (me["kind"], me["person"], me["organisation"]["organisation"]) == (
                "system",
                system.hex(),
                bank.hex(),
            )
        with town.session() as thief, pytest.raises(SignInError):
            thief.sign_in_system(system.hex(), new_sign_in_key("k1"))
        with town.session("hanneke-de-wit") as session:
            register = check_register(session.get("/v1/register"), Pins(), session.now())
            assert register.systems[system].organisation == bank
        with town.session("farida-amrani") as admin:
            admin.delete(f"/v1/organisations/{bank.hex()}/systems/{system.hex()}")
        with town.session() as machine, pytest.raises(SignInError):
            machine.sign_in_system(system.hex(), sign_in)

    await inside(check)


async def test_stream_keys_are_for_who_may_check_the_stream(town):
    """A person has their own stream's keys, an administrator the organisation's; for others there is nothing (P5)."""

    def check():
        person, bank = town.noor.identity.person.hex(), town.ids["Kredietbank"].hex()
        with town.session("noor-hoekstra") as session:
            keys = session.get(f"/v1/streams/{person}/keys")["keys"]
            assert keys == [{"epoch": 0, "fromSeq": 1, "key": encode_base64(town.noor.stream_key)}]
            assert refused(session.get, f"/v1/streams/{bank}/keys") == (404, "not-found")
        with town.session("farida-amrani") as session:
            assert len(session.get(f"/v1/streams/{bank}/keys")["keys"]) == 1
            assert refused(session.get, f"/v1/streams/{person}/keys") == (404, "not-found")
            assert refused(session.get, f"/v1/streams/{'ab' * 16}/keys") == (404, "not-found")

    await inside(check)


async def test_the_same_key_answers_the_same(town, pool):
    """An act repeated under its idempotency key gives the same answer and one event; another body is refused (N72)."""

    def check():
        path = f"/v1/organisations/{town.ids['Gemeente'].hex()}/members"
        body = {"subject": "anouk-peeters", "name": "Anouk Peeters", "roles": ["business-adviser"]}
        with town.session("wim-scholten") as session:
            first = session.post(path, body, key="ab" * 16)
            assert session.post(path, body, key="ab" * 16) == first
            other = {**body, "roles": ["care-adviser"]}
            with pytest.raises(RefusedError) as caught:
                session.post(path, other, key="ab" * 16)
        assert caught.value.status == 409
        return first["id"]

    person = await inside(check)
    rows = await pool.fetch("SELECT 1 FROM audit.fact WHERE kind = 'member' AND subject = $1", bytes.fromhex(person))
    assert len(rows) == 1


async def test_a_sign_in_is_an_event_of_the_person(town, pool):
    """Once somebody has keys, each sign-in is an event in their own stream, by the time it counts (P4)."""
    person = town.noor.identity.person

    async def events():
        return await pool.fetchval("SELECT count(*) FROM audit.event WHERE stream = $1", person)

    before = await events()
    await inside(lambda: town.session("noor-hoekstra").close())
    assert await events() == before + 1
