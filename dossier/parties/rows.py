"""The rows of parties that are written together with the event that says so (see audit.entry.Write)."""

from __future__ import annotations

from audit.entry import Write
from crypto.statements import Statement

_STATEMENT = """
INSERT INTO dossier.party_statement (bucket, stream, hash, kind, subject, ordinal, envelope, made)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7)
"""
_PERSON = "INSERT INTO dossier.person (bucket, person, name, created) VALUES (audit.bucket($1), $1, $2, $3)"
_ACCOUNT = "INSERT INTO dossier.account (issuer, subject, person, organisation, created) VALUES ($1, $2, $3, $4, $5)"
_MEMBER = """
INSERT INTO dossier.member (bucket, organisation, person, name, roles, since, until)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6)
ON CONFLICT (bucket, organisation, person) DO UPDATE
SET name = EXCLUDED.name, roles = EXCLUDED.roles, until = EXCLUDED.until
"""
_MEMBER_END = """
UPDATE dossier.member SET until = LEAST(until, $3::bigint), attested_until = LEAST(attested_until, $3::bigint)
WHERE bucket = audit.bucket($1) AND organisation = $1 AND person = $2
"""
_ATTESTED = """
UPDATE dossier.member SET attested_until = $3
WHERE bucket = audit.bucket($1) AND organisation = $1 AND person = $2
"""
_ORGANISATION = """
INSERT INTO dossier.organisation (bucket, organisation, name, kind, issuer, created)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5)
"""
_SYSTEM = """
INSERT INTO dossier.system (bucket, organisation, system, name, key_set, key_set_url, created)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6)
ON CONFLICT (bucket, organisation, system) DO UPDATE
SET name = EXCLUDED.name, key_set = EXCLUDED.key_set, key_set_url = EXCLUDED.key_set_url
"""
_SYSTEM_END = "DELETE FROM dossier.system WHERE bucket = audit.bucket($1) AND organisation = $1 AND system = $2"
# A session that is gone acts within the second for which its row may be cached.
_SESSIONS_END = """
DELETE FROM dossier.session
WHERE bucket = audit.bucket($1) AND party = $1 AND organisation IS NOT DISTINCT FROM $2::bytea
"""
_UNLOCK = """
INSERT INTO dossier.unlock (bucket, person, statement, document, changed) VALUES (audit.bucket($1), $1, $2, $3, $4)
ON CONFLICT (bucket, person) DO UPDATE
SET statement = EXCLUDED.statement, document = EXCLUDED.document, changed = EXCLUDED.changed
"""
_KEYRING = """
INSERT INTO dossier.keyring (bucket, person, organisation, document, version, changed)
VALUES (audit.bucket($1), $1, $2, $3, $4, $5)
ON CONFLICT (bucket, person, organisation) DO UPDATE
SET document = EXCLUDED.document, version = EXCLUDED.version, changed = EXCLUDED.changed
"""


def statement_row(stream: bytes, statement: Statement, subject: bytes, ordinal: int, now: int) -> Write:
    """Keep a statement as it was signed; `ordinal` is its place among those of its kind and subject."""
    return Write(_STATEMENT, (stream, statement.hash, statement.kind, subject, ordinal, statement.envelope, now))


def account_rows(
    person: bytes, name: str, issuer: str, subject: str, organisation: bytes, now: int
) -> tuple[Write, Write]:
    """Enter a person with the account by which they will sign in; an account that exists already makes it fail."""
    return Write(_PERSON, (person, name, now)), Write(_ACCOUNT, (issuer, subject, person, organisation, now))


def member_row(organisation: bytes, person: bytes, name: str, roles: tuple[str, ...], since: int, until: int) -> Write:
    """Enter a membership, or change its name, roles and end."""
    return Write(_MEMBER, (organisation, person, name, list(roles), since, until))


def member_end_rows(organisation: bytes, person: bytes, now: int) -> tuple[Write, Write]:
    """End a membership and the sessions under it."""
    return Write(_MEMBER_END, (organisation, person, now)), Write(_SESSIONS_END, (person, organisation))


def attested_row(organisation: bytes, person: bytes, until: int) -> Write:
    """Note until when a member is attested."""
    return Write(_ATTESTED, (organisation, person, until))


def attestation_end_rows(organisation: bytes, person: bytes, now: int) -> tuple[Write, Write]:
    """Note that a member is no longer attested, and end the sessions under it."""
    return attested_row(organisation, person, now), Write(_SESSIONS_END, (person, organisation))


def organisation_row(organisation: bytes, name: str, kind: str, issuer: str, now: int) -> Write:
    """Enter an organisation."""
    return Write(_ORGANISATION, (organisation, name, kind, issuer, now))


def system_row(organisation: bytes, system: bytes, name: str, key_set: str, key_set_url: str, now: int) -> Write:
    """Enter a system, or change its name and key set."""
    return Write(_SYSTEM, (organisation, system, name, key_set, key_set_url, now))


def system_end_rows(organisation: bytes, system: bytes) -> tuple[Write, Write]:
    """Take a system and its sessions away."""
    return Write(_SYSTEM_END, (organisation, system)), Write(_SESSIONS_END, (system, organisation))


def unlock_row(person: bytes, statement: bytes, document: bytes, now: int) -> Write:
    """Keep what belongs to the newest list of unlock methods: wrapped seeds and sealed roots."""
    return Write(_UNLOCK, (person, statement, document, now))


def keyring_row(person: bytes, organisation: bytes, document: bytes, version: int, now: int) -> Write:
    """Keep the wrapped identity of one capacity."""
    return Write(_KEYRING, (person, organisation, document, version, now))
