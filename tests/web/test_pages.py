"""The pages that people see: two languages, no script, readable in both colour schemes, and saying no more than they may."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest

from web.demo.record import Demo, DemoAgency, DemoPersona
from web.demo.showing import Playing, demonstration
from web.pages.frame import STYLE
from web.pages.language import choose, other
from web.pages.problem import problem_page, wants_page
from web.pages.start import Visitor, start_page
from web.pages.texts import TEXTS
from web.signin.pages import failed_page, persona_page
from web.signin.personas import Persona

ORIGIN = "http://localhost"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HOSTILE = '"><script>alert(1)</script>'
VOID = {"meta", "link", "input", "br"}
LEAST_CONTRAST, LEAST_FOR_EDGES = 4.5, 3


class Outline(HTMLParser):
    """What stands open, and which ids, headings and references a page has; fails on a wrong end."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.wanted, self.headings, self.names = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.wanted += [found[each] for each in ("for", "aria-describedby") if each in found]
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def demo():
    personas = {
        "hanneke-de-wit": DemoPersona("Hanneke", "citizen", "Zij", "hanneke-de-wit", "secret-1", about_en="She"),
        "noor-hoekstra": DemoPersona(
            HOSTILE, "professional", "Helpt", "noor-hoekstra", "secret-2", "bank", "debt-counsellor", about_en="Helps"
        ),
        "registrar": DemoPersona("Register", "registrar", "Beheert", "registrar", "secret-3", about_en="Keeps"),
    }
    return Demo(ORIGIN, False, "", "", "", personas, {"bank": DemoAgency("Bank", "Leent", about_en="Lends")})


def pages(language):
    persona = Persona("noor", HOSTILE, "secret-4", about="Helpt", about_en="Helps")
    return {
        "start": start_page(language, demonstration(Playing(demo(), Path("/data/demo.json"), "key"), language), None),
        "signed in": start_page(language, "", Visitor(HOSTILE, HOSTILE)),
        "choose": persona_page({"state": HOSTILE}, [persona], language),
        "wrong": persona_page({"state": HOSTILE}, [persona], language, failed="noor"),
        "failed": failed_page("forbidden", language),
        **{f"problem {status}": problem_page(status, HOSTILE, "ab", language) for status in (400, 401, 404, 418, 500)},
    }


def test_both_languages_have_the_same_words():
    """No key is missing, none is empty, and what is filled in is the same in both."""
    dutch, english = TEXTS["nl"], TEXTS["en"]
    assert list(dutch) == list(english)
    for key in dutch:
        assert dutch[key].strip()
        assert re.findall(r"{\w+}", dutch[key]) == re.findall(r"{\w+}", english[key])


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page_is_whole(language):
    """Tags close, ids are unique and found, headings go down by one, there is one h1, no script and no style within."""
    for name, page in pages(language).items():
        outline = Outline()
        outline.feed(page.html)
        assert outline.open == [], name
        assert len(set(outline.ids)) == len(outline.ids), name
        assert set(outline.wanted) <= set(outline.ids), name
        assert outline.headings.count(1) == 1, name
        assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
        assert not {"script", "style"} & set(outline.names), name
        assert f'<html lang="{language}">' in page.html
        assert page.headers == {"content-language": language, "vary": "Accept-Language"}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_comes_from_outside_stays_text(language):
    """A name, a field or a code that looks like HTML is shown as it is written."""
    for name, page in pages(language).items():
        assert "<script" not in page.html, name


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_first_page_is_in_one_language(language):
    """A visitor reads who plays in the language of the page, and may go over to the other."""
    page = pages(language)["start"].html
    words, elsewhere = TEXTS[language], TEXTS[other(language)]
    assert words["step_withdraw"] in page
    assert elsewhere["step_withdraw"] not in page
    assert ("Leent" in page, "Lends" in page) == (language == "nl", language == "en")
    assert f'href="/?lang={other(language)}"' in page
    assert elsewhere["language"] in page


