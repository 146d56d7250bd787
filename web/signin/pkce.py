"""Proof Key for Code Exchange (RFC 7636), method S256 only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_verifier(verifier: str, challenge: str) -> bool:
    """Tell whether a verifier is well-formed and gives the challenge (section 4.6)."""
    right = hmac.compare_digest(code_challenge(verifier).encode(), challenge.encode())
    return right and _VERIFIER.fullmatch(verifier) is not None
