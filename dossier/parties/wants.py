"""Rows that party entries want, loaded kind by kind for a whole batch (see dossier.store.Loader)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dossier.parties.store import Account, Keyring, Member, Stored, member_of


@dataclass(frozen=True, slots=True)
class NewestWant:
    """Want: the last statement of a kind about a subject in a stream."""

    stream: bytes
    kind: str
    subject: bytes

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[NewestWant]) -> Mapping[NewestWant, Stored]:
        """Return what there is, by want."""
        rows = await connection.fetch(
            """SELECT DISTINCT ON (s.stream, s.kind, s.subject) s.stream, s.kind, s.subject, s.ordinal, s.envelope
               FROM unnest($1::bytea[], $2::text[], $3::bytea[]) AS w (stream, kind, subject)
               JOIN dossier.party_statement s ON s.bucket = audit.bucket(w.stream) AND s.subject = w.subject
                    AND s.stream IS NOT DISTINCT FROM w.stream AND s.kind = w.kind
               ORDER BY s.stream, s.kind, s.subject, s.ordinal DESC""",
            [want.stream for want in wants],
            [want.kind for want in wants],
            [want.subject for want in wants],
        )
        return {cls(row["stream"], row["kind"], row["subject"]): Stored(**row) for row in rows}


@dataclass(frozen=True, slots=True)
class RegisterWant:
    """Want: the last entry of the register, over all organisations."""

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[RegisterWant]) -> Mapping[RegisterWant, Stored]:
        """Return the last entry, nothing while the register is empty."""
        row = await connection.fetchrow(
            "SELECT stream, kind, subject, ordinal, envelope FROM dossier.party_statement"
            " WHERE kind = 'register-entry' ORDER BY ordinal DESC LIMIT 1"
        )
        return {} if row is None else dict.fromkeys(wants, Stored(**row))


@dataclass(frozen=True, slots=True)
class AccountWant:
    """Want: the account of an issuer and subject."""

    issuer: str
    subject: str

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[AccountWant]) -> Mapping[AccountWant, Account]:
        """Return what there is, by want."""
        rows = await connection.fetch(
            """SELECT a.issuer, a.subject, a.person, a.organisation, p.name
               FROM unnest($1::text[], $2::text[]) AS w (issuer, subject)
               JOIN dossier.account a ON a.issuer = w.issuer AND a.subject = w.subject
               JOIN dossier.person p ON p.bucket = audit.bucket(a.person) AND p.person = a.person""",
            [want.issuer for want in wants],
            [want.subject for want in wants],
        )
        return {
            cls(row["issuer"], row["subject"]): Account(row["person"], row["organisation"], row["name"]) for row in rows
        }


@dataclass(frozen=True, slots=True)
class MemberWant:
    """Want: a membership, ended or not."""

    organisation: bytes
    person: bytes

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[MemberWant]) -> Mapping[MemberWant, Member]:
        """Return what there is, by want."""
        rows = await connection.fetch(
            """SELECT m.organisation, m.person, m.name, m.roles, m.since, m.until, m.attested_until
               FROM unnest($1::bytea[], $2::bytea[]) AS w (organisation, person)
               JOIN dossier.member m ON m.bucket = audit.bucket(w.organisation) AND m.organisation = w.organisation
                    AND m.person = w.person""",
            [want.organisation for want in wants],
            [want.person for want in wants],
        )
        return {cls(row["organisation"], row["person"]): member_of(row) for row in rows}


@dataclass(frozen=True, slots=True)
class SystemWant:
    """Want: which organisations ever attested a system of this id."""

    system: bytes

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[SystemWant]) -> Mapping[SystemWant, frozenset[bytes]]:
        """Return the organisations, by want; ids of systems begin as their organisation's."""
        rows = await connection.fetch(
            """SELECT w.system, a.streams FROM unnest($1::bytea[]) AS w (system)
               CROSS JOIN LATERAL (
                   SELECT array_agg(s.stream) AS streams FROM dossier.party_statement s
                   WHERE s.bucket = audit.bucket(w.system) AND s.subject = w.system AND s.kind = 'system-attestation') a
               WHERE a.streams IS NOT NULL""",
            [want.system for want in wants],
        )
        return {cls(row["system"]): frozenset(row["streams"]) for row in rows}


@dataclass(frozen=True, slots=True)
class KeyringWant:
    """Want: the sealed document of a person for one capacity."""

    person: bytes
    organisation: bytes

    @classmethod
    async def load(cls, connection: Any, wants: Sequence[KeyringWant]) -> Mapping[KeyringWant, Keyring]:
        """Return what there is, by want."""
        rows = await connection.fetch(
            """SELECT k.person, k.organisation, k.document, k.version
               FROM unnest($1::bytea[], $2::bytea[]) AS w (person, organisation)
               JOIN dossier.keyring k ON k.bucket = audit.bucket(w.person) AND k.person = w.person
                    AND k.organisation = w.organisation""",
            [want.person for want in wants],
            [want.organisation for want in wants],
        )
        return {cls(row["person"], row["organisation"]): Keyring(row["document"], row["version"]) for row in rows}