@pytest.mark.parametrize(
    "chosen, accepted, language",
    [
        ("", "", "nl"),
        ("en", "nl", "en"),
        ("xx", "", "nl"),
        ("fr en-GB", "nl", "en"),
        ("", "en-GB,en;q=0.9,nl;q=0.8", "en"),
        ("", "nl;q=0.3, en;q=0.7", "en"),
        ("", "en;q=0, nl;q=0.1", "nl"),
        ("", "fr, de", "nl"),
        ("", "en;q=high", "nl"),
        ("", ";;,,q=", "nl"),
        ("", "*", "nl"),
    ],
)
def test_language(chosen, accepted, language):
    """What somebody chose counts first, then what their browser prefers, then Dutch."""
    assert choose(chosen, accepted) == language


def luminance(colour):
    parts = re.findall("..", colour) if len(colour) == 6 else [each * 2 for each in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb(parts)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(parts):
    return [int(part, 16) / 255 for part in parts]


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_told_apart():
    """Text has a contrast of 4.5 or more on what it stands on, edges and focus of 3, in both schemes (WCAG 1.4.3, 1.4.11)."""
    schemes = re.findall(r":root\s*{([^}]*)}", STYLE.decode())
    assert len(schemes) == 2
    for scheme in schemes:
        colour = dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", scheme))
        pairs = [(text, on) for text in ("text", "quiet", "link", "alert") for on in ("page", "panel")]
        for text, on in [*pairs, ("on-button", "button"), ("focus", "page")]:
            assert contrast(colour[text], colour[on]) >= LEAST_CONTRAST, (text, on)
        for edge, on in (("line", "page"), ("focus", "panel"), ("button", "page")):
            assert contrast(colour[edge], colour[on]) >= LEAST_FOR_EDGES, (edge, on)


def test_a_problem_page_tells_apart_no_more_than_the_status():
    """Whatever is absent or hidden gives the same page but for the request's own id."""
    one = problem_page(404, "not-found", "11", "nl").html
    other_one = problem_page(404, "not-found", "22", "nl").html
    assert one.replace("11", "22") == other_one


def test_only_who_follows_a_link_gets_a_page():
    """A browser names text/html; programs, and every act that changes something, get the problem document."""
    assert wants_page("GET", BROWSER)
    assert not wants_page("GET", "*/*")
    assert not wants_page("GET", "application/json")
    assert not wants_page("POST", BROWSER)


async def fetch(app, path, **headers):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.get(path, headers=headers)


async def test_a_person_meets_a_page_and_a_program_a_document(app):
    """The same refusal is a page in the person's language or a problem document, with the same status."""
    page = await fetch(app, "/nowhere", accept=BROWSER, **{"accept-language": "en"})
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept, Accept-Language"
    assert TEXTS["en"]["problem_404"] in page.text
    assert page.headers["request-id"] in page.text
    document = await fetch(app, "/nowhere", accept="*/*")
    assert document.status_code == 404
    assert document.headers["content-type"] == "application/problem+json"
    refused = await fetch(app, "/v1/me", accept=BROWSER)
    assert refused.status_code == 401
    assert 'href="/signin"' in refused.text


async def test_the_pages_are_dressed(app):
    """Style sheet and icon are there, may be kept, and the first page names them."""
    page = await fetch(app, "/")
    for path, kind in (("/style.css", "text/css"), ("/icon.svg", "image/svg+xml")):
        assert f'href="{path}"' in page.text
        found = await fetch(app, path)
        assert found.headers["content-type"].startswith(kind)
        assert found.headers["cache-control"] == "public, max-age=3600"


async def test_who_signed_in_is_named_and_can_sign_out(browser, personas):
    """After signing in the first page says who that is; its form ends the session, a stale cookie is nobody's."""
    await browser.sign_in(personas["hanneke-de-wit"])
    page = await browser.request("GET", "/")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert TEXTS["nl"]["signed_in"].format(name="Hanneke de Wit") in page.text
    ended = await browser.request("POST", "/signout", data={"csrf": token[1]})
    assert ended.status_code == 303
    assert 'name="csrf"' not in (await browser.request("GET", "/")).text
