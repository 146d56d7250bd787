"""Joining a service from this machine: a profile with keys, made at the first sign-in or opened with what was kept.

A person's keys are kept before they are published, so that a sign-in that was cut short goes on where it was. What is
written down on paper (passphrase, recovery code) is kept here only until the keys are published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audit.control import LogIdentity
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import ChecksumError, PinError
from crypto.keys import SigningKey
from crypto.recoverycode import parse_recovery_code
from crypto.register import RegisterKeys
from crypto.statements import parse_statement
from dossier.client.assertion import SignInKey
from dossier.client.enrolment import Enrolled, make_keys, publish_keys, published_chain, unlock
from dossier.client.errors import SignInError, UntrustedError
from dossier.client.keys import KeyStore, identity_state, read_identity
from dossier.client.making import Identity
from dossier.client.parties import Pins, check_register
from dossier.client.profiles import SYSTEM, Profile
from dossier.client.session import Session

PENDING = "enrolling"
MADE, UNLOCKED, HERE = "made", "unlocked", "here"


@dataclass(frozen=True)
class Joined:
    """Whose keys are in the profile now, and how they came there: made, unlocked, or here before.

    `passphrase` and `recovery_code` are of keys that were just made: to be written down, nobody keeps them.
    """

    identity: Identity
    how: str
    passphrase: str = field(default="", repr=False)
    recovery_code: str = field(default="", repr=False)


def join(session: Session, store: KeyStore, profile: Profile, ask: Callable[[str], str]) -> Joined:
    """Bring the keys of the person who is signed in into the profile; `ask` asks for a passphrase or recovery code.

    Raise SignInError when the profile is another person's, UntrustedError when the service shows other keys than those
    of the profile; ChecksumError for a mistype.
    """
    name, me = profile.name, session.get("/v1/me")
    state = store.load(name) if store.has(name) else {}
    if "identity" in state and state["identity"]["person"] != me["person"]:
        raise SignInError("this profile is of somebody else: sign in under another name, or as that person")
    if state.get(PENDING):
        return _publish(session, store, profile)
    organisation = bytes.fromhex(me.get("organisation", {}).get("organisation", ""))
    shown = published_chain(session, bytes.fromhex(me["person"]), organisation)
    if "identity" in state:
        identity = read_identity(state["identity"])
        _check_present(identity, shown)
        store.update(name, profile=profile.state())
        return Joined(identity, HERE)
    if shown:
        return _unlock(session, store, profile, ask)
    made = make_keys(session)
    pending = {"passphrase": made.passphrase, "recoveryCode": made.recovery_code}
    keys = {"chain": encode_base64(made.chain.envelope), "streamKey": encode_base64(made.stream_key)}
    root = encode_base64(made.root)
    store.update(
        name, profile=profile.state(), identity=identity_state(made.identity), root=root, **{PENDING: pending | keys}
    )
    return _publish(session, store, profile)


def join_system(
    session: Session, store: KeyStore, profile: Profile, log: LogIdentity, sign_in: SignInKey, signing: SigningKey
) -> bytes:
    """Keep the keys of a system that is signed in; return its organisation.

    Raise UntrustedError unless its organisation attests this very signing key, PinError for another register than the
    log names.
    """
    me = session.get("/v1/me")
    pins = first_pins(log)
    register = check_register(session.get("/v1/register"), pins, session.now())
    system = bytes.fromhex(me["person"])
    attested = register.systems.get(system)
    if profile.kind != SYSTEM or attested is None:
        raise UntrustedError("no organisation of the register attests this system")
    if attested.signing_key != signing.public:
        raise UntrustedError("the signing key is not the one that the organisation attested")
    store.update(
        profile.name,
        profile=profile.state(),
        system=system.hex(),
        organisation=attested.organisation.hex(),
        signing=encode_base64(signing.seed),
        signIn=sign_in.as_dict(private=True),
        directory=log.directory_key.hex(),
        pins=pins.to_state(),
    )
    return attested.organisation


def first_pins(log: LogIdentity) -> Pins:
    """The pins of a first contact: the register's keys are those that the log names in its first entry."""
    return Pins(register=RegisterKeys(log.register_keys, log.register_threshold))


def _publish(session: Session, store: KeyStore, profile: Profile) -> Joined:
    """Publish what was made and kept, and forget here what is for paper."""
    state = store.load(profile.name)
    pending, identity = state[PENDING], read_identity(state["identity"])
    made = Enrolled(
        identity,
        parse_statement(decode_base64(pending["chain"])),
        decode_base64(state["root"]),
        decode_base64(pending["streamKey"]),
        pending["passphrase"],
        pending["recoveryCode"],
    )
    publish_keys(session, made)
    store.update(profile.name, **{PENDING: {}})
    return Joined(identity, MADE, made.passphrase, made.recovery_code)


def _unlock(session: Session, store: KeyStore, profile: Profile, ask: Callable[[str], str]) -> Joined:
    typed = ask("your passphrase of six words, or your recovery code: ")
    unlocked = unlock(session, typed, "recovery-code" if _is_code(typed) else "passphrase")
    changes: dict[str, Any] = {"identity": identity_state(unlocked.identity), "root": encode_base64(unlocked.root)}
    store.update(profile.name, profile=profile.state(), **changes)
    return Joined(unlocked.identity, UNLOCKED)


def _is_code(typed: str) -> bool:
    try:
        parse_recovery_code(typed)
    except ChecksumError:
        return False
    return True


def _check_present(identity: Identity, shown: list[str]) -> None:
    """Raise PinError unless the chain that the service shows ends in, or goes on from, the keys of the profile."""
    heads = [parse_statement(decode_base64(text)).hash for text in shown]
    if identity.head not in heads:
        raise PinError("the service shows other keys of yours than those of this profile")
    if heads[-1] != identity.head:
        raise UntrustedError("your keys were replaced on another device: sign in there, or under a new name")
