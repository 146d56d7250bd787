"""Dossiers: making one, the statements that govern it, its keys, and how agencies find it."""
