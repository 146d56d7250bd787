"""What is looked up by one id costs the same in a small dossier or organisation and in one of thousands (ADR 0451)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from audit.store import settle
from dossier.dossiers.store import ConsentWant, DossierStore
from dossier.items.store import ItemStore, ItemWant
from dossier.parties.wants import NewestWant, SystemWant
from dossier.reading.store import ReadingStore, ReadingWant
from dossier.sharing.store import CapsuleCountWant, SharingStore, UsedIdWant

MANY = 3_000
MOST = 16
"""Rows that a lookup may read: a reading has one or two of each of ten tables."""

# More of a row that there is, as if they had come long before: in the same stream, and in as many others.
ROWS = {
    "audit.fact WHERE class = 'items'": "1000000 + n, 0, class, kind, id, body",
    "dossier.statement WHERE kind = 'consent'": "id || id, kind, id, 1000000 + n, envelope",
    "dossier.capsule WHERE true": "id || id, id || id, id, body, at, adder",
    "dossier.capsule_key WHERE true": "grantee, id, '', '', 0, 1, statement, id || id",
    "dossier.party_statement WHERE kind = 'system-attestation'": "id || id, kind, id, ordinal, envelope, made",
}
FILL = """INSERT INTO {table} SELECT {stream}, {columns} FROM (SELECT * FROM {table} WHERE {which} LIMIT 1) AS f
          CROSS JOIN LATERAL (SELECT n, substr(sha256(int8send(n)), 1, 16) FROM generate_series(1, $1) AS n) AS n (n, id)"""
READ = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int FROM pg_stat_xact_user_tables"


@dataclass(frozen=True)
class Known:
    """What is looked for: one of each."""

    dossier: bytes
    item: bytes
    grantee: bytes
    consent: bytes
    statement: bytes
    organisation: bytes
    system: bytes


LOOKUPS = {
    "reading": lambda c, k: ReadingWant.load(c, [ReadingWant(k.dossier, k.item, 0, k.grantee, "debts", "ordinary")]),
    "place": lambda c, k: ReadingStore(c).places([k.item]),
    "item": lambda c, k: ItemWant.load(c, [ItemWant(k.dossier, k.item)]),
    "id in use": lambda c, k: UsedIdWant.load(c, [UsedIdWant(k.dossier, k.item)]),
    "consent by its hash": lambda c, k: ConsentWant.load(c, [ConsentWant(k.dossier, k.statement)]),
    "consent by its id": lambda c, k: SharingStore(c).consent(k.consent),
    "capsules added": lambda c, k: CapsuleCountWant.load(c, [CapsuleCountWant(k.dossier, k.statement, b"a" * 16)]),
    "capsules of a statement": lambda c, k: SharingStore(c).capsules(k.dossier, k.statement),
    "capsules of a grantee": lambda c, k: DossierStore(c).capsules(k.dossier, k.grantee),
    "capsules for consents": lambda c, k: ItemStore(c).capsules(k.dossier, k.grantee, [k.consent.hex()]),
    "newest attestation": lambda c, k: NewestWant.load(c, [NewestWant(k.organisation, "system-attestation", k.system)]),
    "organisations of a system": lambda c, k: SystemWant.load(c, [SystemWant(k.system)]),
}


@pytest.fixture(scope="module")
async def known(town):
    """A dossier with one item and one consent, and the agency of both."""
    home, agency = await town.dossier(await town.person("Hanneke")), await town.agency()
    reader = await town.person("Noor", agency, "debt-counsellor")
    await town.admit(home, agency)
    system = await town.system(agency)
    item = await town.deliver(home, system)
    consent = await town.give(home, reader)
    shared = await town.sharing.consent(consent)
    return Known(home.id, item, reader.id, consent, shared.hash, agency.id, system.id)


@pytest.fixture(scope="module", params=["nothing known", "statistics"])
async def crowd(request, known, owner_pool):
    """That, among thousands of others; and what the planner knows of them."""
    for place, columns in ROWS.items():
        table, which = place.split(" WHERE ")
        if request.param == "statistics":
            await owner_pool.execute(f"ANALYZE {table}")
            continue
        owner = "dossier" if "capsule" in table else "stream"
        for stream in (f"f.bucket, f.{owner}", "audit.bucket(id), id"):
            fill = FILL.format(table=table, which=which, stream=stream, columns=columns)
            assert await owner_pool.execute(fill, MANY) == f"INSERT 0 {MANY}"
    return known


@pytest.mark.parametrize("name", LOOKUPS)
async def test_lookup_reads_no_others(crowd, pool, name):
    """A lookup reads what it looks for, on a lane's connection and whatever the planner knows."""
    async with pool.acquire() as connection, connection.transaction():
        await settle(connection)
        before = await connection.fetchval(READ)
        assert await LOOKUPS[name](connection, crowd) or name == "capsules added"
        assert await connection.fetchval(READ) - before <= MOST
