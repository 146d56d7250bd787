from __future__ import annotations

from types import SimpleNamespace

import pytest

from audit.errors import RepeatedError
from crypto.casechain import LINKS, check_case_chain
from crypto.encoding import decode_base64, new_id
from crypto.statements import parse_statement, sign
from dossier.auditing.store import EventStore, open_row
from dossier.cases.accepting import AcceptCase
from dossier.cases.opening import OpenCase
from dossier.cases.people import AddParticipant
from dossier.cases.telling import CaseTeller
from dossier.dossiers.govern import Govern, Submission
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.requests.asking import HiddenRequest
from dossier.sharing.adding import AddCapsules
from dossier.sharing.service import Sharing
from tests.audit.town import KEYS
from tests.dossier.casework import CATALOGUE, capacity, case_id, head_of, opening, signed
from tests.dossier.town import claim, now


@pytest.fixture(scope="module")
async def world(work):
    """A municipality, a housing association, an owner with one item, a friend."""
    town = work.town
    municipality, housing = await town.agency(), await town.agency()
    owner = await town.person("Sanne")
    home = await town.dossier(owner)
    system = await town.system(municipality)
    await town.admit(home, municipality)
    return SimpleNamespace(
        owner=owner,
        home=home,
        system=system,
        item=await town.deliver(home, system),
        municipality=municipality,
        ahmed=await town.person("Ahmed", municipality, "debt-counsellor"),
        fatima=await town.person("Fatima", housing, "housing-consultant"),
        friend=await town.person("Bea"),
        stranger=await town.person("Els", housing, "social-worker"),
    )


async def tell(work):
    return await CaseTeller(work.writer, work.cases.store).run_once(now() + 1)


async def types_in(pool, stream):
    """How many facts of each kind stand in a stream."""
    rows = await pool.fetch("SELECT kind FROM audit.fact WHERE stream = $1 ORDER BY seq, ordinal", stream)
    return [row["kind"] for row in rows]


async def test_invitation_says_nothing(work, world):
    """Opening a case answers "invited" and does the same work whether or not such an owner exists (P9)."""
    case = await work.open(world.ahmed, world.home)
    other = opening(world.ahmed)
    actor = world.ahmed.actor
    answer = await work.writer.submit(OpenCase(actor, other, [new_id() + new_id()], CATALOGUE, claim(actor)))
    assert answer.state == "invited"
    rows = await work.pool.fetch(
        "SELECT case_id, state FROM dossier.invitation WHERE case_id = ANY($1)", [case_id(case), case_id(other)]
    )
    assert [row["state"] for row in rows] == ["waiting", "waiting"]


async def test_everyone_sees_everyone(work, world):
    """Who takes part sees all participants with organisation, role, purpose and end; a stranger sees no case."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await work.add(case, world.ahmed, world.fatima, purpose="housing-support")
    for person in (world.ahmed, world.fatima, world.owner):
        shown = await work.cases.show(person.actor, case_id(case))
        assert [each.person for each in shown.participants] == [world.ahmed.id.hex(), world.fatima.id.hex()]
        assert shown.participants[1].role == "housing-consultant"
        assert shown.participants[1].purpose == "housing-support"
        assert shown.participants[1].until > now()
        assert [each.coordinator for each in shown.participants] == [True, False]
        assert [each.dossier for each in shown.dossiers] == [world.home.id.hex()]
    with pytest.raises(NotFoundError):
        await work.cases.show(world.stranger.actor, case_id(case))
    assert case_id(case).hex() in [each.case for each in (await work.cases.mine(world.fatima.actor)).cases]
    assert case_id(case).hex() not in [each.case for each in (await work.cases.mine(world.stranger.actor)).cases]


async def test_every_look_is_written_down(work, world):
    """A look at a case is an event of the case, a refused one of who asked, and an absent case's alike (P2, P4)."""
    case = await work.open(world.ahmed, world.home)
    store = EventStore(work.pool)

    async def last(stream):
        return open_row((await store.of_stream(stream, 0, 500))[-1], KEYS).event

    shown = await work.cases.show(world.ahmed.actor, case_id(case))
    event = await last(case_id(case))
    assert (event["type"], event["decision"], event["code"]) == ("case", "permit", "takes-part")
    assert event["actor"] == world.ahmed.id.hex()
    assert shown.promise.event == (await store.of_stream(case_id(case), 0, 500))[-1].event.hex()
    for wanted in (case_id(case), new_id()):
        with pytest.raises(NotFoundError):
            await work.cases.show(world.stranger.actor, wanted)
        event = await last(world.stranger.id)
        assert (event["type"], event["decision"], event["case"]) == ("case", "deny", wanted.hex())


