"""The key store of this machine as commands use it: opening it, the profiles in it, and signing in as one of them."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from dossier.client.errors import KeyStoreError
from dossier.client.keys import STORE_KEY, STORE_SETTINGS, KeyStore, open_with_file, open_with_passphrase
from dossier.client.profiles import Profile, SessionKeeper, find_profile
from dossier.client.session import Session


def find_kept(home: Path, name: str) -> tuple[KeyStore, Profile] | None:
    """The profile of this name and the store that it is in; None if there is none. Raise KeyStoreError."""
    if not (home / f"{name}.sealed").is_file():
        return None
    store = open_store(home)
    profile = find_profile(store, name) if store is not None else None
    return None if store is None or profile is None else (store, profile)


def open_store(home: Path) -> KeyStore | None:
    """Open the store of this folder, asking for its passphrase if it has one; None where there is no store yet."""
    if (home / STORE_SETTINGS).exists():
        return open_with_passphrase(home, ask("passphrase of the key store on this machine: "))
    if (home / STORE_KEY).exists():
        return open_with_file(home)
    return None


def make_store(home: Path, *, with_file: bool) -> KeyStore:
    """Make a store: with its key in a file, or under a passphrase that is asked for twice; raise KeyStoreError."""
    if with_file:
        return open_with_file(home)
    first = ask("new passphrase for the key store on this machine: ")
    if not first or ask("the same passphrase again: ") != first:
        raise KeyStoreError("the two passphrases differ, or are empty; nothing was made")
    return open_with_passphrase(home, first)


def sign_in_as(store: KeyStore) -> Callable[[Session, str], None]:
    """Sign sessions in as the persons of a store's profiles: with kept tokens, else in a browser."""

    def sign_in(session: Session, name: str) -> None:
        session.sign_in_browser(show_address, SessionKeeper(store, name))

    return sign_in


def show_address(url: str) -> None:
    """Ask the person to go on in a browser."""
    print(f"Open this address in a browser on this machine to sign in:\n\n  {url}\n", file=sys.stderr, flush=True)


def ask(prompt: str) -> str:
    """Ask for a secret; what is typed does not show. Without a terminal it is the next line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    line = sys.stdin.readline()
    if not line:
        raise KeyStoreError(f"there is no terminal to ask for this: {prompt.strip().rstrip(':')}")
    return line.rstrip("\n")
