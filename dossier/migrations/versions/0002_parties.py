"""Schema dossier, parties and sign-in: persons, organisations, members, accounts, systems, keyrings, sessions, tokens.

Party rows describe; what others rely on (keys, attestations) is an event in the party's stream, and the statement
itself stands in party_statement. Sessions and tokens are hashes only, and go when they end.
Revision: 0002. Parent: 0001.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTIES = (
    "CREATE SCHEMA IF NOT EXISTS dossier",
    """CREATE TABLE dossier.person (
           bucket int NOT NULL, person bytea NOT NULL CHECK (octet_length(person) = 16), name text NOT NULL,
           created bigint NOT NULL, PRIMARY KEY (bucket, person))""",
    # HMACs whose key lies outside the database. A BSN is one person's; a firm's number may be several people's.
    """CREATE TABLE dossier.identifier (
           hmac bytea NOT NULL CHECK (octet_length(hmac) = 32), person bytea NOT NULL, scheme text NOT NULL,
           PRIMARY KEY (hmac, person))""",
    "CREATE UNIQUE INDEX identifier_of_one ON dossier.identifier (hmac) WHERE scheme = 'bsn'",
    "CREATE INDEX identifier_person ON dossier.identifier (person)",
    """CREATE TABLE dossier.organisation (
           bucket int NOT NULL, organisation bytea NOT NULL CHECK (octet_length(organisation) = 16),
           name text NOT NULL, kind text NOT NULL CHECK (kind IN ('agency', 'supervisor')), issuer text NOT NULL,
           created bigint NOT NULL, PRIMARY KEY (bucket, organisation))""",
    """CREATE TABLE dossier.member (
           bucket int NOT NULL, organisation bytea NOT NULL, person bytea NOT NULL, name text NOT NULL,
           roles text[] NOT NULL, since bigint NOT NULL, until bigint NOT NULL,
           attested_until bigint NOT NULL DEFAULT 0,
           PRIMARY KEY (bucket, organisation, person))""",
    # One account is one capacity: a citizen, or a person for one organisation.
    """CREATE TABLE dossier.account (
           issuer text NOT NULL, subject text NOT NULL, person bytea NOT NULL, organisation bytea,
           created bigint NOT NULL, PRIMARY KEY (issuer, subject))""",
    """CREATE TABLE dossier.system (
           bucket int NOT NULL, organisation bytea NOT NULL, system bytea NOT NULL CHECK (octet_length(system) = 16),
           name text NOT NULL, key_set text NOT NULL, key_set_url text NOT NULL, created bigint NOT NULL,
           PRIMARY KEY (bucket, organisation, system))""",
    """CREATE TABLE dossier.party_statement (
           bucket int NOT NULL, stream bytea NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           kind text NOT NULL, subject bytea NOT NULL, ordinal bigint NOT NULL, envelope bytea NOT NULL,
           made bigint NOT NULL, PRIMARY KEY (bucket, stream, hash))""",
    "CREATE UNIQUE INDEX party_statement_order ON dossier.party_statement (bucket, stream, kind, subject, ordinal)",
    # The register is one chain over all organisations.
    "CREATE UNIQUE INDEX party_statement_register ON dossier.party_statement (ordinal) WHERE kind = 'register-entry'",
    "CREATE INDEX party_statement_kind ON dossier.party_statement (kind, made)",
    # Sealed by the person's own client; the service can read none of it.
    """CREATE TABLE dossier.unlock (
           bucket int NOT NULL, person bytea NOT NULL, statement bytea NOT NULL, document bytea NOT NULL,
           changed bigint NOT NULL, PRIMARY KEY (bucket, person))""",
    """CREATE TABLE dossier.keyring (
           bucket int NOT NULL, person bytea NOT NULL, organisation bytea NOT NULL, document bytea NOT NULL,
           version bigint NOT NULL, changed bigint NOT NULL, PRIMARY KEY (bucket, person, organisation))""",
)

SIGN_IN = (
    """CREATE TABLE dossier.session (
           bucket int NOT NULL, session bytea NOT NULL CHECK (octet_length(session) = 16),
           kind text NOT NULL CHECK (kind IN ('browser', 'client', 'system')), party bytea NOT NULL,
           organisation bytea, granted text[] NOT NULL, level text NOT NULL, auth_time bigint NOT NULL, started bigint NOT NULL,
           expires bigint NOT NULL, seen bigint NOT NULL, PRIMARY KEY (bucket, session))""",
    "CREATE INDEX session_party ON dossier.session (bucket, party)",
    "CREATE INDEX session_expires ON dossier.session (expires)",
    """CREATE TABLE dossier.token (
           bucket int NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           use text NOT NULL CHECK (use IN ('cookie', 'access', 'refresh', 'code')), session bytea NOT NULL,
           client_id text NOT NULL DEFAULT '', redirect text NOT NULL DEFAULT '', challenge text NOT NULL DEFAULT '',
           used bigint, expires bigint NOT NULL, PRIMARY KEY (bucket, hash))""",
    "CREATE INDEX token_session ON dossier.token (bucket, session)",
    "CREATE INDEX token_expires ON dossier.token (expires)",
    """CREATE TABLE dossier.used_jti (
           bucket int NOT NULL, client bytea NOT NULL, jti bytea NOT NULL CHECK (octet_length(jti) = 32),
           expires bigint NOT NULL, PRIMARY KEY (bucket, client, jti))""",
    "CREATE INDEX used_jti_expires ON dossier.used_jti (expires)",
    """CREATE TABLE dossier.sign_in (
           hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32), state text NOT NULL, nonce text NOT NULL,
           verifier text NOT NULL, next text NOT NULL, client_id text NOT NULL, redirect text NOT NULL,
           challenge text NOT NULL, client_state text NOT NULL, not_before bigint NOT NULL,
           expires bigint NOT NULL)""",
    "CREATE INDEX sign_in_expires ON dossier.sign_in (expires)",
    """CREATE TABLE dossier.rate (
           key bytea PRIMARY KEY CHECK (octet_length(key) = 32), window_end bigint NOT NULL, count int NOT NULL)""",
)

GRANTS = (
    "REVOKE ALL ON SCHEMA dossier FROM PUBLIC",
    "GRANT USAGE ON SCHEMA dossier TO dossier_service, dossier_eraser",
    "GRANT SELECT, INSERT ON dossier.person, dossier.identifier, dossier.organisation, dossier.account, dossier.party_statement"
    " TO dossier_service",
    "GRANT UPDATE (name) ON dossier.person TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dossier.member, dossier.system, dossier.unlock, dossier.keyring TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dossier.session, dossier.token, dossier.used_jti, dossier.sign_in,"
    " dossier.rate TO dossier_service",
)


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for statement in (*PARTIES, *SIGN_IN, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: parties are what events refer to."""
    raise NotImplementedError("parties are never taken back")