async def test_a_blocked_participant_sees_no_dossier(work, world):
    """Whom a dossier blocks sees it in no case, and asks nothing there; the case itself stays theirs (P2)."""
    home = await work.town.dossier(await work.town.person("Ruud"))
    case = await work.open(world.fatima, home)
    await work.accept(home, case)
    assert len((await work.cases.show(world.fatima.actor, case_id(case))).dossiers) == 1
    signer = {"dossier": home.id.hex(), "signer": home.owner.id.hex(), "issuedAt": now(), "capacity": "owner"}
    fields = {"block": new_id(home.id[:2]).hex(), "person": world.fatima.id.hex(), "from": 0, "until": now() + 3600}
    block = sign("block", signer | fields, home.owner.signing)
    await work.writer.submit(Govern(home.owner.actor, home.id, Submission(block), claim(home.owner.actor)))
    shown = await work.cases.show(world.fatima.actor, case_id(case))
    assert (shown.relation, shown.dossiers) == ("participant", [])
    asked, _ = await work.ask(home, world.fatima, case=case.payload["case"])
    assert isinstance(asked, HiddenRequest)


async def test_who_is_not_attested_sees_no_case(work, world):
    """A professional whose attestation is over sees the case no more, whatever they took part in (P9)."""
    agency = await work.town.agency()
    gone = await work.town.person("Karel", agency, "debt-counsellor")
    case = await work.open(gone, world.home)
    assert (await work.cases.show(gone.actor, case_id(case))).relation == "participant"
    await work.town.attest(agency, gone, until=now())
    with pytest.raises(NotFoundError):
        await work.cases.show(gone.actor, case_id(case))
    assert (await work.cases.mine(gone.actor)).cases == []


async def test_who_takes_part_is_shown_with_its_proof(work, world):
    """The signed statements that make it so, in the order of the stream, so that clients need not believe it (P1)."""
    case = await work.open(world.ahmed, world.home)
    opened = (await work.cases.show(world.ahmed.actor, case_id(case))).statements
    assert [parse_statement(decode_base64(each.statement)).hash for each in opened] == [case.hash]
    await work.accept(world.home, case)
    await work.add(case, world.ahmed, world.fatima)
    await work.transfer(case, world.ahmed, world.fatima)
    await work.leave(case, world.fatima, world.ahmed)
    shown = await work.cases.show(world.fatima.actor, case_id(case))
    kinds = [parse_statement(decode_base64(each.statement)).kind for each in shown.statements]
    joining = ["case-opening", "case-acceptance", "case-participation"]
    assert kinds == [*joining, "coordinator-transfer", "participation-end"]
    assert [each.seq for each in shown.statements] == sorted({each.seq for each in shown.statements})


async def test_an_acceptance_is_shown_to_who_sees_its_dossier(work, world):
    """Of two owners in a case each sees their own acceptance, a participant both: it names the dossier (N62)."""
    other = await work.town.person("Ruud")
    home = await work.town.dossier(other)
    case = await work.open(world.ahmed, world.home, home)
    await work.accept(world.home, case)
    await work.accept(home, case)

    async def accepted(person):
        shown = await work.cases.show(person.actor, case_id(case))
        statements = [parse_statement(decode_base64(each.statement)) for each in shown.statements]
        return [each.payload["dossier"] for each in statements if each.kind == "case-acceptance"]

    assert await accepted(world.owner) == [world.home.id.hex()]
    assert await accepted(other) == [home.id.hex()]
    assert await accepted(world.ahmed) == [world.home.id.hex(), home.id.hex()]


async def test_only_the_invited_accept(work, world):
    """An owner accepts only a case that invited them; to another, who was told of it, it does not exist (N86)."""
    case = await work.open(world.ahmed)
    with pytest.raises(NotFoundError):
        await work.accept(world.home, case)
    with pytest.raises(NotFoundError):
        await work.accept(world.home, opening(world.ahmed))


