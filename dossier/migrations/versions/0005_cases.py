"""Cases and access requests: until when a request waits, sealed words of its answer, and ways to find them.

Revision: 0005. Parent: 0004.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "ALTER TABLE dossier.access_request ADD COLUMN expires bigint NOT NULL, ADD COLUMN sealed_answer bytea",
    "CREATE INDEX access_request_open ON dossier.access_request (expires) WHERE state = 'open'",
    # An invitation reaches a dossier by the address that leads to it.
    "CREATE INDEX address_dossier ON dossier.address (dossier)",
    "CREATE INDEX invitation_case ON dossier.invitation (case_id)",
)

GRANTS = ("GRANT UPDATE (sealed_answer) ON dossier.access_request TO dossier_service",)


def upgrade() -> None:
    """Make columns and indexes."""
    connection = op.get_bind()
    for statement in (*TABLES, *GRANTS):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: requests are what events refer to."""
    raise NotImplementedError("requests are never taken back")
