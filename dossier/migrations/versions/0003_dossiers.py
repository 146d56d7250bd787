"""Schema dossier, dossiers and items: statements, keys, capsules, versions, parts, uploads.

The facts that decisions rest on are rows of audit.fact; what stands here is what those facts refer to, as it was signed
or sealed. Revision: 0003. Parent: 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOSSIERS = (
    """CREATE TABLE dossier.dossier (
           bucket int NOT NULL, dossier bytea NOT NULL CHECK (octet_length(dossier) = 16), owner bytea NOT NULL,
           nature text NOT NULL CHECK (nature IN ('private', 'business')), created bigint NOT NULL,
           PRIMARY KEY (bucket, dossier))""",
    "CREATE INDEX dossier_owner ON dossier.dossier (owner)",
    # Which dossier an identifier leads to; the identifier is an HMAC whose key lies outside the database.
    """CREATE TABLE dossier.address (
           bucket int NOT NULL, identifier bytea NOT NULL CHECK (octet_length(identifier) = 32),
           dossier bytea NOT NULL, PRIMARY KEY (bucket, identifier))""",
    """CREATE TABLE dossier.statement (
           bucket int NOT NULL, stream bytea NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           kind text NOT NULL, subject bytea NOT NULL, seq bigint NOT NULL, envelope bytea NOT NULL,
           PRIMARY KEY (bucket, stream, hash))""",
    "CREATE INDEX statement_kind ON dossier.statement (bucket, stream, kind, seq)",
    "CREATE INDEX statement_subject ON dossier.statement (bucket, stream, subject)",
    # The primary key is the compare-and-swap of a new epoch.
    """CREATE TABLE dossier.section_key (
           bucket int NOT NULL, dossier bytea NOT NULL, section text NOT NULL, lane text NOT NULL,
           epoch int NOT NULL, public_hash bytea NOT NULL CHECK (octet_length(public_hash) = 32),
           statement bytea NOT NULL, wrapped bytea NOT NULL,
           PRIMARY KEY (bucket, dossier, section, lane, epoch))""",
    """CREATE TABLE dossier.capsule (
           bucket int NOT NULL, dossier bytea NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           statement bytea NOT NULL, grantee bytea NOT NULL, body bytea NOT NULL, made bigint NOT NULL,
           PRIMARY KEY (bucket, dossier, hash))""",
    "CREATE INDEX capsule_grantee ON dossier.capsule (bucket, dossier, grantee, statement)",
)

ITEMS = (
    """CREATE TABLE dossier.item (
           bucket int NOT NULL, item bytea NOT NULL CHECK (octet_length(item) = 16), dossier bytea NOT NULL,
           PRIMARY KEY (bucket, item))""",
    "CREATE INDEX item_dossier ON dossier.item (bucket, dossier)",
    """CREATE TABLE dossier.item_version (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL CHECK (version > 0),
           header_hash bytea NOT NULL CHECK (octet_length(header_hash) = 32), header bytea NOT NULL,
           sealed_key bytea NOT NULL, sealed_metadata bytea NOT NULL, organisation bytea NOT NULL,
           seq bigint NOT NULL, PRIMARY KEY (bucket, item, version))""",
    # Small parts stand here, large ones in the object store under the id of the upload that brought them.
    """CREATE TABLE dossier.part (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, part int NOT NULL, length bigint NOT NULL,
           content bytea, upload bytea, CHECK ((content IS NULL) <> (upload IS NULL)),
           PRIMARY KEY (bucket, item, version, part))""",
    # Item keys wrapped by holders for their own lists; a bad one falls back to the sealed key, so it may be replaced.
    """CREATE TABLE dossier.item_wrap (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, section text NOT NULL, lane text NOT NULL,
           epoch int NOT NULL, wrapped bytea NOT NULL,
           PRIMARY KEY (bucket, item, version, section, lane, epoch))""",
    # The item key sealed for the place a placement moved the item to.
    """CREATE TABLE dossier.placed_key (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, placement bytea NOT NULL,
           sealed bytea NOT NULL, PRIMARY KEY (bucket, item, version, placement))""",
    """CREATE TABLE dossier.upload (
           bucket int NOT NULL, upload bytea NOT NULL CHECK (octet_length(upload) = 16), dossier bytea NOT NULL,
           sender bytea NOT NULL, length bigint NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           received bigint NOT NULL, complete boolean NOT NULL, used boolean NOT NULL, expires bigint NOT NULL,
           PRIMARY KEY (bucket, upload))""",
    "CREATE INDEX upload_expires ON dossier.upload (expires) WHERE NOT used",
)

GRANTS = (
    "GRANT SELECT, INSERT ON dossier.dossier, dossier.address, dossier.statement, dossier.section_key,"
    " dossier.capsule, dossier.item, dossier.item_version, dossier.part, dossier.placed_key TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE ON dossier.item_wrap TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dossier.upload TO dossier_service",
)


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for statement in (*DOSSIERS, *ITEMS, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: a dossier is never taken back by a command."""
    raise NotImplementedError("dossiers are never taken back")