async def test_acceptance_is_signed_for_what_was_seen(work, world):
    """An acceptance counts only for the rules its signer saw, for this very case, by one who holds the dossier (P6)."""
    case = await work.open(world.ahmed, world.home)
    with pytest.raises(StaleError):
        await work.accept(world.home, case, after={"seq": 1, "leaf": "00" * 32})
    with pytest.raises(InvalidRequestError):
        await work.accept(world.home, case, caseHash="00" * 32)
    with pytest.raises(InvalidRequestError):
        await work.accept(world.home, case, until=now() - 1)
    with pytest.raises(NotFoundError):
        await work.accept(world.home, case, world.friend)


async def test_the_dossier_hears(work, world):
    """What happens in a case is one event there and one in each dossier that accepted, told once (P4)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await tell(work)
    before = (await work.writer.look((world.home.id,))).head(world.home.id).seq
    await work.add(case, world.ahmed, world.fatima)
    assert (await work.writer.look((world.home.id,))).head(world.home.id).seq == before
    assert await tell(work) == 1
    assert await tell(work) == 0
    assert (await work.writer.look((world.home.id,))).head(world.home.id).seq == before + 1


async def test_only_the_coordinator_adds(work, world):
    """Who does not coordinate brings nobody in, a stranger finds no case; an owner adds a friend (N62)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await work.add(case, world.ahmed, world.fatima)
    with pytest.raises(ForbiddenError):
        await work.add(case, world.fatima, world.stranger)
    with pytest.raises(NotFoundError):
        await work.add(case, world.stranger, world.fatima)
    with pytest.raises(ForbiddenError):
        await work.add(case, world.owner, world.stranger)
    assert (await work.add(case, world.owner, world.friend)).state == "added"
    shown = await work.cases.show(world.friend.actor, case_id(case))
    assert shown.participants[-1].kind == "network"


async def test_an_old_statement_brings_nobody_back(work, world):
    """The statement that once brought somebody in, sent again after their part ended, is refused (N51)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    part = {"participant": capacity(world.fatima), "kind": "professional", "purpose": "debt-help"}
    part |= {"chainHead": head_of(world.fatima), **(await work.link(case))}
    period = {"from": now() - 5, "until": now() + 86_400}
    first = signed(world.ahmed, "case-participation", case=case.payload["case"], **part, **period)

    async def add():
        actor = world.ahmed.actor
        return await work.writer.submit(AddParticipant(actor, case_id(case), first, CATALOGUE, claim(actor)))

    assert (await add()).state == "added"
    await work.leave(case, world.ahmed, world.fatima)
    with pytest.raises(StaleError):
        await add()
    shown = await work.cases.show(world.ahmed.actor, case_id(case))
    assert world.fatima.id.hex() not in {part.person for part in shown.participants}


async def test_two_changes_at_once_follow_one_on_the_other(work, world):
    """Of two links that follow on the same one, one is taken; the other is refused, signed anew, and taken."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    same = await work.link(case)
    await work.add(case, world.ahmed, world.fatima, **same)
    with pytest.raises(StaleError) as caught:
        await work.add(case, world.owner, world.friend, **same)
    assert caught.value.code == "stale-case"
    with pytest.raises(StaleError):
        await work.transfer(case, world.ahmed, world.fatima, **same)
    for wrong in ({"previous": case.hash.hex()}, {"previous": "00" * 32}, {"sequence": 1}, {"sequence": 3}):
        with pytest.raises(StaleError):
            await work.add(case, world.owner, world.friend, **wrong)
    assert (await work.add(case, world.owner, world.friend)).state == "added"
    shown = await work.cases.show(world.ahmed.actor, case_id(case))
    links = [parse_statement(decode_base64(each.statement)) for each in shown.statements]
    chain = check_case_chain([each for each in links if each.kind in {"case-opening", *LINKS}])
    assert chain.sequence == 2
    assert (shown.chain.sequence, shown.chain.head) == (2, chain.head.hex())


