"""Waiting for a browser on the loopback address: the end of a sign-in with a program (RFC 8252, section 7.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from dossier.client.errors import SignInError
from dossier.client.flow import Attempt, Code, begin

PATH = "/signed-in"
PAGE = b"""<!doctype html><html lang="nl"><meta charset="utf-8"><title>Ingelogd</title>
<p>U bent ingelogd. U kunt dit venster sluiten en verdergaan in de terminal.</p>
<p lang="en">You are signed in. You can close this window and go on in the terminal.</p></html>
"""


class Listener:
    """A server on a free port of the loopback address that takes one answer. Use it as a context."""

    def __init__(self) -> None:
        self._server = _Server()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def wait(self, state: str, seconds: float, clock: Callable[[], float] = time.monotonic) -> str:
        """The address at which the browser came back with this state; raise SignInError when it did not in time.

        Whatever else knocks, another page that guessed the port for one, is turned away and changes nothing.
        """
        self._server.state, until = state, clock() + seconds
        while not self._server.end:
            left = until - clock()
            if left <= 0:
                raise SignInError("nobody signed in within the time")
            self._server.timeout = min(left, 1.0)
            self._server.handle_request()
        return f"http://127.0.0.1:{self._server.server_port}{self._server.end}"


def sign_in_by_browser(issuer: str, show: Callable[[str], None], seconds: float) -> tuple[Code, Attempt]:
    """Show the address to open, and wait for the browser; return the code and the attempt it answers."""
    with Listener() as listener:
        attempt = begin(issuer, listener.redirect_uri)
        show(attempt.url)
        return attempt.code(listener.wait(attempt.state, seconds), issuer), attempt


class _Server(HTTPServer):
    """Keeps the address that the browser asked for, once it carries an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state, self.end = "", ""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a connection that broke off: the browser comes again."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one page to the redirect, 404 to everything else."""

    server: _Server
    timeout = 5.0

    def do_GET(self) -> None:
        """Take the answer."""
        parts = urlsplit(self.path)
        states = parse_qs(parts.query).get("state", [])
        wanted = self.server.state
        if (
            parts.path != PATH
            or not wanted
            or len(states) != 1
            or not compare_digest(states[0].encode(), wanted.encode())
        ):
            self.send_error(404)
            return
        self.server.end = self.path
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(PAGE)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *_arguments: Any) -> None:  # noqa: A002 - the name that the base class gives
        """Say nothing: the address holds a code."""
