"""Sign-in for browsers and for programs of people: one provider, two endings.

A browser ends with a session cookie; a program (public client with PKCE and a loopback redirect, RFC 8252) with an
authorization code of ours. Each program signs in at the provider itself: a browser's session opens no program.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from crypto.encoding import sha256
from dossier.errors import InvalidRequestError, UnauthenticatedError
from dossier.parties.accounts import Accounts, Party
from dossier.parties.actor import Actor, Assurance
from web.signin.pkce import CHALLENGE
from web.signin.provider import Challenge, Identity, RelyingParty
from web.signin.sessions import Sessions
from web.signin.store import Attempt, Session, SignInStore

Recorder = Callable[[Actor, str], Awaitable[None]]
"""Records that a person signed in, with browser or client; raises when that cannot be made durable."""

ATTEMPT_SECONDS = 600
CLIENTS = frozenset({"dossier-cli"})
_PAGE = re.compile(r"/(?!/)[A-Za-z0-9/_.?=&-]*")
SKEW = 5


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: where to send the browser, and the cookie that binds the answer to it."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A sign-in done: who, where to go on to, and the session cookie (None for a program)."""

    party: Party
    identity: Identity
    next: str
    cookie: str | None


@dataclass(frozen=True)
class SignIn:
    """The rules of signing in, over a provider, our accounts and our sessions; `issuer` is our own name."""

    issuer: str
    provider: RelyingParty
    accounts: Accounts
    sessions: Sessions
    store: SignInStore
    clock: Callable[[], int]
    recorder: Recorder

    async def begin_browser(self, page: str, *, again: bool) -> Begun:
        """Begin for a browser that wants to end at a page of ours; ``again`` asks for a fresh authentication."""
        if not _PAGE.fullmatch(page) or len(page) > 500:  # noqa: PLR2004 - no page of ours is longer
            raise InvalidRequestError("not a page of this service")
        return await self._begin(page, None, again=again)

    async def begin_client(self, query: Mapping[str, str]) -> Begun:
        """Begin for a program; raise InvalidRequestError for a request that may not be answered by redirect."""
        client = _client_request(query)
        return await self._begin("", client, again=query.get("prompt") == "login" or "max_age" in query)

    async def finish(self, cookie: str, query: Mapping[str, str]) -> Ended:
        """Finish with what the provider sent back; raise UnauthenticatedError when anything does not fit."""
        attempt = await self.store.take_attempt(sha256(cookie.encode()), self.clock())
        if attempt is None:
            raise UnauthenticatedError("no sign-in is under way", code="sign-in-failed")
        challenge = Challenge(attempt.state, attempt.nonce, attempt.verifier)
        identity = await self.provider.finish(query, challenge)
        if identity.auth_time < attempt.not_before:
            raise UnauthenticatedError("the provider did not ask again", code="sign-in-failed")
        party = await self.accounts.party(
            identity.issuer, identity.subject, identity.name, identity.identifiers, self.clock()
        )
        return await self._end(attempt, identity, party)

    async def _begin(self, page: str, client: dict[str, str] | None, *, again: bool) -> Begun:
        url, challenge = await self.provider.begin(again=again)
        now, cookie = self.clock(), secrets.token_urlsafe(32)
        not_before = now - SKEW if again else 0
        attempt = Attempt(challenge.state, challenge.nonce, challenge.verifier, page, client, not_before)
        await self.store.keep_attempt(sha256(cookie.encode()), attempt, now + ATTEMPT_SECONDS)
        return Begun(url, cookie)

    async def _end(self, attempt: Attempt, identity: Identity, party: Party) -> Ended:
        level, moment = identity.level, identity.auth_time
        if attempt.client is None:
            started = await self.sessions.start_browser(party, level, moment)
            await self._record(started.session)
            return Ended(party, identity, attempt.next, started.secret)
        started = await self.sessions.start_client(party, level, moment, attempt.client)
        await self._record(started.session)
        answer = urlencode({"code": started.secret, "state": attempt.client["state"], "iss": self.issuer})
        return Ended(party, identity, f"{attempt.client['redirect_uri']}?{answer}", None)

    async def _record(self, session: Session) -> None:
        """Record the sign-in; without a durable event there is no session."""
        who = (session.party, session.organisation, (), Assurance(session.level), session.auth_time, session.id)
        try:
            await self.recorder(Actor("person", *who), session.kind)
        except BaseException:
            await self.store.end_session(session.id)
            raise


def _client_request(query: Mapping[str, str]) -> dict[str, str]:
    """Check a program's authorization request; what fails here is shown, never redirected."""
    if query.get("client_id") not in CLIENTS or query.get("response_type") != "code":
        raise InvalidRequestError("unknown client or response type")
    if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise InvalidRequestError("a code challenge by S256 is needed")
    if not 8 <= len(query.get("state", "")) <= 200:  # noqa: PLR2004 - enough to be unguessable
        raise InvalidRequestError("a state of 8 to 200 characters is needed")
    _check_loopback(query.get("redirect_uri", ""))
    return {name: query[name] for name in ("client_id", "redirect_uri", "code_challenge", "state")}


def _check_loopback(uri: str) -> None:
    """Accept http on a loopback address with any port (RFC 8252 section 7.3), no query, no fragment."""
    try:
        parts = urlsplit(uri)
        local = parts.hostname is not None and parts.port and ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError as error:
        raise InvalidRequestError("not a loopback address") from error
    if not local or parts.scheme != "http" or parts.query or parts.fragment or parts.username or len(uri) > 200:  # noqa: PLR2004 - short by nature
        raise InvalidRequestError("not a loopback address")
