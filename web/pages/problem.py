"""A problem as a page, for a person whose browser asked for one. Programs get the problem document of RFC 9457."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from web.pages.frame import Page
from web.pages.language import Language
from web.pages.texts import TEXTS

_LIKE = {405: 400, 413: 400, 415: 400, 421: 400, 422: 400, 409: 410}
"""Statuses that a person following a link meets seldom, and whose page serves."""


def wants_page(method: str, accepted: str) -> bool:
    """Whether a person follows a link: browsers name `text/html` then, programs ask for JSON or anything."""
    return method in {"GET", "HEAD"} and "text/html" in accepted.lower()


def problem_page(status: int, code: str, request_id: str, language: Language) -> Page:
    """What happened and what to do next. It says no more than the status does, so the absent and the hidden look alike."""
    words = TEXTS[language]
    known = _LIKE.get(status, status)
    if f"problem_{known}" not in words:
        known = 400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500
    signing_in = (
        f'<p><a href="/signin">{escape(words["sign_in"])}</a></p>\n' if known == HTTPStatus.UNAUTHORIZED else ""
    )
    body = (
        f"<h1>{escape(words[f'problem_{known}'])}</h1>\n"
        f'<p class="lead">{escape(words[f"problem_{known}_about"])}</p>\n{signing_in}'
        f'<p><a href="/?lang={language}">{escape(words["home"])}</a></p>\n'
        f'<p class="quiet">{escape(words["problem_code"].format(code=code, request=request_id))}</p>'
    )
    return Page(language, f"{words[f'problem_{known}']} - Eigendossier", body)
