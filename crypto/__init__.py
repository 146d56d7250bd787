"""Keys, strict encodings, sealing, signed statements, items and unlocking: bytes in, bytes or errors out.

Pure: no I/O, no clock. Randomness is drawn only where a key, an id, a nonce or a sealed object is made.
"""

from __future__ import annotations
