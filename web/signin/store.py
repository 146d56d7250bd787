"""Sign-ins, sessions, tokens, used assertion ids and rate counts in PostgreSQL.

Nothing here decides: the modules above give hashes, times and limits. Times are UTC seconds. Everything that must be
used once is used by one statement, so that two processes cannot both succeed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from web.signin.credentials import Locator


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one party in one capacity.

    `kind` is browser, client or system; `party` a person or system id; `granted` are roles that the operator gave.
    """

    id: bytes
    kind: str
    party: bytes
    organisation: bytes | None
    granted: tuple[str, ...]
    level: str
    auth_time: int
    started: int
    expires: int


@dataclass(frozen=True, slots=True)
class Found:
    """A live token with its session, and the roles that the organisation gives its person now."""

    session: Session
    use: str
    expires: int
    member: bool
    roles: tuple[str, ...]
    member_until: int
    attested_until: int
    seen: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way, found by the hash of the browser's cookie."""

    state: str
    nonce: str
    verifier: str
    next: str
    client: dict[str, str] | None
    not_before: int


class SignInStore:
    """The SQL of sign-in, on an asyncpg pool of the service role."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def keep_attempt(self, cookie_hash: bytes, attempt: Attempt, expires: int) -> None:
        """Remember a sign-in under way."""
        client = attempt.client or {}
        await self._pool.execute(
            "INSERT INTO dossier.sign_in (hash, state, nonce, verifier, next, client_id, redirect, challenge,"
            " client_state, not_before, expires) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
            cookie_hash,
            attempt.state,
            attempt.nonce,
            attempt.verifier,
            attempt.next,
            client.get("client_id", ""),
            client.get("redirect_uri", ""),
            client.get("code_challenge", ""),
            client.get("state", ""),
            attempt.not_before,
            expires,
        )

    async def take_attempt(self, cookie_hash: bytes, now: int) -> Attempt | None:
        """Take a sign-in under way, once; None when there is none or it is too old."""
        row = await self._pool.fetchrow("DELETE FROM dossier.sign_in WHERE hash = $1 RETURNING *", cookie_hash)
        if row is None or row["expires"] <= now:
            return None
        names = {
            "client_id": "client_id",
            "redirect_uri": "redirect",
            "code_challenge": "challenge",
            "state": "client_state",
        }
        client = {field: row[column] for field, column in names.items()} if row["client_id"] else None
        return Attempt(row["state"], row["nonce"], row["verifier"], row["next"], client, row["not_before"])

    async def start_session(self, session: Session, tokens: Iterable[tuple[str, Locator, int]]) -> None:
        """Store a session with its tokens: (use, where, expires)."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO dossier.session (bucket, session, kind, party, organisation, granted, level, auth_time,"
                " started, expires, seen) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$9)",
                _bucket(session.id),
                session.id,
                session.kind,
                session.party,
                session.organisation,
                list(session.granted),
                session.level,
                session.auth_time,
                session.started,
                session.expires,
            )
            await connection.executemany(_ADD_TOKEN, [_token(session.id, *token) for token in tokens])

    async def add_tokens(self, session: bytes, tokens: Iterable[tuple[str, Locator, int]]) -> None:
        """Store more tokens of a session."""
        await self._pool.executemany(_ADD_TOKEN, [_token(session, *token) for token in tokens])

    async def keep_code(self, session: bytes, where: Locator, client: dict[str, str], expires: int) -> None:
        """Store an authorization code with what it is bound to."""
        await self._pool.execute(
            "INSERT INTO dossier.token (bucket, hash, use, session, client_id, redirect, challenge, expires)"
            " VALUES ($1,$2,'code',$3,$4,$5,$6,$7)",
            where.bucket,
            where.hash,
            session,
            client["client_id"],
            client["redirect_uri"],
            client["code_challenge"],
            expires,
        )

    async def use_token(self, where: Locator, use: str, now: int) -> tuple[dict[str, Any] | None, bool]:
        """Use up a code or refresh token. Return its row, or None, and whether it had been used before."""
        row = await self._pool.fetchrow(
            "UPDATE dossier.token SET used = $4 WHERE bucket = $1 AND hash = $2 AND use = $3 AND used IS NULL"
            " RETURNING *",
            where.bucket,
            where.hash,
            use,
            now,
        )
        if row is not None:
            return (dict(row) if row["expires"] > now else None), False
        spent = await self._pool.fetchrow(
            "SELECT * FROM dossier.token WHERE bucket = $1 AND hash = $2 AND use = $3", where.bucket, where.hash, use
        )
        return (None, False) if spent is None else (dict(spent), True)

    async def find(self, places: Sequence[Locator], now: int) -> dict[Locator, Found]:
        """Find the live sessions of cookies and access tokens, in one query; one that is not there is left out."""
        buckets, hashes = [where.bucket for where in places], [where.hash for where in places]
        rows = await self._pool.fetch(_FIND, buckets, hashes, now)
        return {Locator(row["bucket"], row["hash"]): _found(row) for row in rows}

    async def session(self, session: bytes, now: int) -> Session | None:
        """Return a live session by its id."""
        row = await self._pool.fetchrow(
            "SELECT * FROM dossier.session WHERE bucket = $1 AND session = $2 AND expires > $3",
            _bucket(session),
            session,
            now,
        )
        return None if row is None else _session(row)

    async def end_session(self, session: bytes) -> None:
        """End a session: its row and all its tokens go."""
        async with self._pool.acquire() as connection, connection.transaction():
            for table in ("token", "session"):
                await connection.execute(
                    f"DELETE FROM dossier.{table} WHERE bucket = $1 AND session = $2",  # noqa: S608 - constants
                    _bucket(session),
                    session,
                )

    async def end_party(self, party: bytes, organisation: bytes | None) -> None:
        """End all sessions of a person (for one organisation, or as a citizen) or of a system."""
        rows = await self._pool.fetch(
            "SELECT session FROM dossier.session WHERE bucket = $1 AND party = $2 AND organisation IS NOT DISTINCT FROM $3",
            _bucket(party),
            party,
            organisation,
        )
        for row in rows:
            await self.end_session(row["session"])

    async def use_jti(self, client: bytes, jti_hash: bytes, expires: int) -> bool:
        """Mark an assertion's id as used; False when it was used before, by any process."""
        row = await self._pool.fetchrow(
            "INSERT INTO dossier.used_jti (bucket, client, jti, expires) VALUES ($1,$2,$3,$4)"
            " ON CONFLICT DO NOTHING RETURNING true AS fresh",
            _bucket(client),
            client,
            jti_hash,
            expires,
        )
        return row is not None

    async def flush(self, counts: list[tuple[bytes, int, int]], seen: list[tuple[bytes, int]]) -> dict[bytes, int]:
        """Add rate counts (key, window, count) and last uses (session, time); return the totals of those keys."""
        if seen:
            await self._pool.executemany(
                "UPDATE dossier.session SET seen = $3 WHERE bucket = $1 AND session = $2 AND seen < $3",
                [(_bucket(session), session, at) for session, at in seen],
            )
        if not counts:
            return {}
        rows = await self._pool.fetch(_COUNT, *(list(column) for column in zip(*counts, strict=True)))
        return {row["key"]: row["count"] for row in rows}

    async def sweep(self, now: int) -> None:
        """Delete what has ended."""
        for table in ("sign_in", "token", "session", "used_jti"):
            await self._pool.execute(f"DELETE FROM dossier.{table} WHERE expires < $1", now)  # noqa: S608 - constants
        await self._pool.execute("DELETE FROM dossier.rate WHERE window_end < $1", now)


