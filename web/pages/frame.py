"""What stands around every page: head, the way home, the other language, and the headers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from web.pages.language import Language, other
from web.pages.texts import TEXTS

STYLE_PATH, ICON_PATH = "/style.css", "/icon.svg"
STYLE = (Path(__file__).parent / "style.css").read_bytes()
ICON = (Path(__file__).parent / "icon.svg").read_bytes()

_FRAME = Template("""<!doctype html>
<html lang="$language">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="$style"><link rel="icon" href="$icon" type="image/svg+xml"></head>
<body>
<a class="skip" href="#main">$skip</a>
<header><a class="home" href="/?lang=$language">Eigendossier</a>
$switch</header>
<main id="main">
$body
</main>
</body></html>
""")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language. `again` is the address of the same page in the other one; none, no link is offered."""

    language: Language
    title: str
    body: str
    again: str = ""

    @property
    def html(self) -> str:
        """The whole document; `body` is HTML already, the rest is not."""
        words = TEXTS[self.language]
        return _FRAME.substitute(
            language=self.language,
            title=escape(self.title),
            style=STYLE_PATH,
            icon=ICON_PATH,
            skip=escape(words["skip"]),
            switch=self._switch(),
            body=self.body,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What a cache must know: the same address has two texts."""
        return {"content-language": self.language, "vary": "Accept-Language"}

    def _switch(self) -> str:
        language = other(self.language)
        name = TEXTS[language]["language"]
        return (
            f'<a href="{escape(self.again)}" hreflang="{language}" lang="{language}">{name}</a>' if self.again else ""
        )
