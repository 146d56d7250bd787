"""Party rows in PostgreSQL: persons, accounts, organisations, members, systems, their statements, keyrings.

Reading, and the few rows that no event records. Rows that belong to an event are written with it, as the `Write`
values of `dossier.parties.rows`. Times are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crypto.encoding import BUCKET_SIZE


@dataclass(frozen=True, slots=True)
class Account:
    """A sign-in account: the person, the organisation it acts for (None: citizen), the name to show."""

    person: bytes
    organisation: bytes | None
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of an organisation; `attested_until` is 0 without attestation."""

    organisation: bytes
    person: bytes
    name: str
    roles: tuple[str, ...]
    since: int
    until: int
    attested_until: int


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation; `kind` is agency or supervisor; `issuer` the provider whose accounts may be its members."""

    id: bytes
    name: str
    kind: str
    issuer: str
    created: int


@dataclass(frozen=True, slots=True)
class System:
    """A system of an organisation with its registered JWKS (JSON text) or the address of one; the other is empty."""

    organisation: bytes
    id: bytes
    name: str
    key_set: str
    key_set_url: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored statement: its stream, kind, subject and envelope."""

    stream: bytes
    kind: str
    subject: bytes
    ordinal: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """A person's own sealed document for one capacity, and its version, from 1."""

    document: bytes
    version: int


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The key of one epoch of a stream, under the key of a month; `from_seq` is the epoch's first event."""

    epoch: int
    from_seq: int
    month: str
    wrapped: bytes


def bucket(value: bytes) -> int:
    """Return the bucket of an id: its first two bytes."""
    return int.from_bytes(value[:BUCKET_SIZE], "big")


