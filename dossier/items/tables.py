"""Tables of schema dossier: dossiers, section keys, items, readings, uploads; checked against the migrations."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import SQLModel

from audit.tables import column, key, optional


class Dossier(SQLModel, table=True):
    """A dossier and whose it is."""

    __tablename__ = "dossier"
    __table_args__: ClassVar[Any] = (
        Index("dossier_owner", "owner"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    owner: bytes = column(LargeBinary)
    nature: str = column(Text)
    created: int = column(BigInteger)


class SectionKey(SQLModel, table=True):
    """The public half of a section key, by epoch."""

    __tablename__ = "section_key"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    section: str = key(Text)
    lane: str = key(Text)
    epoch: int = key(Integer)
    public_hash: bytes = column(LargeBinary)
    statement: bytes = column(LargeBinary)
    wrapped: bytes = column(LargeBinary)
    sequence: int = column(Integer, server_default=text("0"))


class SectionWrap(SQLModel, table=True):
    """The secret of a section key under a later root of its dossier."""

    __tablename__ = "section_wrap"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    section: str = key(Text)
    lane: str = key(Text)
    epoch: int = key(Integer)
    sequence: int = key(Integer)
    wrapped: bytes = column(LargeBinary)


class AuthorityDue(SQLModel, table=True):
    """When a holder's authority ends by time."""

    __tablename__ = "authority_due"
    __table_args__: ClassVar[Any] = (
        Index("authority_due_at", "look_at"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    dossier: bytes = key(LargeBinary)
    person: bytes = key(LargeBinary)
    look_at: int = key(BigInteger)


class Item(SQLModel, table=True):
    """An item and its dossier."""

    __tablename__ = "item"
    __table_args__: ClassVar[Any] = (
        Index("item_dossier", "bucket", "dossier", "seq"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    item: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    seq: int = column(BigInteger)


class ItemVersion(SQLModel, table=True):
    """One version of an item: header, sealed key, sealed metadata."""

    __tablename__ = "item_version"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    item: bytes = key(LargeBinary)
    version: int = key(Integer)
    header_hash: bytes = column(LargeBinary)
    header: bytes = column(LargeBinary)
    sealed_key: bytes = column(LargeBinary)
    sealed_metadata: bytes = column(LargeBinary)
    source: bytes = column(LargeBinary)
    seq: int = column(BigInteger)


class Part(SQLModel, table=True):
    """One part of a version: its bytes, or where they are."""

    __tablename__ = "part"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    item: bytes = key(LargeBinary)
    version: int = key(Integer)
    part: int = key(Integer)
    length: int = column(BigInteger)
    chunks: int = column(BigInteger)
    hash: bytes = column(LargeBinary)
    content: bytes | None = optional(LargeBinary)
    object: str | None = optional(Text)


class Wrap(SQLModel, table=True):
    """An item key wrapped under a section's list key."""

    __tablename__ = "wrap"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    item: bytes = key(LargeBinary)
    version: int = key(Integer)
    section: str = key(Text)
    lane: str = key(Text)
    epoch: int = column(Integer)
    wrapped: bytes = column(LargeBinary)


class PlacedKey(SQLModel, table=True):
    """An item key sealed again for a later placement."""

    __tablename__ = "placed_key"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    item: bytes = key(LargeBinary)
    version: int = key(Integer)
    placement: bytes = key(LargeBinary)
    sealed: bytes = column(LargeBinary)


class Reading(SQLModel, table=True):
    """One reading: event, lease and state."""

    __tablename__ = "reading"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("bucket", "actor", "nonce", name="reading_bucket_actor_nonce_key"),
        Index("reading_item", "bucket", "item", "at"),
        Index("reading_dossier", "bucket", "dossier", "at"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    reading: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    item: bytes = column(LargeBinary)
    version: int = column(Integer)
    actor: bytes = column(LargeBinary)
    organisation: bytes | None = optional(LargeBinary)
    nonce: bytes = column(LargeBinary)
    seq: int = column(BigInteger)
    at: int = column(BigInteger)
    lease_until: int = column(BigInteger)
    holds_until: int | None = optional(BigInteger)
    state: str = column(Text)
    context: bytes = column(LargeBinary, server_default=text(r"'\x'::bytea"))


class Upload(SQLModel, table=True):
    """An upload on its way, until it expires."""

    __tablename__ = "upload"
    __table_args__: ClassVar[Any] = (
        Index("upload_expires", "expires"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    upload: bytes = key(LargeBinary)
    dossier: bytes = column(LargeBinary)
    sender: bytes = column(LargeBinary)
    length: int = column(BigInteger)
    hash: bytes = column(LargeBinary)
    received: int = column(BigInteger, server_default=text("0"))
    object: str = column(Text)
    state: str = column(Text)
    expires: int = column(BigInteger)
