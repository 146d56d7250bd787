"""Rows of access requests: as signed, with words sealed for the other side, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Connection, Pool

from audit.entry import Write
from crypto.statements import Statement

ANSWER_SECONDS = 14 * 24 * 3600
"""How long a request waits for an answer; after that it counts as refused."""

_INSERT = """
INSERT INTO dossier.access_request
    (bucket, request, dossier, actor, organisation, role, case_id, body, sealed_reason, seq, at, state, expires)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11)
"""
_ANSWER = """
UPDATE dossier.access_request SET state = $2, answer = $3, sealed_answer = $4
WHERE bucket = audit.bucket($1) AND request = $1
"""
_COLUMNS = "request, dossier, actor, organisation, body, sealed_reason, at, expires, state, answer, sealed_answer"


class RequestRow(NamedTuple):
    """An access request. `state` is open, granted, granted-in-part, refused or expired.

    An open one may have an answer that waits for more signatures.
    """

    request: bytes
    dossier: bytes
    actor: bytes
    organisation: bytes | None
    body: bytes
    sealed_reason: bytes | None
    at: int
    expires: int
    state: str
    answer: bytes | None
    sealed_answer: bytes | None


@dataclass(frozen=True, slots=True)
class RequestWant:
    """An access request as it stands."""

    request: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[RequestWant]) -> Mapping[RequestWant, RequestRow]:
        """Return rows by want."""
        rows = await connection.fetch(
            f"""SELECT {_COLUMNS} FROM dossier.access_request
                WHERE (bucket, request) IN (SELECT audit.bucket(w), w FROM unnest($1::bytea[]) AS w)""",  # noqa: S608 - a constant
            [want.request for want in wants],
        )
        return {cls(row["request"]): RequestRow(*row.values()) for row in rows}


@dataclass(frozen=True, slots=True)
class OpenWant:
    """How many requests of one actor wait in a dossier."""

    dossier: bytes
    actor: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[OpenWant]) -> Mapping[OpenWant, int]:
        """Return counts by want."""
        rows = await connection.fetch(
            """SELECT w.dossier, w.actor, count(*) FROM unnest($1::bytea[], $2::bytea[]) AS w (dossier, actor)
               JOIN dossier.access_request r ON r.bucket = audit.bucket(w.dossier) AND r.dossier = w.dossier
                    AND r.actor = w.actor AND r.state = 'open' GROUP BY w.dossier, w.actor""",
            [want.dossier for want in wants],
            [want.actor for want in wants],
        )
        return {cls(row["dossier"], row["actor"]): row["count"] for row in rows}


def request_write(statement: Statement, organisation: bytes | None, words: bytes, seq: int, now: int) -> Write:
    """Keep a request with its sealed words; it waits until the end of what it asks for, or 14 days."""
    payload = statement.payload
    request, dossier, actor = (bytes.fromhex(payload[name]) for name in ("request", "dossier", "signer"))
    case = bytes.fromhex(payload["case"]) or None
    row = (request, dossier, actor, organisation, payload["role"], case, statement.envelope, words or None, seq, now)
    return Write(_INSERT, (*row, expires(now, statement)))


def expires(asked: int, statement: Statement) -> int:
    """When the time to answer is over (UTC seconds) of a request that was taken in at `asked`."""
    until: int = statement.payload["until"]
    return min(asked + ANSWER_SECONDS, until)


def answer_write(request: bytes, state: str, answer: bytes | None = None, words: bytes = b"") -> Write:
    """Note what became of a request."""
    return Write(_ANSWER, (request, state, answer, words or None))


def waiting_write(request: bytes, answer: bytes, words: bytes) -> Write:
    """Keep an answer that waits for more signatures; the request is open until it has them."""
    return answer_write(request, "open", answer, words)


class RequestStore:
    """Reading access requests; every write goes through the group writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, request: bytes) -> RequestRow | None:
        """Return a request by its id."""
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM dossier.access_request WHERE bucket = audit.bucket($1) AND request = $1",  # noqa: S608 - a constant
            request,
        )
        return None if row is None else RequestRow(*row.values())

    async def asked_by(self, actor: bytes, organisation: bytes | None) -> list[RequestRow]:
        """Return what somebody asked in one capacity, newest first."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM dossier.access_request
                WHERE actor = $1 AND organisation IS NOT DISTINCT FROM $2::bytea
                ORDER BY at DESC, request LIMIT 200""",  # noqa: S608 - a constant
            actor,
            organisation,
        )
        return [RequestRow(*row.values()) for row in rows]

    async def asked_of(self, dossiers: Sequence[bytes]) -> list[RequestRow]:
        """Return what was asked of these dossiers, newest first."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM dossier.access_request
                WHERE (bucket, dossier) IN (SELECT audit.bucket(w), w FROM unnest($1::bytea[]) AS w)
                ORDER BY at DESC, request LIMIT 200""",  # noqa: S608 - a constant
            list(dossiers),
        )
        return [RequestRow(*row.values()) for row in rows]

    async def all_of(self, dossier: bytes) -> list[RequestRow]:
        """Return everything that was ever asked of one dossier."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM dossier.access_request WHERE bucket = audit.bucket($1) AND dossier = $1",  # noqa: S608 - a constant
            dossier,
        )
        return [RequestRow(*row.values()) for row in rows]

    async def overdue(self, now: int, most: int) -> list[RequestRow]:
        """Return open requests whose time to answer is over, oldest first."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM dossier.access_request
                WHERE state = 'open' AND expires <= $1 ORDER BY expires LIMIT $2""",  # noqa: S608 - a constant
            now,
            most,
        )
        return [RequestRow(*row.values()) for row in rows]
