"""Who added a capsule to a consent that stood already: how many one person may add to another's list is bounded.

Revision: 0009. Parent: 0007.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

# Null for what came with its statement, and for what was added before this was kept.
COLUMN = "ALTER TABLE dossier.capsule ADD COLUMN adder bytea"


def upgrade() -> None:
    """Add the column."""
    op.get_bind().exec_driver_sql(COLUMN)


def downgrade() -> None:
    """Refuse: who added what would be forgotten."""
    raise NotImplementedError("data is never thrown away by a migration")
