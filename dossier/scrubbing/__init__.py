"""Looking for bit rot: what is stored is held against what was signed, before somebody asks for it."""
