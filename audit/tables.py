"""The tables of schema audit as SQLModel classes: what migrations are checked against, and what tools read.

The service itself asks in SQL (store.py, logstore.py); the checks that a row must pass stand in the migrations.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def key(kind: Any, *rest: Any, **options: Any) -> Any:
    """A column of the primary key."""
    return Field(sa_column=Column(kind, *rest, primary_key=True, **options))


def column(*kind: Any, **options: Any) -> Any:
    """A column that always has a value."""
    return Field(sa_column=Column(*kind, nullable=False, **options))


def optional(kind: Any) -> Any:
    """A column that may have none."""
    return Field(default=None, sa_column=Column(kind, nullable=True))


class Head(SQLModel, table=True):
    """Where a stream stands: the row that every writer locks first."""

    __tablename__ = "head"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    kind: str = column(Text)
    seq: int = column(BigInteger)
    leaf: bytes = column(LargeBinary)
    at: int = column(BigInteger)
    rules_seq: int = column(BigInteger)
    rules_leaf: bytes = column(LargeBinary)
    items_seq: int = column(BigInteger)
    items_leaf: bytes = column(LargeBinary)
    key_epoch: int = column(Integer)


class StreamKey(SQLModel, table=True):
    """The key K of a stream's epoch, wrapped under the key of `month`."""

    __tablename__ = "stream_key"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    epoch: int = key(Integer)
    from_seq: int = column(BigInteger)
    month: str = column(Text)
    wrapped: bytes = column(LargeBinary)


class Event(SQLModel, table=True):
    """One event: its number, id, public leaf and time in UTC milliseconds."""

    __tablename__ = "event"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("bucket", "event", name="event_bucket_event_key"),
        {"schema": "audit"},
    )

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    seq: int = key(BigInteger)
    event: bytes = column(LargeBinary)
    leaf: bytes = column(LargeBinary)
    at: int = column(BigInteger)


class Payload(SQLModel, table=True):
    """The erasable half of an event, under the key of `month`."""

    __tablename__ = "payload"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    seq: int = key(BigInteger)
    month: str = column(Text)
    seed: bytes = column(LargeBinary)
    sealed: bytes = column(LargeBinary)


class Pending(SQLModel, table=True):
    """A leaf that waits for the sequencer."""

    __tablename__ = "pending"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    id: int = key(BigInteger, Identity(always=True))
    bucket: int = column(Integer)
    stream: bytes = column(LargeBinary)
    seq: int = column(BigInteger)
    leaf: bytes = column(LargeBinary)
    at: int = column(BigInteger)


class Fact(SQLModel, table=True):
    """A fact that an event added; the present is a fold over these rows.

    The facts of one subject are found by the subject alone (ADR 0451).
    """

    __tablename__ = "fact"
    __table_args__: ClassVar[Any] = (
        Index("fact_class", "bucket", "stream", "class", "seq"),
        Index("fact_subject", "bucket", "subject"),
        {"schema": "audit"},
    )

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    seq: int = key(BigInteger)
    ordinal: int = key(Integer)
    cls: str = column("class", Text)
    kind: str = column(Text)
    subject: bytes = column(LargeBinary)
    body: bytes = column(LargeBinary)


class Claim(SQLModel, table=True):
    """An idempotency key and what came of it, for seven days."""

    __tablename__ = "claim"
    __table_args__: ClassVar[Any] = (
        Index("claim_at", "at"),
        {"schema": "audit"},
    )

    bucket: int = key(Integer)
    actor: bytes = key(LargeBinary)
    route: bytes = key(LargeBinary)
    key: bytes = key(LargeBinary)
    body: bytes = column(LargeBinary)
    stream: bytes = column(LargeBinary)
    seq: int = column(BigInteger)
    event: bytes = column(LargeBinary)
    kept: bytes | None = optional(LargeBinary)
    at: int = column(BigInteger)


class Erasure(SQLModel, table=True):
    """That a payload was erased: by which event of the same stream, on which ground."""

    __tablename__ = "erasure"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    seq: int = key(BigInteger)
    ground: str = column(Text)
    erased_by: int = column(BigInteger)
    at: int = column(BigInteger)


class Control(SQLModel, table=True):
    """A control leaf of the log itself."""

    __tablename__ = "control"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    seq: int = key(BigInteger)
    leaf: bytes = column(LargeBinary)
    at: int = column(BigInteger)


class LogLeaf(SQLModel, table=True):
    """Where a leaf stands in the log."""

    __tablename__ = "log_leaf"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("stream", "seq", name="log_leaf_stream_seq_key"),
        {"schema": "audit"},
    )

    log_index: int = key(BigInteger)
    stream: bytes = column(LargeBinary)
    seq: int = column(BigInteger)
    leaf: bytes = column(LargeBinary)


class Tile(SQLModel, table=True):
    """A tile of hashes, or at level -1 a bundle of entries."""

    __tablename__ = "tile"
    __table_args__: ClassVar[Any] = (
        Index("tile_partial", "level", "n", postgresql_where=text("(width < 256)")),
        {"schema": "audit"},
    )

    level: int = key(Integer)
    n: int = key(BigInteger)
    width: int = key(Integer)
    content: bytes = column("bytes", LargeBinary)


class Checkpoint(SQLModel, table=True):
    """Every root that was ever signed."""

    __tablename__ = "checkpoint"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    size: int = key(BigInteger)
    root: bytes = column(LargeBinary)
    note: bytes = column(LargeBinary)
    at: int = column(BigInteger)


class LogState(SQLModel, table=True):
    """Size and root of the log: one row, moved by compare-and-swap."""

    __tablename__ = "log_state"
    __table_args__: ClassVar[Any] = {"schema": "audit"}

    one: bool = key(Boolean, server_default=text("true"))
    size: int = column(BigInteger)
    root: bytes = column(LargeBinary)
