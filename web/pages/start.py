"""The first page: what this is, who has signed in, where builders look; a demonstration adds a part of its own."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from web.pages.frame import Page
from web.pages.language import Language, other
from web.pages.texts import TEXTS


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who has signed in with this browser, and the CSRF token to sign out with."""

    name: str
    csrf: str


def start_page(language: Language, demonstration: str, visitor: Visitor | None) -> Page:
    """The page; `demonstration` is HTML, empty where none runs."""
    words = TEXTS[language]
    parts = (
        f'<h1>Eigendossier</h1>\n<p class="lead">{escape(words["lead"])}</p>\n<p>{escape(words["what"])}</p>',
        f"<p>{escape(words['pages_follow'])}</p>",
        _signed_in(visitor, language),
        demonstration,
        _builders(language),
    )
    return Page(language, "Eigendossier", "\n".join(parts), f"/?lang={other(language)}")


def _signed_in(visitor: Visitor | None, language: Language) -> str:
    words = TEXTS[language]
    if visitor is None:
        return f'<p><a href="/signin">{escape(words["sign_in"])}</a>. {escape(words["sign_in_why"])}</p>'
    return (
        f'<form method="post" action="/signout"><p>{escape(words["signed_in"].format(name=visitor.name))}</p>'
        f'<input type="hidden" name="csrf" value="{escape(visitor.csrf)}">'
        f"<p><button>{escape(words['sign_out'])}</button></p></form>"
    )


def _builders(language: Language) -> str:
    links = (
        ("/v1/openapi.json", "openapi"),
        ("/v1/register", "register"),
        ("/log/checkpoint", "log"),
        ("/log/vkey", "log_key"),
        ("/log/promise-vkey", "promise_key"),
        ("/health/ready", "health"),
    )
    words = TEXTS[language]
    lines = "\n".join(f'<li><a href="{address}">{escape(words[key])}</a></li>' for address, key in links)
    return f"<h2>{escape(words['builders'])}</h2>\n<ul>\n{lines}\n</ul>"
