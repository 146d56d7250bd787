"""Signing in as a person: the code flow with PKCE, in a browser or by plain form posts as a browser would do it.

With a browser, the address to open is shown and the answer comes to a listener on the loopback address (RFC 8252).
Without one, cookies are carried by hand, and only back to the origin that set them; the loopback redirect is never
connected to: its address is where the journey ends. That way needs a provider with one plain form, as trials have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from dossier.client.carrier import Answer, Carrier, Request
from dossier.client.errors import SignInError, UnreachableError

CLIENT_ID = "dossier-cli"
REDIRECT_URI = "http://127.0.0.1:9/signed-in"
_MAX_STEPS = 8


@dataclass
class Form:
    """A form of a page: where it goes and its hidden fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """What a journey ends with: the code and the verifier that belongs to it."""

    code: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was begun: the address to open, and what only its own answer fits."""

    url: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    def code(self, end: str, issuer: str) -> Code:
        """The code in the address that the journey ended at; raise SignInError for one that is not the answer."""
        return Code(_check_end(end, self.state, issuer), self.verifier)


def begin(issuer: str, redirect_uri: str) -> Attempt:
    """Begin a sign-in at our authorization endpoint that asks the person again, whoever is signed in there."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
        "state": state,
        "prompt": "login",
    }
    return Attempt(f"{issuer}/oauth/authorize?{urlencode(query)}", redirect_uri, state, verifier)


def fetch_code(http: Carrier, issuer: str, subject: str, secret: str) -> Code:
    """Go from our authorization endpoint over the provider's page back to the loopback address; raise SignInError."""
    attempt, journey = begin(issuer, REDIRECT_URI), _Journey(http)
    page = journey.get(attempt.url)
    form = read_form(page.answer.text)
    answers = {**form.fields, "subject": subject, "secret": secret}
    journey.post(urljoin(page.url, form.action), answers)
    return attempt.code(journey.end, issuer)


def read_form(text: str) -> Form:
    """Return the one form of a page; raise SignInError when there is none."""
    parser = _FormParser()
    parser.feed(text)
    if parser.form is None:
        raise SignInError("the sign-in provider showed no form")
    return parser.form


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_end(url: str, state: str, issuer: str) -> str:
    """Return the code of the redirect's address, if state and issuer (RFC 9207) are the ones asked for."""
    answer = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items() if len(values) == 1}
    if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()) or answer.get("iss") != issuer:
        raise SignInError("the answer does not belong to the question")
    if not answer.get("code"):
        raise SignInError("the answer holds no code")
    return answer["code"]


class _FormParser(HTMLParser):
    """Collects the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the form and its hidden inputs."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = Form(values.get("action", ""))
        if tag == "input" and values.get("type") == "hidden" and self.form is not None:
            self.form.fields[values.get("name", "")] = values.get("value", "")


@dataclass(frozen=True, slots=True)
class _Page:
    """What a journey got to: the address and its answer."""

    url: str
    answer: Answer


class _Journey:
    """Requests that follow each other by redirect; `end` is the loopback address once it was reached."""

    def __init__(self, http: Carrier) -> None:
        self._http = http
        self._cookies: dict[str, dict[str, str]] = {}
        self.end = ""

    def get(self, url: str) -> _Page:
        """Follow redirects to a page."""
        return self._follow(self._send("GET", url))

    def post(self, url: str, form: dict[str, str]) -> None:
        """Send a form and follow redirects to the end."""
        page = self._send("POST", url, form)
        if not page.answer.location:
            raise SignInError("wrong secret or unknown person")
        self._follow(page)
        if not self.end:
            raise SignInError("sign-in was refused")

    def _follow(self, page: _Page) -> _Page:
        for _ in range(_MAX_STEPS):
            if not page.answer.location:
                return page
            target = urljoin(page.url, page.answer.location)
            if target.startswith(REDIRECT_URI + "?"):
                self.end = target
                return page
            page = self._send("GET", target)
        raise SignInError("too many redirects")

    def _send(self, method: str, url: str, form: dict[str, str] | None = None) -> _Page:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        jar = self._cookies.setdefault(origin, {})
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        content = b""
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            content = urlencode(form).encode()
        answer = self._http.send(Request(method, url, headers, content))
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise UnreachableError("the service is busy")
        for line in answer.lines("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value
        return _Page(url, answer)