async def test_an_end_waits_for_nobody_and_the_next_link_names_it(work, world):
    """An end is taken whatever came before it, with and without a key; who then brings somebody in must name it (P7)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await work.add(case, world.ahmed, world.fatima)
    await work.add(case, world.ahmed, world.friend)
    before = await work.link(case)
    await work.leave(case, world.fatima, world.fatima, key=False)
    await work.leave(case, world.ahmed, world.friend)
    gone = sorted([world.fatima.id.hex(), world.friend.id.hex()])
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).chain.ended == gone
    for ended in ([], gone[:1], gone[::-1], [*gone, world.stranger.id.hex()]):
        with pytest.raises(StaleError):
            await work.add(case, world.ahmed, world.stranger, **before | {"ended": ended})
    await work.add(case, world.ahmed, world.stranger)
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).chain.ended == []


async def test_somebody_joins_with_the_keys_that_they_have(work, world):
    """A statement that names other keys than the newest of whom it brings in is refused, and so is such an opening."""
    case = await work.open(world.ahmed, world.home)
    with pytest.raises(ConflictError) as caught:
        await work.add(case, world.ahmed, world.fatima, chainHead=head_of(world.ahmed))
    assert caught.value.code == "other-keys"
    with pytest.raises(ConflictError):
        await work.open(world.ahmed, chainHead=head_of(world.fatima))
    with pytest.raises(InvalidRequestError):
        await work.open(
            world.system, statement=opening(world.system, coordinator=capacity(world.ahmed), chainHead="11" * 32)
        )


async def test_participants_stand_in_their_capacity(work, world):
    """Nobody is brought in under a role that their organisation does not attest, or without an end (P9)."""
    case = await work.open(world.ahmed)
    with pytest.raises(InvalidRequestError):
        await work.add(case, world.ahmed, world.fatima, participant=capacity(world.fatima) | {"role": "auditor"})
    with pytest.raises(InvalidRequestError):
        await work.add(case, world.ahmed, world.fatima, until=now() - 1)
    with pytest.raises(InvalidRequestError):
        await work.add(case, world.ahmed, world.fatima, purpose="nothing-known")


async def test_a_role_is_not_claimed(work, world):
    """A case is not opened in a role that the organisation does not attest."""
    statement = opening(world.ahmed, role="auditor", coordinator=capacity(world.ahmed) | {"role": "auditor"})
    with pytest.raises(ForbiddenError):
        await work.open(world.ahmed, statement=statement)


async def test_leaving_needs_no_key(work, world):
    """One's own part ends without a key; another's only with the coordinator's or an owner's signature (P7)."""
    case = await work.open(world.ahmed, world.home)
    await work.add(case, world.ahmed, world.fatima)
    await work.add(case, world.ahmed, world.friend)
    with pytest.raises(ForbiddenError):
        await work.leave(case, world.friend, world.fatima)
    with pytest.raises(ForbiddenError):
        await work.leave(case, world.ahmed, world.fatima, key=False)
    assert (await work.leave(case, world.fatima, world.fatima, key=False)).state == "ended"
    assert (await work.leave(case, world.ahmed, world.friend)).state == "ended"
    with pytest.raises(NotFoundError):
        await work.cases.show(world.fatima.actor, case_id(case))
    with pytest.raises(ConflictError):
        await work.leave(case, world.ahmed, world.fatima)


async def test_one_coordinator(work, world):
    """The reins go over by both signatures only, to a participant, and then the first holds them no longer."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    with pytest.raises(ForbiddenError):
        await work.transfer(case, world.ahmed, world.fatima)
    await work.add(case, world.ahmed, world.fatima)
    with pytest.raises(ForbiddenError):
        await work.transfer(case, world.ahmed, world.fatima, signers=(world.ahmed,))
    with pytest.raises(ForbiddenError):
        await work.transfer(case, world.ahmed, world.fatima, signers=(world.fatima, world.stranger))
    await tell(work)
    assert (await work.transfer(case, world.ahmed, world.fatima, by=world.fatima)).state == "transferred"
    assert await tell(work) == 1
    with pytest.raises(ConflictError):
        await work.transfer(case, world.ahmed, world.fatima)
    with pytest.raises(ForbiddenError):
        await work.close(case, world.ahmed)
    shown = await work.cases.show(world.ahmed.actor, case_id(case))
    assert shown.coordinator == world.fatima.id.hex()
    assert [each.coordinator for each in shown.participants] == [False, True]


