"""Accounts: from a sign-in at a provider (issuer and subject) to a person in one capacity.

A professional's account is made by the organisation, together with the membership. Who signs in with an identifier is a
citizen; one known by the same BSN through another provider is the same person. Nobody else is let in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crypto.encoding import new_id
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.parties.identifiers import identifier_hmac, parse_identifier
from dossier.parties.store import Account, PartyStore


@dataclass(frozen=True, slots=True)
class Party:
    """Who signed in: a person or system, the organisation they act for, the roles that the operator grants."""

    id: bytes
    organisation: bytes | None
    name: str
    granted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accounts:
    """Find or make the party behind a sign-in.

    `identifier_key` is the HMAC key outside the database; `granted` gives the operator's own people (issuer and
    subject) their roles, such as registrar.
    """

    store: PartyStore
    identifier_key: bytes = field(repr=False)
    granted: dict[tuple[str, str], tuple[str, ...]]

    async def party(self, issuer: str, subject: str, name: str, identifiers: tuple[str, ...], now: int) -> Party:
        """Return who signed in; raise ForbiddenError for one we cannot know, or no longer."""
        known = self._hmacs(identifiers)
        account = await self.store.account(issuer, subject)
        granted = self.granted.get((issuer, subject), ())
        if account is None:
            account = await self._enter(issuer, subject, name, known, now) if known or granted else _unknown()
        if account.organisation is not None:
            await self._check_member(account, now)
        else:
            for hmac, scheme in known.items():
                await self.store.add_identifier(account.person, scheme, hmac)
        return Party(account.person, account.organisation, account.name, granted)

    async def _enter(self, issuer: str, subject: str, name: str, known: dict[bytes, str], now: int) -> Account:
        citizen = next((hmac for hmac, scheme in known.items() if scheme == "bsn"), None)
        person = await self.store.person_by_identifier(citizen) if citizen else None
        if person is None:
            person = new_id()
            await self.store.add_person(person, name, now)
        return await self.store.add_account(issuer, subject, person, None, now)

    async def _check_member(self, account: Account, now: int) -> None:
        member = await self.store.member(account.organisation or b"", account.person)
        if member is None or now >= member.until:
            raise ForbiddenError("this organisation no longer knows you", code="membership-ended")

    def _hmacs(self, identifiers: tuple[str, ...]) -> dict[bytes, str]:
        """An identifier that is none is a fault of the provider; the person is let in without it."""
        found = {}
        for text in identifiers:
            try:
                identifier = parse_identifier(text)
            except InvalidRequestError:
                continue
            found[identifier_hmac(self.identifier_key, identifier)] = identifier.scheme
        return found


def _unknown() -> Account:
    raise ForbiddenError("nobody has entered you here yet", code="account-unknown")
