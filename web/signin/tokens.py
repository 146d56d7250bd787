"""The token endpoint: codes and refresh tokens of programs, client credentials of systems (RFC 6749, RFC 7523)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crypto.encoding import sha256
from dossier.errors import DossierError, InvalidRequestError, UnauthenticatedError
from dossier.parties.accounts import Party
from dossier.parties.store import PartyStore, System
from web.signin.assertions import Assertion, UnknownKeyError, claimed_client, verify_assertion
from web.signin.credentials import Locator, locate
from web.signin.keysets import KeySets
from web.signin.pkce import is_verifier
from web.signin.sessions import Sessions, Tokens
from web.signin.store import SignInStore

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class TokenEndpoint:
    """The rules of the token endpoint; `issuer` is our own name, the one audience that assertions may have."""

    issuer: str
    sessions: Sessions
    store: SignInStore
    parties: PartyStore
    keysets: KeySets
    clock: Callable[[], int]

    async def grant(self, form: Mapping[str, str]) -> Tokens:
        """Return tokens for a form of the token endpoint; raise UnauthenticatedError or InvalidRequestError."""
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return await self._code(form)
        if kind == "refresh_token":
            return await self._refresh(form)
        if kind == "client_credentials":
            return await self._credentials(form)
        raise InvalidRequestError("unknown grant type", code="unsupported-grant-type")

    async def _code(self, form: Mapping[str, str]) -> Tokens:
        row = await self._used_up(form.get("code", ""), "code")
        bound = (row["client_id"], row["redirect"]) == (form.get("client_id"), form.get("redirect_uri"))
        if not bound or not is_verifier(form.get("code_verifier", ""), row["challenge"]):
            raise _bad_grant()
        return await self.sessions.renew(row["session"])

    async def _refresh(self, form: Mapping[str, str]) -> Tokens:
        row = await self._used_up(form.get("refresh_token", ""), "refresh")
        return await self.sessions.renew(row["session"])

    async def _used_up(self, secret: str, use: str) -> dict[str, Any]:
        """Use a code or refresh token; a second use ends the whole session: one of the two users is a thief."""
        row, again = await self.store.use_token(_place(secret), use, self.clock())
        if again and row is not None:
            await self.store.end_session(row["session"])
        if again or row is None:
            raise _bad_grant()
        return row

    async def _credentials(self, form: Mapping[str, str]) -> Tokens:
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_secret" in form:
            raise UnauthenticatedError("client authentication failed", code="invalid-client")
        claimed = claimed_client(assertion)
        if form.get("client_id", claimed) != claimed:  # RFC 7521 4.2: beside an assertion it names the same client
            raise UnauthenticatedError("client authentication failed", code="invalid-client")
        system, verified = await self._verified(claimed, assertion)
        await self._use_once(system, verified)
        return await self.sessions.start_system(Party(system.id, system.organisation, system.name))

    async def _verified(self, claimed: str, assertion: str) -> tuple[System, Assertion]:
        system = await self.parties.system(bytes.fromhex(claimed))
        if system is None:
            raise UnauthenticatedError("client authentication failed", code="invalid-client")
        try:
            return system, verify_assertion(assertion, await self._keys(system), self.issuer, self.clock())
        except UnknownKeyError:
            if not system.key_set_url:
                raise
            # The system may have a new key since we last asked; the address is asked again at most once a minute.
            newer = await self._keys(system, newer=True)
            return system, verify_assertion(assertion, newer, self.issuer, self.clock())

    async def _keys(self, system: System, *, newer: bool = False) -> dict[str, Any]:
        if not system.key_set_url:
            return dict(json.loads(system.key_set))
        try:
            return dict(await self.keysets.get(system.key_set_url, newer=newer))
        except DossierError as error:
            raise UnauthenticatedError("client authentication failed", code="invalid-client") from error

    async def _use_once(self, system: System, verified: Assertion) -> None:
        # Kept a minute beyond its end, so that no clock difference lets a used one in again.
        fresh = await self.store.use_jti(system.id, sha256(verified.jti.encode()), verified.expires + 60)
        if not fresh:
            raise UnauthenticatedError("client authentication failed", code="invalid-client")


def _place(secret: str) -> Locator:
    try:
        return locate(secret)
    except UnauthenticatedError as error:
        raise _bad_grant() from error


def _bad_grant() -> UnauthenticatedError:
    return UnauthenticatedError("the code or token is not good, or no longer", code="invalid-grant")