async def test_case_consent_ends_with_case(work, world):
    """A team reads in its case; from closing on nothing is read, and the consent ends by an event of its own (P4, P7)."""
    town, home = work.town, world.home
    case = await work.open(world.ahmed, home)
    await work.accept(home, case)
    await work.add(case, world.ahmed, world.fatima)
    hex_id = case.payload["case"]
    grantee = {
        "kind": "team",
        "person": "",
        "organisation": "",
        "role": "",
        "case": hex_id,
        "system": "",
        "laterMembers": True,
    }
    ends = {"caseClosed": True, "unusedMonths": 0}
    consent = await work.give(home, world.fatima, grantee=grantee, case=hex_id, endsOn=ends)
    assert (await town.read(world.fatima, world.item, case=hex_id)).item == world.item.hex()
    with pytest.raises(NotFoundError):
        await town.read(world.fatima, world.item)
    with pytest.raises(NotFoundError):
        await town.read(world.stranger, world.item, case=hex_id)
    await work.close(case, world.ahmed)
    with pytest.raises(NotFoundError):
        await town.read(world.fatima, world.item, case=hex_id)
    assert "consent-ended" not in await types_in(work.pool, home.id)
    await tell(work)
    rows = await work.pool.fetch("SELECT subject FROM audit.fact WHERE stream = $1 AND kind = 'consent-ended'", home.id)
    assert [row["subject"] for row in rows] == [consent]
    state = (await work.writer.look((home.id,))).facts(home.id).value
    assert all(each.id != consent.hex() for each in state.rules.permits)


async def test_a_closed_case_stays_closed(work, world):
    """Nothing is added to a closed case and no dossier joins it; the sole owner may close it."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await work.close(case, world.owner)
    with pytest.raises(ConflictError):
        await work.add(case, world.ahmed, world.fatima)
    with pytest.raises(ConflictError):
        await work.accept(world.home, case)
    with pytest.raises(ConflictError):
        await work.close(case, world.ahmed)
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).closed_at > 0


async def test_an_agency_opens(work, world):
    """An agency's system opens a case for one of its professionals, never for another's."""
    system = world.system
    system.role = ""
    made = opening(system, coordinator=capacity(world.ahmed))
    await work.open(system, world.home, statement=made)
    assert (await work.cases.show(world.ahmed.actor, case_id(made))).coordinator == world.ahmed.id.hex()
    with pytest.raises(InvalidRequestError):
        await work.open(system, statement=opening(system, coordinator=capacity(world.fatima)))


async def test_an_owner_opens(work, world):
    """An owner opens a case, accepts it without invitation, and hands the reins to a professional."""
    case = await work.open(world.owner)
    await work.accept(world.home, case)
    await work.add(case, world.owner, world.ahmed)
    await work.transfer(case, world.owner, world.ahmed)
    assert (await work.cases.show(world.owner.actor, case_id(case))).coordinator == world.ahmed.id.hex()


async def test_nobody_joins_in_the_past(work, world):
    """A part begins at its event, so a consent without later members never covers who was added after it (P6)."""
    home = world.home
    case = await work.open(world.ahmed, home, issuedAt=now() - 2)
    await work.accept(home, case)
    name = case.payload["case"]
    empty = {"person": "", "organisation": "", "role": "", "system": ""}
    grantee = empty | {"kind": "team", "case": name, "laterMembers": False}
    consent = await work.give(home, world.fatima, grantee=grantee, case=name, issuedAt=now() - 1)
    await work.add(case, world.ahmed, world.fatima, **{"from": now() - 3600})
    with pytest.raises(NotFoundError):
        await work.town.read(world.fatima, world.item, case=name)
    assert (await work.town.read(world.ahmed, world.item, case=name)).item == world.item.hex()
    await work.town.withdraw(home, consent)


async def test_a_friend_reads_in_the_case(work, world):
    """A network member reads as a citizen while taking part, and no longer once they have left."""
    home = world.home
    case = await work.open(world.ahmed, home)
    await work.accept(home, case)
    await work.add(case, world.owner, world.friend, purpose="network-help")
    name = case.payload["case"]
    empty = {"organisation": "", "role": "", "system": "", "laterMembers": False}
    grantee = empty | {"kind": "network", "case": name, "person": world.friend.id.hex()}
    consent = await work.give(home, world.friend, grantee=grantee, case=name, purpose="network-help")
    asked = {"case": name, "purpose": "network-help"}
    assert (await work.town.read(world.friend, world.item, **asked)).item == world.item.hex()
    await work.leave(case, world.friend, world.friend, key=False)
    with pytest.raises(NotFoundError):
        await work.town.read(world.friend, world.item, **asked)
    await work.town.withdraw(home, consent)


async def test_a_case_outlives_its_coordinator(work, world):
    """When the coordinator has left, an owner brings somebody in and gives them the reins; before that, not."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await work.add(case, world.ahmed, world.fatima)
    with pytest.raises(ConflictError):
        await work.transfer(case, world.owner, world.fatima)
    await work.leave(case, world.ahmed, world.ahmed, key=False)
    with pytest.raises(ForbiddenError):
        await work.close(case, world.ahmed)
    await work.add(case, world.owner, world.stranger)
    with pytest.raises(ConflictError):
        await work.transfer(case, world.fatima, world.stranger)
    await work.transfer(case, world.owner, world.stranger)
    shown = await work.cases.show(world.stranger.actor, case_id(case))
    assert shown.coordinator == world.stranger.id.hex()
    assert (await work.close(case, world.stranger)).state == "closed"


