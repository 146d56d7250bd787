"""Which language a person reads: what they chose on the page, else the first that their browser asks for, else Dutch."""

from __future__ import annotations

from typing import Literal

Language = Literal["nl", "en"]

DEFAULT: Language = "nl"
_KNOWN: dict[str, Language] = {"nl": "nl", "en": "en"}


def choose(chosen: str, accepted: str) -> Language:
    """The language for a page, from a choice (a code, or several as in OpenID's `ui_locales`) and `Accept-Language`.

    Preferences are read as RFC 9110 section 12.5.4 says; what is unknown or malformed counts as absent.
    """
    for code in chosen.split():
        if found := _KNOWN.get(_primary(code)):
            return found
    ranges = sorted((_quality(each), -place, _primary(each)) for place, each in enumerate(accepted.split(",")))
    for quality, _, code in reversed(ranges):
        if quality > 0 and code in _KNOWN:
            return _KNOWN[code]
    return DEFAULT


def other(language: Language) -> Language:
    """The one that is not shown now."""
    return "en" if language == "nl" else "nl"


def _primary(code: str) -> str:
    return code.partition(";")[0].partition("-")[0].strip().lower()


def _quality(part: str) -> float:
    weight = part.partition(";")[2].strip()
    if not weight:
        return 1.0
    try:
        return float(weight.removeprefix("q=")) if weight.startswith("q=") else 0.0
    except ValueError:
        return 0.0
