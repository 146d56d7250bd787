"""The first page: what this is, and in a demonstration who plays in it and how to play each step by hand.

Plain HTML without script or style; every value goes through `html.escape`. No secret stands on it: those are in
demo.json, which only the owner of the folder can read.
"""

from __future__ import annotations

import shlex
from html import escape
from pathlib import Path

from litestar import MediaType, Response, get

from web.api.act import Http, service
from web.demo.record import FILE, Demo, DemoPersona, read_demo

_FRAME = """<!doctype html>
<html lang="nl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Eigendossier</title></head>
<body><main>
<h1>Eigendossier</h1>
<p>Het dossier dat van jou is. Instanties leveren stukken in, verzegeld voor jou alleen. Jij bepaalt wie meekijkt,
waarvoor en tot wanneer. Elke blik wordt opgeschreven, en dat kan niemand meer uitwissen.</p>
<p lang="en">The case dossier that its subject owns. Agencies deliver, sealed to the owner. The owner decides who looks,
for what and until when. Every look is written down where nobody can take it back.</p>
{body}
<h2>Voor wie bouwt <span lang="en">/ For builders</span></h2>
<ul>
<li><a href="/v1/openapi.json">Beschrijving van de API <span lang="en">/ API description</span></a></li>
<li><a href="/v1/register">Register van instanties <span lang="en">/ register of organisations</span></a></li>
<li><a href="/log/checkpoint">Openbaar logboek <span lang="en">/ public log</span></a>,
<a href="/log/vkey">sleutel <span lang="en">/ verifier key</span></a>,
<a href="/log/promise-vkey">sleutel van beloften <span lang="en">/ of promises</span></a></li>
<li><a href="/health/ready">Gezondheid <span lang="en">/ health</span></a></li>
</ul>
</main></body></html>
"""

_LOADING = """<p role="status">De voorbeeldwereld wordt nog geladen. Ververs deze pagina zo meteen.
<span lang="en">The sample world is still being loaded. Reload this page in a moment.</span></p>"""

_DEMO = """<h2>Wie er meespelen <span lang="en">/ Who plays</span></h2>
<p>Niemand van hen bestaat. Hun geheimen staan in <code>{file}</code>.
<span lang="en">None of them exists. Their secrets stand in that file.</span></p>
<table>
<thead><tr><th scope="col">Naam / <span lang="en">name</span></th><th scope="col">Wie / <span lang="en">who</span></th>
<th scope="col">Aanmelden als / <span lang="en">sign in as</span></th></tr></thead>
<tbody>
{people}
</tbody>
</table>
<h2>Instanties <span lang="en">/ Agencies</span></h2>
<ul>
{agencies}
</ul>
<h2>Speel het zelf <span lang="en">/ Play it by hand</span></h2>
<p>In een ander venster, in de map van het project. <span lang="en">In another terminal, in the project's
folder.</span> <code>{environment}</code></p>
<ol>
{steps}
</ol>
<p><a href="/signin">Inloggen in de browser <span lang="en">/ sign in with a browser</span></a></p>"""


@get("/", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def show_start(request: Http) -> Response[str]:
    """Show the first page."""
    running = service(request)
    path = running.settings.data_dir / FILE
    demo = read_demo(path) if running.settings.mode == "development" else None
    body = "" if demo is None else _demo_body(demo, path, str(running.keys.log_verifier))
    return Response(_FRAME.format(body=body), media_type=MediaType.HTML)


def _demo_body(demo: Demo, path: Path, vkey: str) -> str:
    loading = "" if demo.loaded else _LOADING
    return loading + _DEMO.format(
        file=escape(str(path)),
        people="\n".join(_person(slug, each, demo) for slug, each in demo.personas.items()),
        agencies="\n".join(
            f"<li><strong>{escape(each.name)}</strong> (<code>{escape(slug)}</code>): {escape(each.about)}</li>"
            for slug, each in demo.agencies.items()
        ),
        environment=escape(f"export DOSSIER_DATA_DIR={shlex.quote(str(path.parent))}"),
        steps="\n".join(_step(*each) for each in story(demo, vkey)),
    )


def story(demo: Demo, vkey: str) -> list[tuple[str, str, str]]:
    """Each step of the story: in Dutch, in English, and the command."""
    owner = "hanneke-de-wit"
    identifier = next(iter(demo.personas[owner].identifiers), "") if owner in demo.personas else ""
    asking = "--as noor-hoekstra --purpose debt-plan --reason intake"
    return [
        ("Lever iets in", "Deliver something", f"push README.md --to {identifier} --as kredietbank-lindeland"),
        ("Hanneke ziet haar stukken", "Hanneke sees her records", f"items --as {owner}"),
        ("Open er een", "Open one", f"open ITEM --as {owner} --out stuk.md"),
        ("Noor vraagt wat zij mag zien", "Noor asks what she may see", f"items {asking} --of {owner}"),
        ("Noor leest", "Noor reads", f"open ITEM {asking} --out gelezen.md"),
        ("Wie mag wat", "Who may do what", f"consents --as {owner}"),
        ("Stop ermee", "Stop it", f"withdraw CONSENT --as {owner}"),
        ("Noor vraagt het nog eens", "Noor asks again: refused", f"open ITEM {asking} --out gelezen.md"),
        (
            "Geef opnieuw toestemming",
            "Allow it again",
            f"grant --as {owner} --to noor-hoekstra --sections debts --purpose debt-plan",
        ),
        ("Wie keek er", "Who looked, and is the list whole", f"events --as {owner}"),
        (
            "Controleer het logboek",
            "Check the log",
            f"log verify {demo.server}/log --vkey {shlex.quote(vkey)}",
        ),
        ("Beslis alles opnieuw", "Decide everything again", "log replay"),
    ]


def _person(slug: str, persona: DemoPersona, demo: Demo) -> str:
    employer = demo.agencies[persona.organisation].name if persona.organisation in demo.agencies else ""
    role = f"{persona.role}, {employer}: " if employer else ""
    return (
        f'<tr><th scope="row">{escape(persona.name)}</th><td>{escape(role + persona.about)}</td>'
        f"<td><code>{escape(slug)}</code></td></tr>"
    )


def _step(dutch: str, english: str, command: str) -> str:
    return (
        f'<li>{escape(dutch)} <span lang="en">/ {escape(english)}</span><br>'
        f"<code>.venv/bin/dossier {escape(command)}</code></li>"
    )


ROUTES = (show_start,)
