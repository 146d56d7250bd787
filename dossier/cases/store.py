"""Rows of cases: descriptive ones to find them by, invitations under the HMAC of an identifier, notices that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Connection, Pool

from audit.entry import Write

INVITATION_SECONDS = 30 * 24 * 3600
"""How long an invitation waits."""

NOTICE = "case"
MEMBERSHIP = ("case-opening", "case-acceptance", "case-participation", "participation-end", "coordinator-transfer")
"""The kinds of statements from which it follows who takes part."""

_FILE = "INSERT INTO dossier.case_file VALUES (audit.bucket($1), $1, $2, $3, $4, 'open', $5, $6)"
_CLOSE = "UPDATE dossier.case_file SET state = 'closed' WHERE bucket = audit.bucket($1) AND case_id = $1"
_PARTY = """
INSERT INTO dossier.case_party VALUES (audit.bucket($1), $1, $2, $3, $4)
ON CONFLICT (bucket, party, case_id, kind) DO UPDATE SET until = EXCLUDED.until
"""
_INVITATION = "INSERT INTO dossier.invitation VALUES (audit.bucket($1), $1, $2, $3, $4, $5, 'waiting', $6)"
_ACCEPTED = """
UPDATE dossier.invitation SET state = 'accepted' WHERE bucket = audit.bucket($1) AND hmac = $1 AND invitation = $2
"""
_OUTBOX = "INSERT INTO dossier.outbox (bucket, kind, target, body, due) VALUES (audit.bucket($1), 'case', $1, $2, $3)"
_DELETE = "DELETE FROM dossier.outbox WHERE bucket = $1 AND id = $2"


class Invitation(NamedTuple):
    """A waiting invitation: the identifier's HMAC and its own id."""

    hmac: bytes
    invitation: bytes


class KeptStatement(NamedTuple):
    """A signed statement of a case, with the position of its event and what it is about."""

    seq: int
    kind: str
    subject: bytes
    envelope: bytes


class Notice(NamedTuple):
    """A row of the outbox: what a dossier must hear of a case."""

    bucket: int
    id: int
    dossier: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class InvitationWant:
    """The waiting invitation to a case that reaches a dossier by its identifier."""

    case: bytes
    dossier: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[InvitationWant]) -> Mapping[InvitationWant, Invitation]:
        """Return invitations by want."""
        rows = await connection.fetch(
            """SELECT w.case_id, w.dossier, i.hmac, i.invitation
               FROM unnest($1::bytea[], $2::bytea[]) AS w (case_id, dossier)
               JOIN dossier.address a ON a.dossier = w.dossier
               JOIN dossier.invitation i ON i.bucket = a.bucket AND i.hmac = a.hmac AND i.case_id = w.case_id
               WHERE i.state = 'waiting' AND i.expires > audit.now_ms() / 1000""",
            [want.case for want in wants],
            [want.dossier for want in wants],
        )
        return {cls(row["case_id"], row["dossier"]): Invitation(row["hmac"], row["invitation"]) for row in rows}


@dataclass(frozen=True, slots=True)
class NoticeWant:
    """Whether a row of the outbox is still there, and so still to be told."""

    bucket: int
    id: int

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[NoticeWant]) -> Mapping[NoticeWant, bool]:
        """Return True for rows that are there."""
        rows = await connection.fetch(
            """SELECT o.bucket, o.id FROM unnest($1::int[], $2::bigint[]) AS w (bucket, id)
               JOIN dossier.outbox o ON o.bucket = w.bucket AND o.id = w.id""",
            [want.bucket for want in wants],
            [want.id for want in wants],
        )
        return {cls(row["bucket"], row["id"]): True for row in rows}


def file_write(
    case: bytes, opener: bytes, organisation: bytes | None, purpose: str, envelope: bytes, now: int
) -> Write:
    """The row that describes a new case."""
    return Write(_FILE, (case, opener, organisation, purpose, envelope, now))


def closed_write(case: bytes) -> Write:
    """Note that a case is closed."""
    return Write(_CLOSE, (case,))


def party_write(party: bytes, case: bytes, kind: str, until: int | None = None) -> Write:
    """Let a party find a case: `kind` is participant, owner (persons) or dossier."""
    return Write(_PARTY, (party, case, kind, until))


def invitation_writes(
    case: bytes, hmacs: Iterable[tuple[bytes, bytes]], envelope: bytes, now: int
) -> tuple[Write, ...]:
    """Let invitations wait; `hmacs` are (identifier's HMAC, id of the invitation)."""
    expires = now + INVITATION_SECONDS
    return tuple(Write(_INVITATION, (hmac, id_, case, envelope, expires, now)) for hmac, id_ in hmacs)


def accepted_write(invitation: Invitation) -> Write:
    """Note that an invitation was accepted."""
    return Write(_ACCEPTED, tuple(invitation))


def notice_write(dossier: bytes, body: bytes, now: int) -> Write:
    """Let a dossier hear of something in a case."""
    return Write(_OUTBOX, (dossier, body, now))


def told_write(bucket: int, number: int) -> Write:
    """Drop a notice, in the transaction of the event that tells it."""
    return Write(_DELETE, (bucket, number))


class CaseStore:
    """Reading cases; every write goes through the group writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def cases_of(self, parties: Sequence[bytes]) -> list[bytes]:
        """Return the cases that persons or dossiers have to do with, ended parts included."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT p.case_id FROM unnest($1::bytea[]) AS w (party)
               JOIN dossier.case_party p ON p.bucket = audit.bucket(w.party) AND p.party = w.party""",
            list(parties),
        )
        return sorted(row["case_id"] for row in rows)

    async def invited(self, hmacs: Sequence[bytes], now: int) -> set[bytes]:
        """Return the cases to which these identifiers are invited and have not answered."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT i.case_id FROM unnest($1::bytea[]) AS w (hmac)
               JOIN dossier.invitation i ON i.bucket = audit.bucket(w.hmac) AND i.hmac = w.hmac
               WHERE i.state = 'waiting' AND i.expires > $2""",
            list(hmacs),
            now,
        )
        return {row["case_id"] for row in rows}

    async def opening(self, case: bytes) -> bytes:
        """Return the opening statement of a case, as signed."""
        found: bytes = await self._pool.fetchval(
            "SELECT body FROM dossier.case_file WHERE bucket = audit.bucket($1) AND case_id = $1", case
        )
        return found

    async def statements(self, case: bytes) -> list[KeptStatement]:
        """Return the signed statements that make who takes part in a case, in the order of its stream."""
        rows = await self._pool.fetch(
            """SELECT seq, kind, subject, envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND stream = $1 AND kind = ANY($2) ORDER BY seq, hash""",
            case,
            list(MEMBERSHIP),
        )
        return [KeptStatement(*row.values()) for row in rows]

    async def notices(self, now: int, most: int) -> list[Notice]:
        """Return notices that are due, oldest first."""
        rows = await self._pool.fetch(
            """SELECT bucket, id, target, body FROM dossier.outbox WHERE kind = $1 AND due <= $2
               ORDER BY due, id LIMIT $3""",
            NOTICE,
            now,
            most,
        )
        return [Notice(*row.values()) for row in rows]
