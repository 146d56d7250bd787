"""Schema dossier: statements, capsules, items, readings, requests, cases, and what waits to be sent.

The service inserts and reads; it updates and deletes only where GRANTS says so. Times are UTC seconds but `at`, which is
the writer's milliseconds. Revision: 0003. Parent: 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEYS = (
    # One signed statement of a stream, as signed; `subject` is the id of the thing it makes or changes.
    """CREATE TABLE dossier.statement (
           bucket int NOT NULL, stream bytea NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           kind text NOT NULL, subject bytea NOT NULL, seq bigint NOT NULL, envelope bytea NOT NULL,
           PRIMARY KEY (bucket, stream, hash))""",
    "CREATE INDEX statement_kind ON dossier.statement (bucket, stream, kind, seq)",
    "CREATE INDEX statement_subject ON dossier.statement (bucket, subject, kind)",
    """CREATE TABLE dossier.dossier (
           bucket int NOT NULL, dossier bytea NOT NULL CHECK (octet_length(dossier) = 16), owner bytea NOT NULL,
           nature text NOT NULL CHECK (nature IN ('private', 'business')), created bigint NOT NULL,
           PRIMARY KEY (bucket, dossier))""",
    "CREATE INDEX dossier_owner ON dossier.dossier (owner)",
    # The primary key is the compare-and-swap of a new epoch; `wrapped` is the secret under the dossier root.
    """CREATE TABLE dossier.section_key (
           bucket int NOT NULL, dossier bytea NOT NULL, section text NOT NULL, lane text NOT NULL,
           epoch int NOT NULL, public_hash bytea NOT NULL CHECK (octet_length(public_hash) = 32),
           statement bytea NOT NULL, wrapped bytea NOT NULL,
           PRIMARY KEY (bucket, dossier, section, lane, epoch))""",
    # Keys sealed to one grantee for one statement; the body names them and is opened by the grantee alone.
    """CREATE TABLE dossier.capsule (
           bucket int NOT NULL, dossier bytea NOT NULL, hash bytea NOT NULL CHECK (octet_length(hash) = 32),
           statement bytea NOT NULL, grantee bytea NOT NULL, body bytea NOT NULL, at bigint NOT NULL,
           PRIMARY KEY (bucket, dossier, hash))""",
    "CREATE INDEX capsule_grantee ON dossier.capsule (bucket, dossier, grantee, statement)",
    # An identifier's HMAC finds the dossier; a second claim to the same one waits in quarantine.
    """CREATE TABLE dossier.address (
           bucket int NOT NULL, hmac bytea NOT NULL, dossier bytea NOT NULL, kind text NOT NULL,
           quarantined boolean NOT NULL DEFAULT false, at bigint NOT NULL, PRIMARY KEY (bucket, hmac, dossier))""",
    "CREATE UNIQUE INDEX address_one ON dossier.address (bucket, hmac) WHERE NOT quarantined",
)

ITEMS = (
    """CREATE TABLE dossier.item (
           bucket int NOT NULL, item bytea NOT NULL, dossier bytea NOT NULL, seq bigint NOT NULL,
           PRIMARY KEY (bucket, item))""",
    "CREATE INDEX item_dossier ON dossier.item (bucket, dossier, seq)",
    """CREATE TABLE dossier.item_version (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL CHECK (version > 0),
           header_hash bytea NOT NULL CHECK (octet_length(header_hash) = 32), header bytea NOT NULL,
           sealed_key bytea NOT NULL, sealed_metadata bytea NOT NULL, source bytea NOT NULL, seq bigint NOT NULL,
           PRIMARY KEY (bucket, item, version))""",
    # Small parts stand in the row, large ones in the object store under the name `object`.
    """CREATE TABLE dossier.part (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, part int NOT NULL CHECK (part >= 0),
           length bigint NOT NULL, chunks bigint NOT NULL, hash bytea NOT NULL, content bytea, object text,
           PRIMARY KEY (bucket, item, version, part), CHECK ((content IS NULL) <> (object IS NULL)))""",
    # Adoption: the item key wrapped under a section's list key, replaceable by a holder.
    """CREATE TABLE dossier.wrap (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, section text NOT NULL, lane text NOT NULL,
           epoch int NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (bucket, item, version, section, lane))""",
    # The item key sealed for the place that a placement moved the item to.
    """CREATE TABLE dossier.placed_key (
           bucket int NOT NULL, item bytea NOT NULL, version int NOT NULL, placement bytea NOT NULL,
           sealed bytea NOT NULL, PRIMARY KEY (bucket, item, version, placement))""",
    """CREATE TABLE dossier.reading (
           bucket int NOT NULL, reading bytea NOT NULL, dossier bytea NOT NULL, item bytea NOT NULL,
           version int NOT NULL, actor bytea NOT NULL, organisation bytea, nonce bytea NOT NULL, seq bigint NOT NULL,
           at bigint NOT NULL, lease_until bigint NOT NULL, holds_until bigint, state text NOT NULL,
           PRIMARY KEY (bucket, reading), UNIQUE (bucket, actor, nonce))""",
    "CREATE INDEX reading_item ON dossier.reading (bucket, item, at)",
    "CREATE INDEX reading_dossier ON dossier.reading (bucket, dossier, at)",
    """CREATE TABLE dossier.upload (
           bucket int NOT NULL, upload bytea NOT NULL, dossier bytea NOT NULL, sender bytea NOT NULL,
           length bigint NOT NULL, hash bytea NOT NULL, received bigint NOT NULL DEFAULT 0, object text NOT NULL,
           state text NOT NULL, expires bigint NOT NULL, PRIMARY KEY (bucket, upload))""",
    "CREATE INDEX upload_expires ON dossier.upload (expires)",
)

SHARING = (
    """CREATE TABLE dossier.access_request (
           bucket int NOT NULL, request bytea NOT NULL, dossier bytea NOT NULL, actor bytea NOT NULL,
           organisation bytea, role text NOT NULL, case_id bytea, body bytea NOT NULL, sealed_reason bytea,
           seq bigint NOT NULL, at bigint NOT NULL, state text NOT NULL, answer bytea,
           PRIMARY KEY (bucket, request))""",
    "CREATE INDEX access_request_dossier ON dossier.access_request (bucket, dossier, at)",
    "CREATE INDEX access_request_actor ON dossier.access_request (actor, at)",
    """CREATE TABLE dossier.case_file (
           bucket int NOT NULL, case_id bytea NOT NULL, opened_by bytea NOT NULL, organisation bytea,
           purpose text NOT NULL, state text NOT NULL, body bytea NOT NULL, at bigint NOT NULL,
           PRIMARY KEY (bucket, case_id))""",
    """CREATE TABLE dossier.case_party (
           bucket int NOT NULL, party bytea NOT NULL, case_id bytea NOT NULL, kind text NOT NULL, until bigint,
           PRIMARY KEY (bucket, party, case_id, kind))""",
    """CREATE TABLE dossier.invitation (
           bucket int NOT NULL, hmac bytea NOT NULL, invitation bytea NOT NULL, case_id bytea NOT NULL,
           body bytea NOT NULL, expires bigint NOT NULL, state text NOT NULL, at bigint NOT NULL,
           PRIMARY KEY (bucket, hmac, invitation))""",
)

WAITING = (
    # What another stream must hear within 60 seconds; deleted in the transaction that tells it.
    """CREATE TABLE dossier.outbox (
           id bigint GENERATED ALWAYS AS IDENTITY, bucket int NOT NULL, kind text NOT NULL, target bytea NOT NULL,
           body bytea NOT NULL, due bigint NOT NULL, tries int NOT NULL DEFAULT 0, PRIMARY KEY (bucket, id))""",
    "CREATE INDEX outbox_due ON dossier.outbox (due, id)",
    # Small facts of the installation itself, such as the identity of the log.
    """CREATE TABLE dossier.setting (
           name text PRIMARY KEY, value bytea NOT NULL)""",
)

GRANTS = (
    "GRANT SELECT, INSERT ON dossier.dossier, dossier.section_key, dossier.placed_key TO dossier_service",
    "GRANT SELECT, INSERT ON dossier.statement, dossier.capsule, dossier.address, dossier.item, dossier.item_version,"
    " dossier.part, dossier.wrap, dossier.reading, dossier.upload, dossier.access_request, dossier.case_file,"
    " dossier.case_party, dossier.invitation, dossier.outbox, dossier.setting TO dossier_service",
    "GRANT UPDATE ON dossier.wrap, dossier.upload, dossier.outbox, dossier.case_file, dossier.case_party,"
    " dossier.invitation TO dossier_service",
    "GRANT UPDATE (state, lease_until) ON dossier.reading TO dossier_service",
    "GRANT UPDATE (state, answer) ON dossier.access_request TO dossier_service",
    "GRANT UPDATE (quarantined) ON dossier.address TO dossier_service",
    "GRANT DELETE ON dossier.upload, dossier.outbox, dossier.invitation, dossier.case_party TO dossier_service",
)


def upgrade() -> None:
    """Make the schema."""
    connection = op.get_bind()
    for statement in (*KEYS, *ITEMS, *SHARING, *WAITING, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: items and statements are what events refer to."""
    raise NotImplementedError("items and statements are never taken back")
