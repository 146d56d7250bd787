"""Everybody who acts in a demonstration: their secrets, their keys on this machine, their sessions with the service.

Each persona, organisation and system has one sealed file in the key store of the demonstration. Nothing here knows the
service but by its address: whoever is asked for signs in as anybody would, and verifies what is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import httpx2
from joserfc.jwk import OKPKey

from audit.checkpoint import verify_checkpoint
from audit.control import LogIdentity, parse_identity
from audit.errors import AuditError
from audit.note import parse_verifier_key
from audit.published import Published
from audit.tiles import TILE_WIDTH, Bundle
from crypto.encoding import decode_base64
from crypto.keys import SigningKey
from dossier.client.agency import Agency
from dossier.client.errors import SignInError, UntrustedError
from dossier.client.keys import open_with_file, read_identity
from dossier.client.making import Identity
from dossier.client.owner import Owner
from dossier.client.parties import Pins, Register, check_register
from dossier.client.publiclog import WebLog
from dossier.client.session import Session

Transport = Callable[[str], httpx2.BaseTransport]
"""Gives, by name, what carries somebody's requests; the public log is read under a name of its own."""

LOG = "log"


class Company:
    """The people and systems of one demonstration. Used by one thread; close it, or use it as a context."""

    def __init__(self, server: str, home: Path, secrets: Mapping[str, str], transport: Transport | None = None) -> None:
        """`home` is the folder of the key store, `secrets` what personas sign in with, by slug.

        Without a `transport`, plain HTTP carries all requests.
        """
        self._transport = transport
        self.server = server
        self.store = open_with_file(home)
        self._secrets = secrets
        self._sessions: dict[str, Session] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def knows(self, name: str) -> bool:
        """Whether anything is kept under a name."""
        return name in self.store.names()

    def state(self, name: str) -> dict[str, Any]:
        """What is kept under a name; empty when there is nothing yet."""
        return self.store.load(name) if self.knows(name) else {}

    def keep(self, name: str, /, **changes: Any) -> None:
        """Keep more under a name."""
        self.store.save(name, {**self.state(name), **changes})

    def session(self, name: str) -> Session:
        """The session of a persona, or of a system (`agency.system`); signed in at the first call."""
        if name not in self._sessions:
            session = Session(self.server, transport=self._carrier(name))
            try:
                self._sign_in(session, name)
            except BaseException:
                session.close()
                raise
            self._sessions[name] = session
        return self._sessions[name]

    def identity(self, name: str) -> Identity:
        """The keys of a persona; raise KeyStoreError when they have none yet."""
        return read_identity(self.state(name).get("identity", {}))

    def organisation(self, name: str) -> tuple[bytes, SigningKey]:
        """The id and key of an organisation; raise KeyError when it has not been entered."""
        state = self.store.load(name)
        return bytes.fromhex(state["organisation"]), SigningKey.from_seed(decode_base64(state["key"]))

    def register(self, name: str) -> Register:
        """The register as this persona verifies it, and pins it."""
        session, state = self.session(name), self.state(name)
        pins = Pins.from_state(state.get("pins", {}))
        register = check_register(session.get("/v1/register"), pins, session.now())
        self.keep(name, pins=pins.to_state())
        return register

    def owner(self, name: str) -> Owner:
        """A persona as the owner of dossiers; `keep_owner` keeps what was pinned."""
        pins = dict(self.state(name).get("dossiers", {}))
        return Owner(self.session(name), self.identity(name), self.register(name), pins)

    def agency(self, name: str) -> Agency:
        """A system (`agency.system`), signed in, with the directory key that was pinned at its first contact."""
        state = self.store.load(name)
        if "directory" not in state:
            self.keep(name, directory=self.log_identity().directory_key.hex())
            state = self.store.load(name)
        organisation, _ = self.organisation(name.partition(".")[0])
        return Agency(
            self.session(name),
            organisation,
            bytes.fromhex(state["system"]),
            SigningKey.from_seed(decode_base64(state["signing"])),
            bytes.fromhex(state["directory"]),
            dict(state.get("dossiers", {})),
        )

    def log(self) -> WebLog:
        """The public log; use it as a context."""
        return WebLog(f"{self.server}/log", self._carrier(LOG))

    def log_identity(self) -> LogIdentity:
        """What the log says of itself; raise UntrustedError."""
        return log_identity(self.server, self._carrier(LOG))

    def keep_pins(self, name: str, pins: Mapping[str, str]) -> None:
        """Keep the chain heads of dossiers that a persona or system saw."""
        if self.state(name).get("dossiers", {}) != pins:
            self.keep(name, dossiers=dict(pins))

    def pins(self, name: str) -> Pins:
        """What a persona saw of others as a reader; `keep_seen` keeps what came since."""
        return Pins.from_state(self.state(name).get("pins", {}))

    def keep_seen(self, name: str, pins: Pins) -> None:
        """Keep the chain heads of persons and dossiers that a persona saw as a reader."""
        kept = self.pins(name)
        heads, dossiers = kept.heads | pins.heads, kept.dossiers | pins.dossiers
        if (heads, dossiers) != (kept.heads, kept.dossiers):
            self.keep(name, pins=replace(kept, heads=heads, dossiers=dossiers).to_state())

    def _carrier(self, name: str) -> httpx2.BaseTransport | None:
        return self._transport(name) if self._transport else None

    def _sign_in(self, session: Session, name: str) -> None:
        if "." in name:
            state = self.store.load(name)
            session.sign_in_system(state["system"], OKPKey.import_key(state["signIn"]))
        elif name in self._secrets:
            session.sign_in(name, self._secrets[name])
        else:
            raise SignInError("nobody of this name is known here")


def log_identity(server: str, transport: httpx2.BaseTransport | None = None) -> LogIdentity:
    """What the service's log says of itself in its first entry: first contact trusts it. Raise UntrustedError."""
    with WebLog(f"{server}/log", transport) as log:
        key = (log.read("vkey") or b"").decode("utf-8", "replace").strip()
        try:
            size = verify_checkpoint(log.checkpoint() or b"", parse_verifier_key(key)).size
            row, _ = Published(log).entries(Bundle(0, min(size, TILE_WIDTH)))
            identity = parse_identity(row[0] if row else b"")
        except AuditError as error:
            raise UntrustedError("the log does not say whose it is") from error
    if str(identity.log_key) != key:
        raise UntrustedError("the log names another key than it is signed with")
    return identity
