"""Sessions: made anew at every sign-in, found by cookie or bearer token, loaded together, cached for one second.

There is no way to choose a session id: ids and secrets are drawn here at sign-in, so a cookie that somebody planted
beforehand is worth nothing afterwards (session fixation). What is cached is who a secret stands for, never the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crypto.encoding import new_id
from dossier.errors import UnauthenticatedError
from dossier.joining import Joining
from dossier.parties.accounts import Party
from dossier.parties.actor import Actor, Assurance
from web.signin.credentials import Locator, locate, new_secret
from web.signin.limits import Limiter
from web.signin.store import Found, Session, SignInStore

SESSION_SECONDS = 8 * 3_600
IDLE_SECONDS = 1_800
ACCESS_SECONDS = 300
CODE_SECONDS = 60
CACHE_SECONDS = 1.0
CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets: an access token for five minutes and a refresh token to be used once; "" for systems."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Started:
    """A session that was started, and the secret that stands for it."""

    session: Session
    secret: str = field(repr=False)


@dataclass
class Sessions:
    """Sessions of this process. Owned by one event loop.

    `_cache` maps a row's place to (known until, actor); `_seen` holds last uses of browser sessions, not yet written;
    `_ends` counts the sessions ended here, so that what was read before an end is not remembered after it.
    """

    store: SignInStore
    limiter: Limiter
    clock: Callable[[], float]
    _cache: dict[tuple[int, bytes, str], tuple[float, Actor]] = field(default_factory=dict)
    _seen: dict[bytes, int] = field(default_factory=dict)
    _ends: int = 0

    def __post_init__(self) -> None:
        self._loads = Joining(self._find)

    async def start_browser(self, party: Party, level: str, auth_time: int) -> Started:
        """Start a browser session; its secret is the cookie value."""
        session = self._new_session("browser", party, level, auth_time)
        cookie = new_secret(session.id)
        await self.store.start_session(session, [("cookie", locate(cookie), session.expires)])
        return Started(session, cookie)

    async def start_client(self, party: Party, level: str, auth_time: int, client: dict[str, str]) -> Started:
        """Start the session of a program of a person; its secret is the authorization code."""
        session = self._new_session("client", party, level, auth_time)
        code = new_secret(session.id)
        await self.store.start_session(session, [])
        await self.store.keep_code(session.id, locate(code), client, session.started + CODE_SECONDS)
        return Started(session, code)

    async def start_system(self, party: Party) -> Tokens:
        """Start the session of a system that proved its key: five minutes, no refresh."""
        now = int(self.clock())
        where, ends = new_id(party.id[:2]), now + ACCESS_SECONDS
        session = Session(where, "system", party.id, party.organisation, (), "high", now, now, ends)
        access = new_secret(session.id)
        await self.store.start_session(session, [("access", locate(access), session.expires)])
        return Tokens(access, "")

    async def renew(self, session: bytes) -> Tokens:
        """Give a client's session its next pair of tokens; raise UnauthenticatedError when it has ended."""
        now = int(self.clock())
        found = await self.store.session(session, now)
        if found is None:
            raise UnauthenticatedError("the session has ended", code="invalid-grant")
        access, refresh = new_secret(session), new_secret(session)
        ends = min(found.expires, now + ACCESS_SECONDS)
        await self.store.add_tokens(
            session, [("access", locate(access), ends), ("refresh", locate(refresh), found.expires)]
        )
        return Tokens(access, refresh)

    async def actor(self, secret: str, use: str) -> Actor:
        """Return who a cookie or access token stands for; raise UnauthenticatedError."""
        where = locate(secret)
        key = (where.bucket, where.hash, use)
        now = self.clock()
        known = self._cache.get(key)
        if known is None or known[0] <= now:
            ends = self._ends
            known = (now + CACHE_SECONDS, await self._load(where, use, int(now)))
            if ends == self._ends:
                self._remember(key, known)
        if use == "cookie":
            self._seen[known[1].session] = int(now)
        return known[1]

    async def end(self, secret: str) -> None:
        """End the session of a cookie or access token, here at once and everywhere within a second."""
        where = locate(secret)
        found = await self._loads.find(where)
        if found is not None:
            await self.store.end_session(found.session.id)
        self._ends += 1
        for use in ("cookie", "access"):
            self._cache.pop((where.bucket, where.hash, use), None)

    async def end_party(self, party: bytes, organisation: bytes | None) -> None:
        """End every session of a person in one capacity, or of a system."""
        await self.store.end_party(party, organisation)
        self._ends += 1
        self._cache = {key: known for key, known in self._cache.items() if known[1].id != party}

    async def flush(self) -> None:
        """Write last uses and rate counts, and learn the totals of all processes: once a second."""
        seen, self._seen = self._seen, {}
        counts = self.limiter.take()
        self.limiter.learn(counts, await self.store.flush(counts, sorted(seen.items())))

    def _new_session(self, kind: str, party: Party, level: str, auth_time: int) -> Session:
        now = int(self.clock())
        ends = now + SESSION_SECONDS
        where = new_id(party.id[:2])
        return Session(where, kind, party.id, party.organisation, party.granted, level, auth_time, now, ends)

    async def _find(self, places: Sequence[Locator]) -> Mapping[Locator, Found]:
        return await self.store.find(places, int(self.clock()))

    async def _load(self, where: Locator, use: str, now: int) -> Actor:
        found = await self._loads.find(where)
        if found is None or found.use != use or not _stands(found, now):
            raise UnauthenticatedError("not signed in, or no longer")
        session = found.session
        kind: Literal["person", "system"] = "system" if session.kind == "system" else "person"
        return Actor(
            kind,
            session.party,
            session.organisation,
            found.roles,
            Assurance(session.level),
            session.auth_time,
            session.id,
        )

    def _remember(self, key: tuple[int, bytes, str], known: tuple[float, Actor]) -> None:
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = known


def _stands(found: Found, now: int) -> bool:
    """Tell whether a live row still counts: used recently, and for an organisation, by a member of it."""
    if found.session.kind == "browser" and now - found.seen > IDLE_SECONDS:
        return False
    if found.session.kind == "system" or found.session.organisation is None:
        return True
    # Once the attestation under which somebody signed in has ended, so has the sign-in (N65); a renewed one goes on.
    attested = found.attested_until
    return found.member and now < found.member_until and not found.session.started < attested <= now
