"""Tables of schema dossier: parties, their keyrings, and sign-in; checked against the migrations."""

from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, Index, Integer, LargeBinary, Text, text
from sqlmodel import SQLModel

from audit.tables import column, key, optional


class Person(SQLModel, table=True):
    """A person as others name them."""

    __tablename__ = "person"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    person: bytes = key(LargeBinary)
    name: str = column(Text)
    created: int = column(BigInteger)


class Identifier(SQLModel, table=True):
    """An identifier of a person, as an HMAC whose key lies elsewhere."""

    __tablename__ = "identifier"
    __table_args__: ClassVar[Any] = (
        Index("identifier_of_one", "hmac", unique=True, postgresql_where=text("(scheme = 'bsn'::text)")),
        Index("identifier_person", "person"),
        {"schema": "dossier"},
    )

    hmac: bytes = key(LargeBinary)
    person: bytes = key(LargeBinary)
    scheme: str = column(Text)


class Organisation(SQLModel, table=True):
    """An organisation: agency or supervisor."""

    __tablename__ = "organisation"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    organisation: bytes = key(LargeBinary)
    name: str = column(Text)
    kind: str = column(Text)
    issuer: str = column(Text)
    created: int = column(BigInteger)


class Member(SQLModel, table=True):
    """That a person works for an organisation, in roles, until when."""

    __tablename__ = "member"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    organisation: bytes = key(LargeBinary)
    person: bytes = key(LargeBinary)
    name: str = column(Text)
    roles: list[str] = column(ARRAY(Text))
    since: int = column(BigInteger)
    until: int = column(BigInteger)
    attested_until: int = column(BigInteger, server_default=text("0"))


class Account(SQLModel, table=True):
    """A subject of a sign-in provider: one person in one capacity."""

    __tablename__ = "account"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    issuer: str = key(Text)
    subject: str = key(Text)
    person: bytes = column(LargeBinary)
    organisation: bytes | None = optional(LargeBinary)
    created: int = column(BigInteger)


class System(SQLModel, table=True):
    """A system of an organisation, with where its client keys are found."""

    __tablename__ = "system"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    organisation: bytes = key(LargeBinary)
    system: bytes = key(LargeBinary)
    name: str = column(Text)
    key_set: str = column(Text)
    key_set_url: str = column(Text)
    created: int = column(BigInteger)


class PartyStatement(SQLModel, table=True):
    """A signed statement of a person or organisation, as signed."""

    __tablename__ = "party_statement"
    __table_args__: ClassVar[Any] = (
        Index("party_statement_order", "bucket", "stream", "kind", "subject", "ordinal", unique=True),
        Index("party_statement_subject", "bucket", "subject"),
        Index("party_statement_kind", "kind", "made"),
        Index(
            "party_statement_register", "ordinal", unique=True, postgresql_where=text("(kind = 'register-entry'::text)")
        ),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    stream: bytes = key(LargeBinary)
    hash: bytes = key(LargeBinary)
    kind: str = column(Text)
    subject: bytes = column(LargeBinary)
    ordinal: int = column(BigInteger)
    envelope: bytes = column(LargeBinary)
    made: int = column(BigInteger)


class Unlock(SQLModel, table=True):
    """An unlock method of a person: opaque here."""

    __tablename__ = "unlock"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    person: bytes = key(LargeBinary)
    statement: bytes = column(LargeBinary)
    document: bytes = column(LargeBinary)
    changed: int = column(BigInteger)


class Keyring(SQLModel, table=True):
    """A person's wrapped keys: opaque here."""

    __tablename__ = "keyring"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    bucket: int = key(Integer)
    person: bytes = key(LargeBinary)
    organisation: bytes = key(LargeBinary)
    document: bytes = column(LargeBinary)
    version: int = column(BigInteger)
    changed: int = column(BigInteger)


class Session(SQLModel, table=True):
    """A signed-in session."""

    __tablename__ = "session"
    __table_args__: ClassVar[Any] = (
        Index("session_expires", "expires"),
        Index("session_party", "bucket", "party"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    session: bytes = key(LargeBinary)
    kind: str = column(Text)
    party: bytes = column(LargeBinary)
    organisation: bytes | None = optional(LargeBinary)
    granted: list[str] = column(ARRAY(Text))
    level: str = column(Text)
    auth_time: int = column(BigInteger)
    started: int = column(BigInteger)
    expires: int = column(BigInteger)
    seen: int = column(BigInteger)


class Token(SQLModel, table=True):
    """The hash of a cookie, token or code."""

    __tablename__ = "token"
    __table_args__: ClassVar[Any] = (
        Index("token_expires", "expires"),
        Index("token_session", "bucket", "session"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    hash: bytes = key(LargeBinary)
    use: str = column(Text)
    session: bytes = column(LargeBinary)
    client_id: str = column(Text, server_default=text("''::text"))
    redirect: str = column(Text, server_default=text("''::text"))
    challenge: str = column(Text, server_default=text("''::text"))
    used: int | None = optional(BigInteger)
    expires: int = column(BigInteger)


class UsedJti(SQLModel, table=True):
    """A client assertion that was used."""

    __tablename__ = "used_jti"
    __table_args__: ClassVar[Any] = (
        Index("used_jti_expires", "expires"),
        {"schema": "dossier"},
    )

    bucket: int = key(Integer)
    client: bytes = key(LargeBinary)
    jti: bytes = key(LargeBinary)
    expires: int = column(BigInteger)


class SignIn(SQLModel, table=True):
    """A sign-in on its way to the provider and back."""

    __tablename__ = "sign_in"
    __table_args__: ClassVar[Any] = (
        Index("sign_in_expires", "expires"),
        {"schema": "dossier"},
    )

    hash: bytes = key(LargeBinary)
    state: str = column(Text)
    nonce: str = column(Text)
    verifier: str = column(Text)
    next: str = column(Text)
    client_id: str = column(Text)
    redirect: str = column(Text)
    challenge: str = column(Text)
    client_state: str = column(Text)
    not_before: int = column(BigInteger)
    expires: int = column(BigInteger)


class Rate(SQLModel, table=True):
    """A counter of one limit."""

    __tablename__ = "rate"
    __table_args__: ClassVar[Any] = {"schema": "dossier"}

    key: bytes = key(LargeBinary)
    window_end: int = column(BigInteger)
    count: int = column(Integer)
