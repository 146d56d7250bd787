"""Enrolling: making the keys of one capacity, publishing them, and setting up two ways to unlock them elsewhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from crypto.chains import verify_key_chain
from crypto.encoding import decode_base64, encode_base64, sha256
from crypto.errors import CryptoError
from crypto.keys import SealingKey, SigningKey
from crypto.passphrase import new_passphrase
from crypto.recoverycode import new_recovery_code
from crypto.statements import Statement, parse_statement, sign
from crypto.unlock import Identity as Pairs
from crypto.unlock import list_methods, new_method, open_method, open_root, seal_root, unwrap_identity, wrap_identity
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.making import Identity
from dossier.client.session import Session

KEY_SIZE = 32
_ABSENT = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True)
class Enrolled:
    """What enrolling gives: the identity, the root that wraps it, the stream key, and the secrets to write down.

    `chain` is the first statement of the key chain, as it was signed.
    """

    identity: Identity
    chain: Statement = field(repr=False)
    root: bytes = field(repr=False)
    stream_key: bytes = field(repr=False)
    passphrase: str = field(repr=False)
    recovery_code: str = field(repr=False)


@dataclass(frozen=True)
class Unlocked:
    """What unlocking on another device gives."""

    identity: Identity
    root: bytes = field(repr=False)


def enrol(session: Session) -> Enrolled:
    """Make and publish the keys of the person who is signed in, in this capacity, with two unlock methods."""
    made = make_keys(session)
    publish_keys(session, made)
    return made


def make_keys(session: Session) -> Enrolled:
    """Make the keys of the person who is signed in; nothing is sent, so that they can be kept before they are used."""
    me = session.get("/v1/me")
    person = bytes.fromhex(me["person"])
    organisation = bytes.fromhex(me["organisation"]["organisation"]) if "organisation" in me else b""
    pairs, stream_key = Pairs(SigningKey.generate(), SealingKey.generate()), secrets.token_bytes(KEY_SIZE)
    chain = first_keys(person, organisation, pairs, stream_key, session.now())
    identity = Identity(person, organisation, pairs.signing, pairs.sealing, chain.hash)
    root, passphrase, code = secrets.token_bytes(KEY_SIZE), new_passphrase(), new_recovery_code()
    return Enrolled(identity, chain, root, stream_key, passphrase, code)


def publish_keys(session: Session, made: Enrolled) -> None:
    """Publish new keys, two unlock methods and the wrapped identity; what an earlier try brought there is left as it is.

    Raise UntrustedError when the person has other keys already.
    """
    session.step_up()
    person, organisation = made.identity.person, made.identity.organisation
    where, pairs = f"/v1/persons/{person.hex()}", Pairs(made.identity.signing, made.identity.sealing)
    present = published_chain(session, person, organisation)
    text = encode_base64(made.chain.envelope)
    if not present:
        session.post(f"{where}/keys", {"statement": text, "streamKey": encode_base64(made.stream_key)})
    elif present[0] != text:
        raise UntrustedError("this person has other keys already")
    if not _has(session, f"{where}/unlock-methods"):
        body = unlock_body(person, pairs, made.root, made.passphrase, made.recovery_code, session)
        session.put(f"{where}/unlock-methods", body)
    if not _has(session, f"{where}/keyring"):
        wrapped = wrap_identity(made.root, pairs, person, organisation, 0)
        session.put(f"{where}/keyring", {"wrapped": encode_base64(wrapped), "version": 1})


def published_chain(session: Session, person: bytes, organisation: bytes) -> list[str]:
    """The statements (base64) of a person's key chain in one capacity, as the service shows it; empty for none."""
    try:
        chains = session.get(f"/v1/persons/{person.hex()}/keys")["chains"]
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return []
    return next((each["statements"] for each in chains if each["organisation"] == organisation.hex()), [])


def _has(session: Session, path: str) -> bool:
    """Whether there is something at a path of one's own."""
    try:
        session.get(path)
    except RefusedError as error:
        if error.status not in _ABSENT:
            raise
        return False
    return True


def first_keys(person: bytes, organisation: bytes, pairs: Pairs, stream_key: bytes, now: int) -> Statement:
    """The first statement of a key chain, signed by the key it names."""
    return _keys(person, organisation, pairs, sha256(stream_key).hex(), (0, ""), pairs.signing, now)


