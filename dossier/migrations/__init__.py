"""The schema's history: one revision a file under `versions/`, run by Alembic as the owner role."""
