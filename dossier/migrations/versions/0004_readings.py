"""Readings and sharing: what a reading was decided on, keys of capsules, uses of consents, what was told of the hidden.

Revision: 0004. Parent: 0003.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    # What a reading is decided by again before each range: codes and positions, no content.
    "ALTER TABLE dossier.reading ADD COLUMN context bytea NOT NULL DEFAULT ''",
    # Which keys a grantee's capsules hold: an item's, or those of a section and lane (then `item` is empty).
    """CREATE TABLE dossier.capsule_key (
           bucket int NOT NULL, dossier bytea NOT NULL, grantee bytea NOT NULL, item bytea NOT NULL,
           section text NOT NULL, lane text NOT NULL, epoch int NOT NULL, version int NOT NULL,
           statement bytea NOT NULL, capsule bytea NOT NULL,
           PRIMARY KEY (bucket, dossier, grantee, item, section, lane, epoch, version, capsule))""",
    "CREATE INDEX capsule_key_statement ON dossier.capsule_key (bucket, dossier, statement)",
    # When a consent was last used, to the second or so: consents may end by disuse.
    """CREATE TABLE dossier.consent_use (
           bucket int NOT NULL, consent bytea NOT NULL, used bigint NOT NULL, PRIMARY KEY (bucket, consent))""",
    # When to look whether a consent has ended by time, with its case, or by disuse.
    """CREATE TABLE dossier.consent_due (
           bucket int NOT NULL, consent bytea NOT NULL, dossier bytea NOT NULL, case_id bytea, look_at bigint NOT NULL,
           PRIMARY KEY (bucket, consent))""",
    "CREATE INDEX consent_due_at ON dossier.consent_due (look_at)",
    # That a dossier was told of hidden requests of one actor in one hour: it is told once more when the hour is over.
    """CREATE TABLE dossier.told (
           bucket int NOT NULL, dossier bytea NOT NULL, actor bytea NOT NULL, reason text NOT NULL, hour bigint NOT NULL,
           PRIMARY KEY (bucket, dossier, actor, reason, hour))""",
)

GRANTS = (
    "GRANT SELECT, INSERT ON dossier.capsule_key TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE ON dossier.consent_use TO dossier_service",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dossier.consent_due TO dossier_service",
    "GRANT SELECT, INSERT, DELETE ON dossier.told TO dossier_service",
)


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for statement in (*TABLES, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: readings are what events refer to."""
    raise NotImplementedError("readings are never taken back")
