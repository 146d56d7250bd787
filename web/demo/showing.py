"""The demonstration's part of the first page: who plays in it, and how to play each step by hand.

No secret stands on it: those are in demo.json, which only the owner of the folder can read.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from consent.catalogue import shipped_catalogues
from web.demo.record import REGISTRAR, Demo, DemoPersona
from web.pages.language import Language
from web.pages.texts import TEXTS

OWNER, READER, SENDER = "hanneke-de-wit", "noor-hoekstra", "kredietbank-lindeland"


@dataclass(frozen=True, slots=True)
class Playing:
    """A running demonstration: its file, where that lies, and the verifier key of the log."""

    demo: Demo
    path: Path
    vkey: str


def demonstration(playing: Playing, language: Language) -> str:
    """The story to play, the people and the agencies, as HTML."""
    return "\n".join([_story(playing, language), _people(playing, language), _agencies(playing.demo, language)])


def _story(playing: Playing, language: Language) -> str:
    words = TEXTS[language]
    loading = "" if playing.demo.loaded else f'<p class="notice" role="status">{escape(words["loading"])}</p>\n'
    folder = f"export DOSSIER_DATA_DIR={shlex.quote(str(playing.path.parent))}"
    steps = "\n".join(
        f"<li>{escape(words[f'step_{key}'])}\n{_command(f'.venv/bin/dossier {command}')}</li>"
        for key, command in story(playing.demo, playing.vkey)
    )
    return (
        f"<h2>{escape(words['play'])}</h2>\n{loading}<p>{escape(words['play_about'])}</p>\n{_command(folder)}\n"
        f"<p>{escape(words['play_ids'])}</p>\n<ol>\n{steps}\n</ol>"
    )


def story(demo: Demo, vkey: str) -> list[tuple[str, str]]:
    """Each step of the story: the key of its words, and the command."""
    identifier = next(iter(demo.personas[OWNER].identifiers), "") if OWNER in demo.personas else ""
    asking = f"--as {READER} --purpose debt-plan --reason intake"
    return [
        ("push", f"push README.md --to {identifier} --as {SENDER}"),
        ("items", f"items --as {OWNER}"),
        ("open", f"open ITEM --as {OWNER} --out /tmp/hanneke.md"),
        ("list", f"items {asking} --of {OWNER}"),
        ("read", f"open ITEM {asking} --out /tmp/noor.md"),
        ("consents", f"consents --as {OWNER}"),
        ("withdraw", f"withdraw CONSENT --as {OWNER}"),
        ("refused", f"open ITEM {asking} --out /tmp/noor.md"),
        ("grant", f"grant --as {OWNER} --to {READER} --sections debts --purpose debt-plan"),
        ("events", f"events --as {OWNER}"),
        ("verify", f"log verify {demo.server}/log --vkey {shlex.quote(vkey)}"),
        ("replay", "log replay"),
    ]


def _command(text: str) -> str:
    """A command to copy; on a small screen it is broken between its words."""
    words = " ".join(f"<span>{escape(each)}</span>" for each in text.split(" "))
    return f"<pre><code>{words}</code></pre>"


def _people(playing: Playing, language: Language) -> str:
    words, demo = TEXTS[language], playing.demo
    groups: dict[str, list[str]] = {"citizens": [], "professionals": [], "administrators": []}
    for slug, each in demo.personas.items():
        groups[_group(each)].append(_row(slug, each, demo, language))
    about = escape(words["who_about"]).format(file=f"<code>{escape(str(playing.path))}</code>")
    shown = "\n".join(
        f"<h3>{escape(words[key])}</h3>\n{_table(groups[key], language)}" for key in ("citizens", "professionals")
    )
    folded = (
        f"<details><summary>{escape(words['administrators'])}</summary>\n"
        f"{_table(groups['administrators'], language)}</details>"
    )
    return f"<h2>{escape(words['who'])}</h2>\n<p>{about}</p>\n{shown}\n{folded}"


def _group(persona: DemoPersona) -> str:
    if persona.role == "administrator" or persona.kind == REGISTRAR:
        return "administrators"
    return "professionals" if persona.organisation else "citizens"


def _table(rows: Iterable[str], language: Language) -> str:
    words = TEXTS[language]
    columns = "".join(
        f'<th scope="col">{escape(words[f"column_{each}"])}</th>' for each in ("name", "about", "sign_in")
    )
    return f"<table><thead><tr>{columns}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _row(slug: str, persona: DemoPersona, demo: Demo, language: Language) -> str:
    about = persona.about if language == "nl" else persona.about_en
    if persona.organisation:
        role = shipped_catalogues().current.word("roles", persona.role, language)
        about = f"{role[:1].upper()}{role[1:]}, {demo.agencies[persona.organisation].name}. {about}"
    return (
        f'<tr><th scope="row">{escape(persona.name)}</th><td>{escape(about)}</td>'
        f"<td><code>{escape(slug)}</code></td></tr>"
    )


def _agencies(demo: Demo, language: Language) -> str:
    lines = "\n".join(
        f"<li><strong>{escape(each.name)}</strong> (<code>{escape(slug)}</code>): "
        f"{escape(each.about if language == 'nl' else each.about_en)}</li>"
        for slug, each in demo.agencies.items()
    )
    return f"<h2>{escape(TEXTS[language]['agencies'])}</h2>\n<ul>\n{lines}\n</ul>"
