"""Successors of the dossier key: section secrets wrapped again under a new root, and when authority lapses.

Revision: 0007. Parent: 0006.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    # Which root wraps the secret: that of the dossier key with this sequence. Until now there was the first one only.
    "ALTER TABLE dossier.section_key ADD COLUMN sequence int NOT NULL DEFAULT 0",
    # The secrets of older epochs under a later root; the newest counts.
    """CREATE TABLE dossier.section_wrap (
           bucket int NOT NULL, dossier bytea NOT NULL, section text NOT NULL, lane text NOT NULL, epoch int NOT NULL,
           sequence int NOT NULL, wrapped bytea NOT NULL,
           PRIMARY KEY (bucket, dossier, section, lane, epoch, sequence))""",
    # When to look whether somebody's authority has ended by time: then the stream key's epoch ends too.
    """CREATE TABLE dossier.authority_due (
           bucket int NOT NULL, dossier bytea NOT NULL, person bytea NOT NULL, look_at bigint NOT NULL,
           PRIMARY KEY (bucket, dossier, person, look_at))""",
    "CREATE INDEX authority_due_at ON dossier.authority_due (look_at)",
)

GRANTS = (
    "GRANT SELECT, INSERT ON dossier.section_wrap TO dossier_service",
    "GRANT SELECT, INSERT, DELETE ON dossier.authority_due TO dossier_service",
)


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for statement in (*TABLES, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: signed statements would be lost."""
    raise NotImplementedError("data is never thrown away by a migration")
