"""Put sign-in together: stores, sessions, provider, token endpoint, and the once-a-second flush."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from litestar.types import ASGIApp

from dossier.database import CONNECTION_ERRORS
from dossier.parties.accounts import Accounts
from dossier.parties.actor import REGISTRAR
from dossier.parties.store import PartyStore
from web.logging import log
from web.signin.actor import Authenticator
from web.signin.development import LEVELS, DevelopmentProvider
from web.signin.development_app import development_app, loopback_only
from web.signin.keysets import KeySets
from web.signin.limits import Limiter
from web.signin.options import DEVELOPMENT_PATH, SignInOptions
from web.signin.personas import PersonaFile
from web.signin.provider import ProviderOptions, RelyingParty, client_key
from web.signin.service import Recorder, SignIn
from web.signin.sessions import Sessions
from web.signin.store import SignInStore
from web.signin.tokens import TokenEndpoint

FLUSH_SECONDS = 1.0
SWEEP_EVERY = 300
DEVELOPMENT = "development"
"""What accounts of the development provider are kept under, whatever its port is today."""


@dataclass(frozen=True)
class SignInParts:
    """Sign-in, running: what handlers use. `development` is the mounted provider, None in production."""

    origin: str
    sign_in: SignIn
    tokens: TokenEndpoint
    sessions: Sessions
    authenticator: Authenticator
    limiter: Limiter
    store: SignInStore
    clock: Callable[[], int]
    development: ASGIApp | None

    async def flush_forever(self) -> None:
        """Flush last uses and rate counts each second, and sweep what has ended; a database that is gone is waited for."""
        turn = 0
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            turn += 1
            try:
                await self.sessions.flush()
                if turn % SWEEP_EVERY == 0:
                    await self.store.sweep(self.clock())
            except CONNECTION_ERRORS as error:
                log(logging.WARNING, "sign-in counts were not written", error=type(error).__name__)


def build_sign_in(
    options: SignInOptions, pool: Any, recorder: Recorder, clock: Callable[[], float] = time.time
) -> SignInParts:
    """Build sign-in on a pool of the service role; `recorder` makes its events, `clock` gives UTC seconds."""

    def seconds() -> int:
        return int(clock())

    store, parties, limiter = SignInStore(pool), PartyStore(pool), Limiter(seconds)
    sessions = Sessions(store, limiter, clock)
    development, provider = _provider(options, seconds)
    granted: dict[tuple[str, str], tuple[str, ...]] = {
        (provider.known_as, subject): (REGISTRAR,) for subject in options.registrars
    }
    accounts = Accounts(parties, options.identifier_key, granted)
    relying = RelyingParty(provider, seconds)
    return SignInParts(
        origin=options.origin,
        sign_in=SignIn(options.origin, relying, accounts, sessions, store, seconds, recorder),
        tokens=TokenEndpoint(options.origin, sessions, store, parties, KeySets(seconds), seconds),
        sessions=sessions,
        authenticator=Authenticator(sessions),
        limiter=limiter,
        store=store,
        clock=seconds,
        development=development,
    )


def _provider(options: SignInOptions, clock: Callable[[], int]) -> tuple[ASGIApp | None, ProviderOptions]:
    levels = {name: level for level, name in LEVELS.items()}
    if options.personas is None:
        key = client_key(options.client_key)
        return None, ProviderOptions(options.provider, options.client_id, key, options.redirect_uri, levels)
    return _development(options, options.personas, levels, clock)


def _development(
    options: SignInOptions, personas: PersonaFile, levels: dict[str, str], clock: Callable[[], int]
) -> tuple[ASGIApp, ProviderOptions]:
    """The development provider in this process, and our way to it: its back channel needs no network."""
    secret, redirect = secrets.token_urlsafe(32), options.redirect_uri
    people = personas.load
    people()
    provider = DevelopmentProvider(options.provider, options.client_id, secret, redirect, people, clock)
    app = _Below(loopback_only(development_app(provider)))
    transport = httpx2.ASGITransport(app=app)
    return app, ProviderOptions(options.provider, options.client_id, secret, redirect, levels, transport, DEVELOPMENT)


class _Below:
    """An application that is mounted below a path, seen from its own root."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on without the mount's path."""
        path = scope["path"].removeprefix(DEVELOPMENT_PATH) or "/"
        inner: Any = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(inner, receive, send)
