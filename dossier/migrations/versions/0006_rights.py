"""Narrower rights of the service: it deletes and changes only what some act of it deletes and changes.

Revision: 0006. Parent: 0005.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RIGHTS = (
    "REVOKE DELETE ON dossier.member, dossier.unlock, dossier.keyring FROM dossier_service",
    "REVOKE UPDATE ON dossier.member, dossier.system, dossier.unlock, dossier.keyring, dossier.wrap, dossier.upload,"
    " dossier.outbox, dossier.case_file, dossier.case_party, dossier.invitation, dossier.consent_use,"
    " dossier.consent_due FROM dossier_service",
    "GRANT UPDATE (name, roles, until, attested_until) ON dossier.member TO dossier_service",
    "GRANT UPDATE (name, key_set, key_set_url) ON dossier.system TO dossier_service",
    "GRANT UPDATE (statement, document, changed) ON dossier.unlock TO dossier_service",
    "GRANT UPDATE (document, version, changed) ON dossier.keyring TO dossier_service",
    "GRANT UPDATE (epoch, wrapped) ON dossier.wrap TO dossier_service",
    "GRANT UPDATE (received, state) ON dossier.upload TO dossier_service",
    "GRANT UPDATE (due, tries) ON dossier.outbox TO dossier_service",
    "GRANT UPDATE (state) ON dossier.case_file TO dossier_service",
    "GRANT UPDATE (until) ON dossier.case_party TO dossier_service",
    "GRANT UPDATE (state) ON dossier.invitation TO dossier_service",
    "GRANT UPDATE (used) ON dossier.consent_use TO dossier_service",
    "GRANT UPDATE (look_at) ON dossier.consent_due TO dossier_service",
)


def upgrade() -> None:
    """Take rights away and give the narrower ones."""
    connection = op.get_bind()
    for statement in RIGHTS:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: wider rights are never wanted back."""
    raise NotImplementedError("rights are never widened")
