"""Epochs of a dossier's keys: which wait for a new one, the next dossier key, the next stream key."""