def next_keys(before: Statement, signer: SigningKey, pairs: Pairs, now: int) -> Statement:
    """The statement that replaces the keys of a chain: signed by the key before it."""
    payload = before.payload
    person, organisation = bytes.fromhex(payload["person"]), bytes.fromhex(payload["organisation"])
    place = (payload["sequence"] + 1, before.hash.hex())
    return _keys(person, organisation, pairs, payload["streamKeyHash"], place, signer, now)


def unlock_body(
    person: bytes, pairs: Pairs, root: bytes, passphrase: str, code: str, session: Session
) -> dict[str, Any]:
    """The first list of unlock methods, signed, with wrapped seeds and sealed roots: a passphrase and a code."""
    made = [new_method(person, "passphrase", passphrase), new_method(person, "recovery-code", code)]
    payload = {
        "person": person.hex(),
        "counter": 0,
        "previous": "",
        "methods": [method.entry() for method, _ in made],
        "signer": person.hex(),
        "issuedAt": session.now(),
    }
    statement = sign("unlock-methods", payload, pairs.signing)
    roots = seal_root(statement, person, root)
    methods = {
        method.method.hex(): {"wrappedSeed": encode_base64(seed), "sealedRoot": encode_base64(roots[method.method])}
        for method, seed in made
    }
    return {"statement": encode_base64(statement.envelope), "methods": methods}


def unlock(session: Session, typed: str, method_type: str) -> Unlocked:
    """Open one's keys on another device with what one wrote down (passphrase or recovery-code).

    Raise crypto.errors.ChecksumError for a mistype, TamperedError or UntrustedError when something was changed.
    """
    me = session.get("/v1/me")
    person, organisation = bytes.fromhex(me["person"]), me.get("organisation", {}).get("organisation", "")
    shown = session.get(f"/v1/persons/{person.hex()}/unlock-methods")
    statement = parse_statement(decode_base64(shown["statement"]))
    method = next((each for each in list_methods(statement, person) if each.type == method_type), None)
    if method is None:
        raise UntrustedError("there is no such unlock method")
    sealed = shown["methods"][method.method.hex()]
    pair = open_method(person, method, typed, decode_base64(sealed["wrappedSeed"]))
    root = open_root(statement, person, method, pair, decode_base64(sealed["sealedRoot"]))
    return Unlocked(_identity(session, person, organisation, root, statement), root)


def _identity(session: Session, person: bytes, organisation: str, root: bytes, methods: Statement) -> Identity:
    """Unwrap the identity, and check the chain and the list of methods with it before anything else is done."""
    chains = session.get(f"/v1/persons/{person.hex()}/keys")["chains"]
    texts: list[str] = next((each["statements"] for each in chains if each["organisation"] == organisation), [])
    wrapped = decode_base64(session.get(f"/v1/persons/{person.hex()}/keyring")["wrapped"])
    try:
        statements = [parse_statement(decode_base64(text)) for text in texts]
        chain = verify_key_chain(statements, person, bytes.fromhex(organisation))
        pairs = unwrap_identity(root, wrapped, statements[-1])
    except CryptoError as error:
        raise UntrustedError("the service's keys are not the ones that were made") from error
    if methods.payload["keyHash"] not in {sha256(decode_base64(s.payload["signingKey"])).hex() for s in statements}:
        raise UntrustedError("the list of unlock methods is signed by another")
    return Identity(person, bytes.fromhex(organisation), pairs.signing, pairs.sealing, chain.head)


def _keys(
    person: bytes,
    organisation: bytes,
    pairs: Pairs,
    stream_key_hash: str,
    place: tuple[int, str],
    signer: SigningKey,
    now: int,
) -> Statement:
    payload = {
        "person": person.hex(),
        "organisation": organisation.hex(),
        "sequence": place[0],
        "previous": place[1],
        "signingKey": encode_base64(pairs.signing.public),
        "sealingKey": encode_base64(pairs.sealing.public),
        "streamKeyHash": stream_key_hash,
        "signer": person.hex(),
        "issuedAt": now,
    }
    return sign("key-chain", payload, signer)
