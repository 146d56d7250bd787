"""Profiles: who acts at which service, kept under a name in the key store of this machine.

A person's profile has their keys, what was pinned, and the tokens of the present session; a system's has its sign-in key
and the key that signs what it delivers. Page: docs/spec/key-store.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dossier.client.errors import KeyStoreError
from dossier.client.keys import KeyStore
from dossier.client.session import Bearer, Keeper

PERSON, SYSTEM = "person", "system"


@dataclass(frozen=True)
class Profile:
    """One who acts: the name here, the service's address, and whether it is a person or a system."""

    name: str
    server: str
    kind: str

    def state(self) -> dict[str, Any]:
        """As it is kept."""
        return {"server": self.server, "kind": self.kind}


def find_profile(store: KeyStore, name: str) -> Profile | None:
    """The profile of this name, None if there is none; raise KeyStoreError when it does not open."""
    if name not in store.names():
        return None
    kept = store.load(name).get("profile")
    if not isinstance(kept, Mapping):
        return None
    try:
        return Profile(name, str(kept["server"]), str(kept["kind"]))
    except KeyError as error:
        raise KeyStoreError("the profile is not one of this program") from error


class SessionKeeper(Keeper):
    """Keeps the tokens of a person's session in their profile; programs take turns at renewing them."""

    def __init__(self, store: KeyStore, name: str) -> None:
        self._store, self._name = store, name

    @contextmanager
    def turn(self) -> Iterator[Bearer | None]:
        """See `Keeper`: who holds the turn alone exchanges a refresh token, which counts once."""
        with self._store.turn(f"{self._name}.session"):
            yield self._kept()

    def keep(self, bearer: Bearer) -> None:
        """See `Keeper`."""
        kept = {"access": bearer.access, "refresh": bearer.refresh}
        times = {"ends": int(bearer.ends), "authenticated": int(bearer.authenticated)}
        self._store.update(self._name, session={**kept, **times})

    def _kept(self) -> Bearer | None:
        kept = self._store.load(self._name).get("session") if self._store.has(self._name) else None
        if not kept:
            return None
        return Bearer(kept["access"], kept["refresh"], kept["ends"], kept["authenticated"])