async def test_an_owner_steps_out(work, world):
    """An owner ends their own acceptance without a key; the coordinator cannot end it for them (P7)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    with pytest.raises(ConflictError):
        await work.leave(case, world.ahmed, world.owner)
    assert (await work.leave(case, world.owner, world.owner, key=False)).state == "ended"
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).dossiers == []
    outcome, _ = await work.ask(world.home, world.ahmed, case=case.payload["case"])
    assert outcome == HiddenRequest()
    await work.accept(world.home, case, until=now() + 3600)
    assert len((await work.cases.show(world.ahmed.actor, case_id(case))).dossiers) == 1


async def test_statements_are_about_their_case(work, world):
    """A statement about one case does nothing in another."""
    case, other = await work.open(world.ahmed), await work.open(world.ahmed)
    for act in (
        work.add(other, world.ahmed, world.fatima, case=case.payload["case"]),
        work.accept(world.home, other, case=case.payload["case"]),
    ):
        with pytest.raises(InvalidRequestError):
            await act


async def test_invitations_end(work, world, owner_pool):
    """An invitation is listed for whom it reaches and waits thirty days; after that the case is not there (N86)."""
    case = await work.open(world.ahmed, world.home)
    address = await work.address(world.home)
    assert case_id(case) in await work.cases.store.invited([address], now())
    assert case_id(case) not in await work.cases.store.invited([address], now() + 31 * 86_400)
    await owner_pool.execute("UPDATE dossier.invitation SET expires = 1 WHERE case_id = $1", case_id(case))
    with pytest.raises(NotFoundError):
        await work.accept(world.home, case)


async def test_an_invitation_is_used_once(work, world):
    """Accepted, an invitation waits for nobody any more; the same acceptance under another key is refused (N86)."""
    case = await work.open(world.ahmed, world.home)
    fields = {"case": case.payload["case"], "caseHash": case.hash.hex(), "until": now() + 86_400}
    after = await work.town.after(world.home)
    statement = await work.town.sign(world.home, "case-acceptance", **fields, after=after)
    actor = world.home.owner.actor
    await work.writer.submit(AcceptCase(actor, case_id(case), statement, claim(actor)))
    assert case_id(case) not in await work.cases.store.invited([await work.address(world.home)], now())
    with pytest.raises(RepeatedError):
        await work.writer.submit(AcceptCase(actor, case_id(case), statement, claim(actor)))


async def test_team_consents_are_for_the_team(work, world):
    """Who takes part in no case sees no consent that names its team, gets no key and adds none; a member does (P2)."""
    town, home = work.town, world.home
    case = await work.open(world.ahmed, home, issuedAt=now() - 2)
    await work.accept(home, case)
    name = case.payload["case"]
    empty = {"person": "", "organisation": "", "role": "", "system": ""}
    grantee = empty | {"kind": "team", "case": name, "laterMembers": True}
    consent = await work.give(home, world.ahmed, grantee=grantee, case=name)
    sharing = Sharing(town.sharing, town.writer)
    assert consent.hex() in {each.consent for each in (await sharing.consents(world.ahmed.actor, home.id)).consents}
    shared = await town.sharing.consent(consent)
    actor = world.stranger.actor
    for act in (
        sharing.consents(actor, home.id),
        sharing.capsules(actor, consent),
        town.writer.submit(AddCapsules(actor, shared, [], claim(actor))),
    ):
        with pytest.raises(NotFoundError):
            await act
    with pytest.raises(InvalidRequestError, match="no capsule"):
        await town.writer.submit(AddCapsules(world.ahmed.actor, shared, [], claim(world.ahmed.actor)))
    await town.withdraw(home, consent)
