"""Tables of schema dossier as SQLModel classes: what migrations are checked against, and what tools read.

Here statements, capsules, sharing, cases and what waits; parties and items have theirs beside them. The service itself
asks in SQL (the store.py of each part); the checks that a row must pass stand in the migrations.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Identity, Index, Integer, LargeBinary, Text, text
from sqlmodel import SQLModel

from audit.tables import column, key, optional
from dossier.items import tables as items
from dossier.parties import tables as parties

PARTS = (items, parties)


class Statement(SQLModel, table=True):
    """A signed statement of a dossier, case or other stream, as signed."""

    __tablename__ = "statement"
    __table_args__: ClassVar[Any] = (
        Index("statement_hash", "bucket", "hash"),
        Index("statement_subject", "bucket", "subject", "kind"),
        Index("statement_kind", "bucket", "stream", "kind", "seq"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    hash: bytes = key(LargeBinary)
    kind: str = column(Text)
    subject: bytes = column(LargeBinary)
    seq: int = column(BigInteger)
    envelope: bytes = column(LargeBinary)


class Capsule(SQLModel, table=True):
    """A key sealed to a grantee under a statement; `adder` is who added it later, null for what came with it."""

    __tablename__ = "capsule"
    __table_args__: ClassVar[Any] = (
        Index("capsule_hash", "bucket", "hash"),
        Index("capsule_grantee", "bucket", "grantee"),
        Index("capsule_statement", "bucket", "statement"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    hash: bytes = key(LargeBinary)
    statement: bytes = column(LargeBinary)
    grantee: bytes = column(LargeBinary)
    body: bytes = column(LargeBinary)
    at: int = column(BigInteger)
    adder: bytes | None = optional(LargeBinary)


class Address(SQLModel, table=True):
    """Which dossier an identifier finds: one, and no other (ADR 0446)."""

    __tablename__ = "address"
    __table_args__: ClassVar[Any] = (
        Index("address_dossier", "dossier"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    hmac: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    kind: str = column(Text)
    at: int = column(BigInteger)


class AccessRequest(SQLModel, table=True):
    """A request to look along, and its answer."""

    __tablename__ = "access_request"
    __table_args__: ClassVar[Any] = (
        Index("access_request_open", "expires", postgresql_where=text("(state = 'open'::text)")),
        Index("access_request_dossier", "bucket", "dossier", "at"),
        Index("access_request_actor", "actor", "at"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    request: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    actor: bytes = column(LargeBinary)
    organisation: bytes | None = optional(LargeBinary)
    role: str = column(Text)
    case_id: bytes | None = optional(LargeBinary)
    body: bytes = column(LargeBinary)
    sealed_reason: bytes | None = optional(LargeBinary)
    seq: int = column(BigInteger)
    at: int = column(BigInteger)
    state: str = column(Text)
    answer: bytes | None = optional(LargeBinary)
    expires: int = column(BigInteger)
    sealed_answer: bytes | None = optional(LargeBinary)


class CaseFile(SQLModel, table=True):
    """A case as described to those in it."""

    __tablename__ = "case_file"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    case_id: bytes = key(LargeBinary)
    opened_by: bytes = column(LargeBinary)
    organisation: bytes | None = optional(LargeBinary)
    purpose: str = column(Text)
    state: str = column(Text)
    body: bytes = column(LargeBinary)
    at: int = column(BigInteger)


class CaseParty(SQLModel, table=True):
    """Who has to do with a case."""

    __tablename__ = "case_party"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    party: bytes = key(LargeBinary)
    case_id: bytes = key(LargeBinary)
    kind: str = key(Text)
    until: int | None = optional(BigInteger)


class Invitation(SQLModel, table=True):
    """An invitation that waits under an identifier."""

    __tablename__ = "invitation"
    __table_args__: ClassVar[Any] = (
        Index("invitation_case", "case_id"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    hmac: bytes = key(LargeBinary)
    invitation: bytes = key(LargeBinary)
    case_id: bytes = column(LargeBinary)
    body: bytes = column(LargeBinary)
    expires: int = column(BigInteger)
    state: str = column(Text)
    at: int = column(BigInteger)


class Outbox(SQLModel, table=True):
    """What another stream must hear within a minute."""

    __tablename__ = "outbox"
    __table_args__: ClassVar[Any] = (
        Index("outbox_due", "due", "id"),
        {"schema": "dossier"},
    )

    id: int = key(BigInteger, Identity(always=True))
    bucket: int = key(Integer)
    kind: str = column(Text)
    target: bytes = column(LargeBinary)
    body: bytes = column(LargeBinary)
    due: int = column(BigInteger)
    tries: int = column(Integer, server_default=text("0"))


class Setting(SQLModel, table=True):
    """A fact of the installation."""

    __tablename__ = "setting"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    name: str = key(Text)
    value: bytes = column(LargeBinary)


class CapsuleKey(SQLModel, table=True):
    """Which keys a capsule holds."""

    __tablename__ = "capsule_key"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    grantee: bytes = key(LargeBinary)
    item: bytes = key(LargeBinary)
    section: str = key(Text)
    lane: str = key(Text)
    epoch: int = key(Integer)
    version: int = key(Integer)
    statement: bytes = column(LargeBinary)
    capsule: bytes = key(LargeBinary)


class ConsentUse(SQLModel, table=True):
    """When a consent was used last."""

    __tablename__ = "consent_use"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    consent: bytes = key(LargeBinary)
    used: int = column(BigInteger)


class ConsentDue(SQLModel, table=True):
    """When a consent is to be looked at by the sweeper."""

    __tablename__ = "consent_due"
    __table_args__: ClassVar[Any] = (
        Index("consent_due_at", "look_at"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    consent: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    case_id: bytes | None = optional(LargeBinary)
    look_at: int = column(BigInteger)


class Told(SQLModel, table=True):
    """What a dossier was told of hidden requests."""

    __tablename__ = "told"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    actor: bytes = key(LargeBinary)
    reason: str = key(Text)
    hour: int = key(BigInteger)
