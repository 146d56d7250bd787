"""Hiding what an actor may not know of: equal answers at equal times, and the dossier told of it afterwards."""
