"""A session with the service: signing in, bearer tokens that renew themselves, one idempotency key per act.

An act whose answer was lost is asked again under the same key, so that it is done once and its outcome is known and
never guessed (P10). Problem documents become `RefusedError`. The ways of people to sign in are loaded where they are
gone: a system's program needs neither browser nor forms (ADR 0450).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlencode

from dossier.client.assertion import SignInKey, client_assertion
from dossier.client.carrier import Answer, Carrier, HttpCarrier, Request
from dossier.client.errors import RefusedError, SignInError, UnreachableError, UntrustedError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STEP_UP_SECONDS = 240
RENEW_BEFORE = 30
WAIT_SECONDS = 600.0
"""How long a browser is waited for."""
TRIES = 4


@dataclass(frozen=True)
class Bearer:
    """The tokens of a session: `ends` of the access token and when the person was `authenticated`, UTC seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    ends: float
    authenticated: float = 0.0


class Keeper:
    """Keeps the tokens of a session between programs. This one keeps nothing."""

    @contextmanager
    def turn(self) -> Iterator[Bearer | None]:
        """Let one program at a time renew tokens; gives those that were kept last."""
        yield None

    def keep(self, bearer: Bearer) -> None:
        """Keep tokens, in place of earlier ones."""


class Session:
    """A connection with one service, as one person or system. Used by one thread; close it, or use it as a context."""

    def __init__(
        self,
        server: str,
        *,
        transport: Carrier | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.server = server.rstrip("/")
        self._http = transport or HttpCarrier()
        self._clock = clock
        self._issuer = ""
        self._bearer: Bearer | None = None
        self._keeper = Keeper()
        self._again: Callable[[], None] | None = None
        self._authenticated = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def now(self) -> int:
        """The time on this machine, UTC seconds."""
        return int(self._clock())

    @property
    def issuer(self) -> str:
        """The name of the service's authorization server: what a system's assertions are made out to."""
        if not self._issuer:
            metadata = self._call("GET", "/.well-known/oauth-authorization-server", None, {}).json()
            if not isinstance(metadata, dict) or "issuer" not in metadata:
                raise UntrustedError("what answers there is not the service: it names no issuer")
            self._issuer = str(metadata["issuer"])
        return self._issuer

    def sign_in(self, subject: str, secret: str) -> None:
        """Sign in as a person by the provider's form; the secret is kept to sign in again. Raise SignInError.

        The journey begins at the issuer's own address: cookies belong to it, whatever name the service was reached by.
        """
        from dossier.client.flow import CLIENT_ID, REDIRECT_URI, fetch_code

        def once() -> None:
            code = fetch_code(self._http, self.issuer, subject, secret)
            form = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI}
            self._take_token({**form, "code": code.code, "code_verifier": code.verifier})

        self._start(lambda: self._patiently(once))

    def sign_in_browser(self, show: Callable[[str], None], keeper: Keeper, seconds: float = WAIT_SECONDS) -> None:
        """Sign in as a person in a browser, whenever it is needed: `show` gets the address to open.

        Tokens that `keeper` has from an earlier program are used as long as they last. Raise SignInError.
        """
        from dossier.client.flow import CLIENT_ID
        from dossier.client.listening import sign_in_by_browser

        def again() -> None:
            code, attempt = sign_in_by_browser(self.issuer, show, seconds)
            form = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "redirect_uri": attempt.redirect_uri}
            self._authenticated = self._clock()
            self._take_token({**form, "code": code.code, "code_verifier": code.verifier})

        self._keeper = keeper
        with keeper.turn() as kept:
            self._bearer = kept
        if kept is None:
            self._start(again)
        else:
            self._again, self._authenticated = again, kept.authenticated

    def sign_in_system(self, client_id: str, key: SignInKey) -> None:
        """Sign in as a system by private_key_jwt. Raise SignInError."""

        def once() -> None:
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
            self._take_token({**form, "client_assertion": client_assertion(client_id, self.issuer, key, self.now())})

        self._start(lambda: self._patiently(once))

    def step_up(self) -> None:
        """Authenticate again if the last time is some minutes ago: acts that widen ask for it."""
        if self._again is None:
            raise SignInError("nobody is signed in")
        if self._clock() - self._authenticated > STEP_UP_SECONDS:
            self._start(self._again)

    def get(self, path: str, query: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """Read a resource; return its JSON. Keyword arguments are headers, with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._authorised("GET", path, None, named, query).json()

    def post(self, path: str, body: Any, *, key: str = "", **headers: str) -> Any:
        """Do an act; return the JSON of its answer. `key` is the idempotency key to use, a new one if empty."""
        return self._act("POST", path, body, key, headers)

    def put(self, path: str, body: Any) -> Any:
        """Replace a resource; return the JSON of the answer."""
        return self._act("PUT", path, body, "", {})

    def delete(self, path: str) -> Any:
        """End something; return the JSON of the answer."""
        return self._act("DELETE", path, None, "", {})

    def send(self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send bytes as they are (uploads, ranges) with the bearer token; return the answer if it is no problem."""
        return self._authorised(method, path, None, dict(headers or {}), None, content)

    def _act(self, method: str, path: str, body: Any, key: str, headers: Mapping[str, str]) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["idempotency-key"] = key or secrets.token_hex(16)
        return self._authorised(method, path, body, named).json()

    def _authorised(
        self,
        method: str,
        path: str,
        body: Any,
        headers: dict[str, str],
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        self._renew()
        for last in (False, True):
            token = {"authorization": f"Bearer {self._bearer.access}"} if self._bearer else {}
            try:
                return self._call(method, path, body, {**headers, **token}, query, content)
            except RefusedError as error:
                # A token may end between two requests; a fresh sign-in is tried once.
                if error.status != HTTPStatus.UNAUTHORIZED or self._again is None or last:
                    raise
            self._start(self._again)
        raise AssertionError("not reached")

    def _call(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        request = _request(method, self.server + path, body, headers, query, content)
        lost: Exception | None = None
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(0.2 * 2**attempt, 2.0))
            try:
                answer = self._http.send(request)
            except UnreachableError as error:
                lost = error
                continue
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and attempt < TRIES - 1:
                continue
            return _checked(answer)
        raise UnreachableError("the service does not answer") from lost

    def _patiently(self, sign_in: Callable[[], None]) -> None:
        """Sign in from the beginning, some times over while the service is busy: a half sign-in is worth nothing."""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(0.2 * 2**attempt, 2.0))
            try:
                return sign_in()
            except UnreachableError:
                if attempt == TRIES - 1:
                    raise
        return None

    def _start(self, again: Callable[[], None]) -> None:
        try:
            again()
        except RefusedError as error:
            raise SignInError("sign-in was refused") from error
        self._again, self._authenticated = again, self._clock()

    def _renew(self) -> None:
        """Renew the token shortly before its end: by refresh token, else by signing in again."""
        if self._bearer is None or self._again is None or self._is_fresh(self._bearer):
            return
        with self._keeper.turn() as kept:
            self._bearer = kept or self._bearer
            if self._is_fresh(self._bearer) or self._refresh(self._bearer):
                return
        self._start(self._again)

    def _is_fresh(self, bearer: Bearer) -> bool:
        return self._clock() < bearer.ends - RENEW_BEFORE

    def _refresh(self, bearer: Bearer) -> bool:
        """Exchange the refresh token, which counts once; tell whether that was done."""
        if not bearer.refresh:
            return False
        try:
            self._take_token({"grant_type": "refresh_token", "refresh_token": bearer.refresh})
        except SignInError:
            return False
        return True

    def _take_token(self, form: dict[str, str]) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._http.send(Request("POST", f"{self.server}/oauth/token", headers, urlencode(form).encode()))
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise UnreachableError("the service is busy")
        if answer.status != HTTPStatus.OK:
            raise SignInError("the token endpoint refused")
        token = answer.json()
        ends = self._clock() + token["expires_in"]
        self._bearer = Bearer(token["access_token"], token.get("refresh_token", ""), ends, self._authenticated)
        self._keeper.keep(self._bearer)


def _request(
    method: str, url: str, body: Any, headers: Mapping[str, str], query: Mapping[str, Any] | None, content: bytes | None
) -> Request:
    """A request with a body of JSON, of bytes, or none."""
    asked = f"{url}?{urlencode(query, doseq=True)}" if query else url
    if body is None:
        return Request(method, asked, headers, content or b"")
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Request(method, asked, {"content-type": "application/json", **headers}, text.encode())


def _checked(answer: Answer) -> Answer:
    """Return an answer that is none of an error; raise RefusedError from a problem document."""
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except UntrustedError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    code, detail = problem.get("code", ""), problem.get("detail", "")
    raise RefusedError(answer.status, str(code) or str(answer.status), str(detail))
