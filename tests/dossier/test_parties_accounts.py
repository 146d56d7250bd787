"""Accounts: from a sign-in to a person, on the real database."""

from __future__ import annotations

import asyncio

import pytest

from crypto.encoding import new_id
from dossier.errors import ForbiddenError
from dossier.parties.accounts import Accounts
from dossier.parties.store import PartyStore

ISSUER, OTHER = "https://id.example", "https://other.example"
NOW = 1_000


@pytest.fixture
def accounts(pool):
    return Accounts(PartyStore(pool), b"k" * 32, {(ISSUER, "registrar"): ("registrar",)})


async def enter(accounts, subject, *identifiers, issuer=ISSUER):
    return await accounts.party(issuer, subject, "Hanneke", identifiers, NOW)


async def test_a_citizen_is_the_same_person_next_time(accounts):
    """A second sign-in of the same account is the same person."""
    first = await enter(accounts, "a", "bsn:999880007")
    assert await enter(accounts, "a", "bsn:999880007") == first
    assert (first.organisation, first.name, first.granted) == (None, "Hanneke", ())


async def test_a_bsn_joins_accounts_of_two_providers(accounts):
    """The same BSN through another provider is the same person; another BSN is another."""
    first = await enter(accounts, "b1", "bsn:999880019")
    assert (await enter(accounts, "b2", "bsn:999880019", issuer=OTHER)).id == first.id
    assert (await enter(accounts, "b3", "bsn:999880020")).id != first.id


async def test_a_firm_number_joins_nobody(accounts):
    """Two directors of one firm are two persons, and both are known by its number."""
    first, second = await enter(accounts, "c1", "kvk:99990021"), await enter(accounts, "c2", "kvk:99990021")
    assert first.id != second.id
    for party in (first, second):
        assert set((await accounts.store.identifiers(party.id)).values()) == {"kvk"}


async def test_a_first_sign_in_twice_at_once_makes_one_account(accounts):
    """Two first sign-ins at the same moment end as one person."""
    parties = await asyncio.gather(*(enter(accounts, "d", "bsn:999880032") for _ in range(8)))
    assert len({party.id for party in parties}) == 1


async def test_who_has_no_identifier_is_not_let_in(accounts, pool):
    """Without account, identifier or grant there is nobody, and nothing is stored."""
    for identifiers in ((), ("bsn:123456789",), ("nonsense",)):
        with pytest.raises(ForbiddenError) as caught:
            await enter(accounts, "e", *identifiers)
        assert caught.value.code == "account-unknown"
    assert await pool.fetchval("SELECT count(*) FROM dossier.account WHERE subject = 'e'") == 0


async def test_the_operators_people_have_their_roles(accounts):
    """A registrar is one by the settings alone, and at that provider alone."""
    assert (await enter(accounts, "registrar")).granted == ("registrar",)
    with pytest.raises(ForbiddenError):
        await enter(accounts, "registrar", issuer=OTHER)


async def test_an_ended_membership_lets_nobody_in(accounts, owner_pool):
    """A professional signs in while the membership lasts; their identifier is none of the employer's business."""
    organisation, person = new_id(), new_id()
    await owner_pool.execute("INSERT INTO dossier.person VALUES (audit.bucket($1), $1, 'Noor', 0)", person)
    await owner_pool.execute("INSERT INTO dossier.account VALUES ($1, 'noor', $2, $3, 0)", ISSUER, person, organisation)
    with pytest.raises(ForbiddenError) as caught:
        await enter(accounts, "noor", "bsn:999880044")
    assert caught.value.code == "membership-ended"
    await owner_pool.execute(
        "INSERT INTO dossier.member VALUES (audit.bucket($1), $1, $2, 'Noor', '{x}', 0, $3, 0)",
        organisation,
        person,
        NOW + 1,
    )
    party = await enter(accounts, "noor", "bsn:999880044")
    assert (party.id, party.organisation) == (person, organisation)
    assert await accounts.store.identifiers(person) == {}
    with pytest.raises(ForbiddenError):
        await accounts.party(ISSUER, "noor", "Noor", (), NOW + 1)
