"""An identifier leads to one dossier and no other: nothing waits in quarantine (ADR 0446).

Revision: 0010. Parent: 0009.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# No row was ever in quarantine; were there one, the key would refuse it. The index goes with the column.
STEPS = (
    "ALTER TABLE dossier.address DROP CONSTRAINT address_pkey",
    "ALTER TABLE dossier.address DROP COLUMN quarantined",
    "ALTER TABLE dossier.address ADD PRIMARY KEY (bucket, hmac)",
)


def upgrade() -> None:
    """Let the identifier be the key."""
    for step in STEPS:
        op.get_bind().exec_driver_sql(step)


def downgrade() -> None:
    """Refuse, as every migration here."""
    raise NotImplementedError("data is never thrown away by a migration")
