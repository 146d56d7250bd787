"""The few pages of sign-in: choosing a persona, and what is said when signing in did not succeed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from web.pages.frame import Page
from web.pages.language import Language, other
from web.pages.texts import TEXTS
from web.signin.personas import Persona

LANGUAGE_FIELD = "ui_locales"
"""The languages that the person prefers (OpenID Connect Core 3.1.2.1)."""

_FORM = """<h1>{title}</h1>
<p>{about}</p>
{notice}<form method="post" action="authorize">
{hidden}
<fieldset><legend>{who}</legend>
{choices}
</fieldset>
<p><label for="secret">{secret}</label>
<input id="secret" name="secret" type="password" autocomplete="off" aria-describedby="where" required></p>
<p id="where" class="quiet">{where}</p>
<p><button type="submit">{button}</button></p>
</form>"""


def persona_page(
    request: Mapping[str, str], personas: Iterable[Persona], language: Language = "nl", *, failed: str | None = None
) -> Page:
    """The page of the development provider: choose a persona, give its secret; `request` travels in hidden fields.

    `failed` is the subject whose secret was wrong, chosen again already.
    """
    words, fields = TEXTS[language], {**request, LANGUAGE_FIELD: language}
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    notice = "" if failed is None else f'<p class="notice alert" role="alert">{escape(words["secret_wrong"])}</p>\n'
    body = _FORM.format(
        title=escape(words["choose"]),
        about=escape(words["choose_about"]),
        notice=notice,
        hidden=hidden,
        who=escape(words["choose_who"]),
        choices="\n".join(_choice(each, language, chosen=each.subject == failed) for each in personas),
        secret=escape(words["secret"]),
        where=escape(words["secret_where"]),
        button=escape(words["sign_in"]),
    )
    again = f"authorize?{urlencode({**request, LANGUAGE_FIELD: other(language)})}"
    return Page(language, f"{words['choose']} - Eigendossier", body, again)


def failed_page(code: str, language: Language) -> Page:
    """Signing in did not succeed: nothing happened, and where to begin again."""
    words = TEXTS[language]
    body = (
        f"<h1>{escape(words['sign_in_failed'])}</h1>\n<p>{escape(words['sign_in_again'])}</p>\n"
        f'<p><a href="/signin">{escape(words["sign_in"])}</a></p>\n'
        f'<p><a href="/?lang={language}">{escape(words["home"])}</a></p>\n'
        f'<p class="quiet">{escape(words["sign_in_code"].format(code=code))}</p>'
    )
    return Page(language, f"{words['sign_in_failed']} - Eigendossier", body)


def _choice(persona: Persona, language: Language, *, chosen: bool) -> str:
    about = persona.about if language == "nl" else persona.about_en or persona.about
    subject, checked = escape(persona.subject), " checked" if chosen else ""
    return (
        f'<p class="choice"><input type="radio" name="subject" id="s-{subject}" value="{subject}" required{checked}>'
        f'<label for="s-{subject}"><strong>{escape(persona.name)}</strong> {escape(about)}</label></p>'
    )