class PartyStore:
    """The SQL of parties, on an asyncpg pool of the service role."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def account(self, issuer: str, subject: str) -> Account | None:
        """Return an account by its provider's issuer and subject."""
        row = await self._pool.fetchrow(_ACCOUNT, issuer, subject)
        return None if row is None else Account(row["person"], row["organisation"], row["name"])

    async def add_account(
        self, issuer: str, subject: str, person: bytes, organisation: bytes | None, now: int
    ) -> Account:
        """Add an account unless there is one, and return the one that stands: two first sign-ins give one account."""
        await self._pool.execute(
            "INSERT INTO dossier.account (issuer, subject, person, organisation, created) VALUES ($1,$2,$3,$4,$5)"
            " ON CONFLICT DO NOTHING",
            issuer,
            subject,
            person,
            organisation,
            now,
        )
        row = await self._pool.fetchrow(_ACCOUNT, issuer, subject)
        return Account(row["person"], row["organisation"], row["name"])

    async def person_by_identifier(self, hmac: bytes) -> bytes | None:
        """Return the one person known by the HMAC of a BSN."""
        found: bytes | None = await self._pool.fetchval(
            "SELECT person FROM dossier.identifier WHERE hmac = $1 AND scheme = 'bsn'", hmac
        )
        return found

    async def identifiers(self, person: bytes) -> dict[bytes, str]:
        """Return the identifiers that the provider vouched for: HMAC to scheme (bsn, rsin or kvk)."""
        rows = await self._pool.fetch("SELECT hmac, scheme FROM dossier.identifier WHERE person = $1", person)
        return {row["hmac"]: row["scheme"] for row in rows}

    async def persons_of(self, identifier: bytes) -> list[bytes]:
        """Return the persons for whom the provider vouched for an identifier, by its HMAC."""
        rows = await self._pool.fetch("SELECT person FROM dossier.identifier WHERE hmac = $1", identifier)
        return sorted(row["person"] for row in rows)

    async def add_person(self, person: bytes, name: str, now: int) -> None:
        """Add a person."""
        await self._pool.execute(
            "INSERT INTO dossier.person (bucket, person, name, created) VALUES ($1,$2,$3,$4)",
            bucket(person),
            person,
            name,
            now,
        )

    async def add_identifier(self, person: bytes, scheme: str, hmac: bytes) -> None:
        """Note an identifier of a person; one that is known, or is another's BSN, stays as it is."""
        await self._pool.execute(
            "INSERT INTO dossier.identifier (hmac, person, scheme) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING",
            hmac,
            person,
            scheme,
        )

    async def person_name(self, person: bytes) -> str | None:
        """Return a person's name."""
        name: str | None = await self._pool.fetchval(
            "SELECT name FROM dossier.person WHERE bucket = $1 AND person = $2", bucket(person), person
        )
        return name

    async def organisation(self, organisation: bytes) -> Organisation | None:
        """Return an organisation by id."""
        row = await self._pool.fetchrow(
            "SELECT organisation AS id, name, kind, issuer, created FROM dossier.organisation"
            " WHERE bucket = $1 AND organisation = $2",
            bucket(organisation),
            organisation,
        )
        return None if row is None else Organisation(**row)

    async def organisations(self) -> list[Organisation]:
        """Return all organisations, by name."""
        rows = await self._pool.fetch(
            "SELECT organisation AS id, name, kind, issuer, created FROM dossier.organisation ORDER BY name, organisation"
        )
        return [Organisation(**row) for row in rows]

    async def member(self, organisation: bytes, person: bytes) -> Member | None:
        """Return one membership, ended or not."""
        row = await self._pool.fetchrow(
            f"SELECT {_MEMBER} FROM dossier.member WHERE bucket = $1 AND organisation = $2 AND person = $3",  # noqa: S608 - a constant
            bucket(organisation),
            organisation,
            person,
        )
        return None if row is None else member_of(row)

    async def members(self, organisation: bytes, now: int) -> list[Member]:
        """Return the present members of an organisation, by name."""
        rows = await self._pool.fetch(
            f"SELECT {_MEMBER} FROM dossier.member WHERE bucket = $1 AND organisation = $2 AND until > $3"  # noqa: S608 - a constant
            " ORDER BY name, person",
            bucket(organisation),
            organisation,
            now,
        )
        return [member_of(row) for row in rows]

    async def professionals(self, words: str, after: bytes, limit: int, now: int) -> list[Member]:
        """Return attested professionals whose name has these words, in order of id, after one."""
        rows = await self._pool.fetch(
            f"SELECT {_MEMBER} FROM dossier.member WHERE attested_until > $1 AND until > $1"  # noqa: S608 - a constant
            " AND strpos(lower(name), lower($2)) > 0 AND person > $3 ORDER BY person LIMIT $4",
            now,
            words,
            after,
            limit,
        )
        return [member_of(row) for row in rows]

    async def system(self, system: bytes) -> System | None:
        """Return a system by its id, whose bucket is its organisation's."""
        row = await self._pool.fetchrow(
            f"SELECT {_SYSTEM} FROM dossier.system WHERE bucket = $1 AND system = $2",  # noqa: S608 - a constant
            bucket(system),
            system,
        )
        return None if row is None else System(**row)

    async def systems(self, organisation: bytes) -> list[System]:
        """Return the systems of an organisation, by name."""
        rows = await self._pool.fetch(
            f"SELECT {_SYSTEM} FROM dossier.system WHERE bucket = $1 AND organisation = $2 ORDER BY name, system",  # noqa: S608 - a constant
            bucket(organisation),
            organisation,
        )
        return [System(**row) for row in rows]

    async def all_systems(self) -> list[System]:
        """Return the systems of all organisations."""
        rows = await self._pool.fetch(f"SELECT {_SYSTEM} FROM dossier.system ORDER BY organisation, system")  # noqa: S608 - a constant
        return [System(**row) for row in rows]

    async def statements(self, stream: bytes, kind: str, subject: bytes | None = None) -> list[Stored]:
        """Return the statements of a kind in a stream, of one subject if given, in order."""
        rows = await self._pool.fetch(
            f"SELECT {_STORED} FROM dossier.party_statement WHERE bucket = $1 AND stream = $2 AND kind = $3"  # noqa: S608 - a constant
            " AND ($4::bytea IS NULL OR subject = $4) ORDER BY subject, ordinal",
            bucket(stream),
            stream,
            kind,
            subject,
        )
        return [Stored(**row) for row in rows]

    async def newest(self, stream: bytes, kind: str, subject: bytes) -> Stored | None:
        """Return the last statement of a kind about a subject."""
        row = await self._pool.fetchrow(
            f"SELECT {_STORED} FROM dossier.party_statement WHERE bucket = $1 AND stream = $2 AND kind = $3"  # noqa: S608 - a constant
            " AND subject = $4 ORDER BY ordinal DESC LIMIT 1",
            bucket(stream),
            stream,
            kind,
            subject,
        )
        return None if row is None else Stored(**row)

    async def of_kinds(self, kinds: Sequence[str]) -> list[Stored]:
        """Return all statements of some kinds, in order: for the register, which everybody may read whole."""
        rows = await self._pool.fetch(
            f"SELECT {_STORED} FROM dossier.party_statement WHERE kind = ANY($1::text[])"  # noqa: S608 - a constant
            " ORDER BY kind, stream, subject, ordinal",
            list(kinds),
        )
        return [Stored(**row) for row in rows]

    async def unlock(self, person: bytes) -> bytes | None:
        """Return the document of a person's newest list of unlock methods."""
        document: bytes | None = await self._pool.fetchval(
            "SELECT document FROM dossier.unlock WHERE bucket = $1 AND person = $2", bucket(person), person
        )
        return document

    async def stream_keys(self, stream: bytes) -> list[WrappedKey]:
        """Return the wrapped keys of a stream's epochs, in order."""
        rows = await self._pool.fetch(
            "SELECT epoch, from_seq, month, wrapped FROM audit.stream_key WHERE bucket = $1 AND stream = $2 ORDER BY epoch",
            bucket(stream),
            stream,
        )
        return [WrappedKey(**row) for row in rows]

    async def dossiers_of(self, person: bytes) -> list[tuple[bytes, str]]:
        """Return the dossiers that a person owns, with their nature, oldest first."""
        rows = await self._pool.fetch(
            "SELECT dossier, nature FROM dossier.dossier WHERE owner = $1 ORDER BY created, dossier", person
        )
        return [(row["dossier"], row["nature"]) for row in rows]

    async def keyring(self, person: bytes, organisation: bytes) -> Keyring | None:
        """Return a person's sealed document for one capacity (organisation empty: citizen)."""
        row = await self._pool.fetchrow(
            "SELECT document, version FROM dossier.keyring WHERE bucket = $1 AND person = $2 AND organisation = $3",
            bucket(person),
            person,
            organisation,
        )
        return None if row is None else Keyring(row["document"], row["version"])


_ACCOUNT = """
SELECT a.person, a.organisation, p.name FROM dossier.account a
JOIN dossier.person p ON p.bucket = audit.bucket(a.person) AND p.person = a.person
WHERE a.issuer = $1 AND a.subject = $2
"""
_MEMBER = "organisation, person, name, roles, since, until, attested_until"
_SYSTEM = "organisation, system AS id, name, key_set, key_set_url"
_STORED = "stream, kind, subject, ordinal, envelope"


def member_of(row: Any) -> Member:
    """Make a membership of a row with its columns."""
    return Member(**{**dict(row), "roles": tuple(row["roles"])})
