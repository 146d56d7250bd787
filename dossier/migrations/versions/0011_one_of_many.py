"""One of many rows of a dossier is found by its own id or hash, never among all rows of the dossier (ADR 0451).

Revision: 0011. Parent: 0010.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STEPS = (
    "DROP INDEX audit.fact_subject",
    "CREATE INDEX fact_subject ON audit.fact (bucket, subject)",
    "CREATE INDEX statement_hash ON dossier.statement (bucket, hash)",
    "CREATE INDEX capsule_hash ON dossier.capsule (bucket, hash)",
    "DROP INDEX dossier.capsule_grantee",
    "CREATE INDEX capsule_grantee ON dossier.capsule (bucket, grantee)",
    "CREATE INDEX capsule_statement ON dossier.capsule (bucket, statement)",
    "CREATE INDEX party_statement_subject ON dossier.party_statement (bucket, subject)",
    # Nothing is looked up by it, and next to the primary key it was taken for just as good.
    "DROP INDEX dossier.capsule_key_statement",
)


def upgrade() -> None:
    """Let indexes begin with what singles out a row."""
    for step in STEPS:
        op.get_bind().exec_driver_sql(step)


def downgrade() -> None:
    """Refuse, as every migration here."""
    raise NotImplementedError("data is never thrown away by a migration")
