"""Sharing: consents and denials, their ends, the keys that come with them, and what would change beforehand."""
