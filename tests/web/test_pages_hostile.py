"""Scripts in whatever others wrote: none of them becomes part of a page that there is (N81)."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import product
from urllib.parse import quote

import pytest

from tests.web import test_pages
from tests.web.test_pages import BROWSER

EVENTS = ("onload", "onerror", "onclick", "onfocus", "onmouseover", "ontoggle", "onanimationstart", "onbegin")
TAGS = ("img src=x", "svg", "body", "iframe", "input autofocus", "details open", "video", "math", "style", "marquee")
BREAKS = ("", '"', "'", '">', "'>", "</title>", "</textarea>", "</script>", "-->", "]]>")
OTHERS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//example.org/x.js></sCrIpT>",
    "<script\x0c>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<base href=//example.org/>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "<form action=//example.org><button>x",
    "<object data=data:text/html;base64,PHNjcmlwdD4=>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'>",
    "<template><script>alert(1)</script></template>",
    "<!--<script>alert(1)//-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href=//example.org/x?>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202e<script>\u2066alert(1)</script>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    '"; alert(1); var x="',
    "x\r\nset-cookie: a=b\r\n\r\n<script>alert(1)</script>",
)
PAYLOADS = (
    tuple(f"{begin}<{tag} {event}=alert(1)>" for begin, tag, event in product(BREAKS, TAGS, EVENTS))[::4]
    + tuple(f"{begin} {event}=alert(1) x=" for begin, event in product(BREAKS[1:3], EVENTS))
    + OTHERS
)
HARMLESS = "Noor"
LEADS = ("href", "src", "action", "formaction", "data", "srcdoc", "style")


class Structure(HTMLParser):
    """The elements of a page with the names of their attributes, and the values that lead anywhere."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.leads = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, sorted(name for name, _ in attrs)))
        self.leads += [value for name, value in attrs if name in LEADS]

    def handle_decl(self, decl):
        self.elements.append(("!", [decl]))

    def handle_comment(self, data):
        self.elements.append(("--", [data]))

    def handle_pi(self, data):
        self.elements.append(("?", [data]))


def structures(monkeypatch, text):
    """Every page with this text wherever others can put theirs: names, fields that travel, codes."""
    monkeypatch.setattr(test_pages, "HOSTILE", text)
    return {name: Structure(page.html) for name, page in test_pages.pages("nl").items()}


def test_no_payload_becomes_part_of_a_page(monkeypatch):
    """With 200 payloads in every place, each page has the elements and leads that it has with a harmless name (N81)."""
    assert len(PAYLOADS) >= 200
    usual = structures(monkeypatch, HARMLESS)
    assert any(("input", ["name", "type", "value"]) in each.elements for each in usual.values())
    for payload in PAYLOADS:
        for name, found in structures(monkeypatch, payload).items():
            assert found.elements == usual[name].elements, (name, payload)
            assert all(lead.startswith(("/", "authorize", "#")) for lead in found.leads), (name, payload)


@pytest.mark.parametrize(
    "place", ["/{}", "/v1/items/{}", "/?lang={}", "/signin?again={}", "/callback?error={}&state={}"]
)
async def test_no_address_becomes_part_of_a_page(browser, place):
    """Whatever stands in a path or a query, no page repeats it as HTML, and none lets a script in it run (N81, N47)."""
    for payload in PAYLOADS[:: len(PAYLOADS) // 24] + OTHERS:
        answer = await browser.request("GET", place.replace("{}", quote(payload, safe="")), headers={"accept": BROWSER})
        assert answer.status_code < 500
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in answer.headers["content-security-policy"]
        assert "trusted-types 'none'" in answer.headers["content-security-policy"]
        assert "<" not in payload or payload not in answer.text
        assert "a=b" not in answer.headers.get("set-cookie", "")