_ADD_TOKEN = "INSERT INTO dossier.token (bucket, hash, use, session, expires) VALUES ($1,$2,$3,$4,$5)"  # noqa: S105 - SQL

# The member row is read with the session, so that a role taken away acts within the second for which rows are cached.
_FIND = """
SELECT s.*, t.hash, t.use, t.expires AS token_expires, m.person IS NOT NULL AS member, m.roles,
       COALESCE(m.until, 0) AS member_until, COALESCE(m.attested_until, 0) AS attested_until
FROM unnest($1::int[], $2::bytea[]) AS w (bucket, hash)
JOIN dossier.token t ON t.bucket = w.bucket AND t.hash = w.hash
JOIN dossier.session s ON s.bucket = t.bucket AND s.session = t.session
LEFT JOIN dossier.member m ON m.bucket = audit.bucket(s.organisation) AND m.organisation = s.organisation
     AND m.person = s.party
WHERE t.use IN ('cookie', 'access') AND t.used IS NULL
  AND t.expires > $3 AND s.expires > $3
"""

_COUNT = """
INSERT INTO dossier.rate AS r (key, window_end, count)
SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::int[])
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN r.window_end = EXCLUDED.window_end THEN r.count + EXCLUDED.count ELSE EXCLUDED.count END,
  window_end = GREATEST(r.window_end, EXCLUDED.window_end)
RETURNING key, count
"""


def _bucket(value: bytes) -> int:
    return int.from_bytes(value[:2], "big")


def _token(session: bytes, use: str, where: Locator, expires: int) -> tuple[int, bytes, str, bytes, int]:
    return where.bucket, where.hash, use, session, expires


def _found(row: Any) -> Found:
    session = _session(row)
    roles = (*(row["roles"] or ()), *session.granted)
    until, attested = row["member_until"], row["attested_until"]
    return Found(session, row["use"], row["token_expires"], row["member"], roles, until, attested, row["seen"])


def _session(row: Any) -> Session:
    return Session(
        id=row["session"],
        kind=row["kind"],
        party=row["party"],
        organisation=row["organisation"],
        granted=tuple(row["granted"]),
        level=row["level"],
        auth_time=row["auth_time"],
        started=row["started"],
        expires=row["expires"],
    )
