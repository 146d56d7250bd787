"""The few pages of sign-in, as plain HTML without script; every value goes through `html.escape`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from web.signin.personas import Persona

_FRAME = """<!doctype html>
<html lang="nl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main><h1>{title}</h1>
{body}
</main></body></html>
"""

_FORM = """<p>Dit is een proefomgeving. De mensen hieronder bestaan niet.</p>
{notice}<form method="post" action="authorize">
{hidden}
<fieldset><legend>Als wie?</legend>
{choices}
</fieldset>
<p><label for="secret">Geheim van deze persoon</label>
<input id="secret" name="secret" type="password" autocomplete="off" required></p>
<p><button type="submit">Inloggen</button></p>
</form>"""


def persona_page(request: Mapping[str, str], personas: Iterable[Persona], *, failed: bool = False) -> str:
    """The page of the development provider: choose a persona, give its secret; ``request`` travels in hidden fields."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in request.items()
    )
    notice = '<p role="alert">Dat geheim klopt niet. Probeer het nog eens.</p>\n' if failed else ""
    choices = "\n".join(_choice(persona) for persona in personas)
    return _page("Inloggen als", _FORM.format(notice=notice, hidden=hidden, choices=choices))


def message_page(title: str, text: str) -> str:
    """A page that says one thing."""
    return _page(title, f"<p>{escape(text)}</p>")


def _choice(persona: Persona) -> str:
    about = f" ({escape(persona.about)})" if persona.about else ""
    subject = escape(persona.subject)
    return (
        f'<p><input type="radio" name="subject" id="s-{subject}" value="{subject}" required>'
        f'<label for="s-{subject}">{escape(persona.name)}{about}</label></p>'
    )


def _page(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), body=body)
