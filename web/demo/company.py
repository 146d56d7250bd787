"""Everybody who acts from this machine: their keys in a key store, what they pinned, their sessions with the service.

Each persona, organisation and system of a demonstration, and each profile elsewhere, has one sealed file. Nothing here
knows the service but by its address: whoever is asked for signs in as anybody would, and verifies what is answered.
What only some of them need is loaded where they act, so that a command loads what it uses (ADR 0450).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crypto.encoding import decode_base64, encode_base64
from crypto.keys import SigningKey
from dossier.client.assertion import SignInKey
from dossier.client.carrier import Carrier
from dossier.client.errors import SignInError
from dossier.client.keys import KeyStore, open_with_file, read_identity
from dossier.client.making import Identity
from dossier.client.session import Session

if TYPE_CHECKING:
    from audit.checkpoint import Checkpoint
    from audit.control import LogIdentity
    from dossier.client.agency import Agency
    from dossier.client.groups import People
    from dossier.client.owner import Owner
    from dossier.client.parties import Pins, Register
    from dossier.client.publiclog import WebLog

Transport = Callable[[str], Carrier]
"""Gives, by name, what carries somebody's requests; the public log is read under a name of its own."""

LOG = "log"

SignIn = Callable[[Session, str], None]
"""Signs a session in as somebody, by name."""


class Company:
    """The people and systems of one key store. Used by one thread; close it, or use it as a context.

    What was seen of others is pinned: it is written back when this closes, also after a failure.
    """

    def __init__(
        self,
        server: str,
        home: Path | KeyStore,
        secrets: Mapping[str, str],
        transport: Transport | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        """`home` is the folder of a key store with its key in a file, or an open store.

        `secrets` is what personas sign in with, by slug; `sign_in` signs in everybody else. Without a `transport`,
        plain HTTP carries all requests.
        """
        self._transport, self._sign_in_others = transport, sign_in
        self.server = server
        self.store = home if isinstance(home, KeyStore) else open_with_file(home)
        self._secrets = secrets
        self._sessions: dict[str, Session] = {}
        self._seen: dict[str, Pins] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep what was seen, and end all connections."""
        for name, pins in self._seen.items():
            self._keep_seen(name, pins)
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
        self.store.update(name, **changes)

    def session(self, name: str) -> Session:
        """The session of a persona, or of a system (`agency.system`); signed in at the first call."""
        if name not in self._sessions:
            session = self.new_session(name)
            try:
                self._sign_in(session, name)
            except BaseException:
                session.close()
                raise
            self._sessions[name] = session
        return self._sessions[name]

    def new_session(self, name: str) -> Session:
        """A session in which nobody is signed in yet; close it, or use it as a context."""
        return Session(self.server, transport=self._carrier(name))

    def identity(self, name: str) -> Identity:
        """The keys of a persona; raise KeyStoreError when they have none yet."""
        return read_identity(self.state(name).get("identity", {}))

    def organisation(self, name: str) -> tuple[bytes, SigningKey]:
        """The id and key of an organisation; raise KeyError when it has not been entered."""
        state = self.store.load(name)
        return bytes.fromhex(state["organisation"]), SigningKey.from_seed(decode_base64(state["key"]))

    def seen(self, name: str) -> Pins:
        """What somebody saw of others: one value, to which everything that acts for them adds."""
        from dossier.client.parties import Pins

        if name not in self._seen:
            self._seen[name] = Pins.from_state(self.state(name).get("pins", {}))
        return self._seen[name]

    def register(self, name: str) -> Register:
        """The register as somebody verifies it, and pins it."""
        from dossier.client.parties import check_register

        session = self.session(name)
        return check_register(session.get("/v1/register"), self.seen(name), session.now())

    def people(self, name: str) -> People:
        """The attested professionals, as somebody verifies them."""
        from dossier.client.groups import People
        from dossier.client.signers import Signers

        if "identity" in self.state(name):
            # One's own keys need no first contact: they are what the service's word is held against.
            Signers.of(self.session(name), self.identity(name), self.seen(name))
        return People(self.session(name), self.register(name), self.seen(name))

    def owner(self, name: str) -> Owner:
        """Somebody as the owner of dossiers; `keep_pins` keeps what was pinned of these."""
        from dossier.client.owner import Owner

        pins = dict(self.state(name).get("dossiers", {}))
        return Owner(self.session(name), self.identity(name), self.register(name), pins, self.seen(name))

    def agency(self, name: str) -> Agency:
        """A system (`agency.system`, or a profile), signed in, with the directory key of its first contact."""
        from dossier.client.agency import Agency

        state = self.store.load(name)
        if "directory" not in state:
            self.keep(name, directory=self.log_identity().directory_key.hex())
            state = self.store.load(name)
        employer = state if "organisation" in state else self.store.load(name.partition(".")[0])
        return Agency(
            self.session(name),
            bytes.fromhex(employer["organisation"]),
            bytes.fromhex(state["system"]),
            SigningKey.from_seed(decode_base64(state["signing"])),
            bytes.fromhex(state["directory"]),
            dict(state.get("dossiers", {})),
        )

    def log(self) -> WebLog:
        """The public log; use it as a context."""
        from dossier.client.publiclog import WebLog

        return WebLog(f"{self.server}/log", self._carrier(LOG))

    def log_identity(self) -> LogIdentity:
        """What the log says of itself; raise UntrustedError."""
        from dossier.client.firstcontact import log_identity

        return log_identity(self.server, self._carrier(LOG))

    def keep_pins(self, name: str, pins: Mapping[str, str]) -> None:
        """Keep the chain heads of dossiers that a persona or system saw."""
        if self.state(name).get("dossiers", {}) != pins:
            self.keep(name, dossiers=dict(pins))

    def pinned_log(self, name: str) -> LogIdentity:
        """What the log said of itself at somebody's first contact; raise UntrustedError."""
        from audit.control import parse_identity
        from dossier.client.firstcontact import control_leaf

        kept = self.state(name).get("log", "")
        if not kept:
            kept = encode_base64(control_leaf(self.server, self._carrier(LOG)))
            self.keep(name, log=kept)
        return parse_identity(decode_base64(kept))

    def seen_log(self, name: str) -> Checkpoint | None:
        """The largest state of the log that somebody checked, None before the first."""
        from audit.checkpoint import Checkpoint

        kept = self.state(name).get("checkpoint")
        return Checkpoint(kept["origin"], kept["size"], decode_base64(kept["root"])) if kept else None

    def keep_log(self, name: str, checked: Checkpoint) -> None:
        """Keep a state of the log that was checked, and found to contain the one before."""
        root = encode_base64(checked.root)
        self.keep(name, checkpoint={"origin": checked.origin, "size": checked.size, "root": root})

    def _keep_seen(self, name: str, pins: Pins) -> None:
        from dossier.client.parties import Pins

        state = pins.to_state()
        if pins != Pins() and self.state(name).get("pins", {}) != state:
            self.keep(name, pins=state)

    def _carrier(self, name: str) -> Carrier | None:
        return self._transport(name) if self._transport else None

    def _sign_in(self, session: Session, name: str) -> None:
        state = self.state(name)
        if "signIn" in state:
            session.sign_in_system(state["system"], SignInKey.from_jwk(state["signIn"]))
        elif name in self._secrets:
            session.sign_in(name, self._secrets[name])
        elif self._sign_in_others is not None:
            self._sign_in_others(session, name)
        else:
            raise SignInError("nobody of this name is known here")
