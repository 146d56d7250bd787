"""Runs every vector of the formats of crypto/; the browser's tests run the same files."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import crypto
from crypto import (
    Header,
    Identity,
    KeyId,
    Label,
    Method,
    RegisterKeys,
    SealingKey,
    SectionPlace,
    SigningKey,
    Statement,
    parse_header,
    parse_statement,
)
from crypto.passphrase import parse_passphrase
from crypto.recoverycode import format_recovery_code, parse_recovery_code
from crypto.stream import StreamOpener
from crypto.unlock import unlock_key
from dossier.client.errors import KeyStoreError
from dossier.client.keys import STORE_SETTINGS, KeyStore, open_with_passphrase
from dossier.parties.identifiers import identifier_hmac, parse_identifier
from tests.vectors import make
from web.signin.credentials import csrf_token
from web.signin.limits import Limit, Limiter

FOLDER = Path(__file__).parent.parent / "vectors"
COUNTS = {
    "address": 8,
    "adoption": 6,
    "attestation": 14,
    "base64": 15,
    "canonical": 39,
    "capsule": 35,
    "case-chain": 16,
    "content-stream": 23,
    "derivation": 3,
    "csrf": 2,
    "device-key": 18,
    "device-state": 39,
    "identifier": 4,
    "rate": 4,
    "dossier-chain": 4,
    "dossier-keys": 5,
    "encoding": 15,
    "identity": 6,
    "item-core": 23,
    "item-header": 11,
    "item-key": 6,
    "item-part": 7,
    "joined-key": 13,
    "key-chain": 15,
    "keys": 2,
    "message": 17,
    "metadata": 11,
    "passphrase": 15,
    "placement": 4,
    "recovery-code": 15,
    "register": 11,
    "seal": 14,
    "section": 6,
    "section-chain": 8,
    "signature": 11,
    "statement": 38,
    "system-attestation": 5,
    "threshold": 7,
    "unlock-method": 18,
    "unlock-root": 7,
    "wrap": 10,
}
ERRORS: dict[str, type[crypto.CryptoError]] = {
    "malformed": crypto.MalformedError,
    "tampered": crypto.TamperedError,
    "signature": crypto.SignatureError,
    "limit": crypto.LimitError,
    "checksum": crypto.ChecksumError,
    "pin": crypto.PinError,
}
PATHS = sorted(path for form in COUNTS for path in (FOLDER / form).glob("*.json"))

Vector = dict[str, Any]


def test_counts():
    """Every format has as many vectors as it should: a folder that moved or emptied shows."""
    assert Counter(path.parent.name for path in PATHS) == COUNTS
    assert set(RUNNERS) == set(COUNTS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_vector(path):
    """The vector opens, or fails in the one way that it names, and with no other error."""
    vector = json.loads(path.read_text(encoding="ascii"))
    run = RUNNERS[path.parent.name]
    assert vector["format"] == path.parent.name
    if vector["expect"] == "success":
        run(vector)
        return
    with pytest.raises(crypto.CryptoError) as caught:
        run(vector)
    assert type(caught.value) is ERRORS[vector["expect"]]


def raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def context(vector: Vector) -> tuple[bytes, ...]:
    return tuple(map(raw, vector["context"]))


def statements(texts: list[str]) -> list[Statement]:
    return [parse_statement(raw(text)) for text in texts]


def header(vector: Vector) -> Header:
    return parse_header(parse_statement(raw(vector["envelope"])))


def place(vector: Vector) -> SectionPlace:
    fields = vector["place"]
    return SectionPlace(bytes.fromhex(fields["dossier"]), fields["section"], fields["lane"], fields["epoch"])


def register_keys(fields: Vector) -> RegisterKeys:
    return RegisterKeys(tuple(map(raw, fields["keys"])), fields["threshold"])


def run_encoding(vector: Vector) -> None:
    fields = crypto.unbind(vector["label"], raw(vector["bound"]))
    assert fields == tuple(map(raw, vector["fields"]))
    assert crypto.bind(vector["label"], *fields) == raw(vector["bound"])


def run_base64(vector: Vector) -> None:
    data = crypto.decode_base64(vector["text"])
    assert data.hex() == vector["data"]
    assert crypto.encode_base64(data) == vector["text"]


def run_canonical(vector: Vector) -> None:
    value = crypto.decode_json(raw(vector["json"]))
    assert value == vector["value"]
    assert crypto.encode_json(value) == raw(vector["json"])


def run_keys(vector: Vector) -> None:
    seed = raw(vector["seed"])
    assert SigningKey.from_seed(seed).public == raw(vector["signingKey"])
    assert SealingKey.from_seed(seed).public == raw(vector["sealingKey"])


def run_signature(vector: Vector) -> None:
    crypto.verify_ed25519(raw(vector["key"]), raw(vector["message"]), raw(vector["signature"]))


def run_seal(vector: Vector) -> None:
    key = SealingKey.from_seed(raw(vector["seed"]))
    opened = crypto.open_sealed(Label(vector["label"]), context(vector), key, raw(vector["sealed"]))
    assert opened == raw(vector["plaintext"])


def run_message(vector: Vector) -> None:
    key = SealingKey.from_seed(raw(vector["seed"]))
    dossier, about = bytes.fromhex(vector["dossier"]), bytes.fromhex(vector["about"])
    assert crypto.open_message(vector["kind"], dossier, about, key, raw(vector["sealed"])) == vector["words"]


def run_wrap(vector: Vector) -> None:
    opened = crypto.unwrap(Label(vector["label"]), context(vector), raw(vector["key"]), raw(vector["wrapped"]))
    assert opened == raw(vector["plaintext"])


def run_device_state(vector: Vector) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        # The file is there under a bad name too, where such a file can be: the name itself is refused.
        if "/" not in vector["name"]:
            (home / f"{vector['name']}.sealed").write_bytes(raw(vector["sealed"]))
        with class_behind():
            state = KeyStore(home, raw(vector["key"])).load(vector["name"])
    assert state == vector["state"]


def run_device_key(vector: Vector) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / STORE_SETTINGS).write_bytes(raw(vector["settings"]))
        with class_behind():
            store = open_with_passphrase(home, vector["typed"])
    assert store.key == raw(vector["key"])


@contextmanager
def class_behind() -> Iterator[None]:
    """Raise the class behind a store's one error; what failed without one of crypto/ is malformed, or a missing file."""
    try:
        yield
    except KeyStoreError as error:
        cause = error.__cause__
        if isinstance(cause, OSError):
            raise
        raise cause if isinstance(cause, crypto.CryptoError) else crypto.MalformedError("not ours") from error


def run_identifier(vector: Vector) -> None:
    found = identifier_hmac(raw(vector["key"]), parse_identifier(vector["identifier"]))
    assert found.hex() == vector["hmac"]


def run_rate(vector: Vector) -> None:
    limiter = Limiter(lambda: 0)
    limiter.count(Limit(vector["limit"], 1, 60), raw(vector["who"]))
    assert [key.hex() for key, _, _ in limiter.take()] == [vector["hash"]]


def run_csrf(vector: Vector) -> None:
    assert csrf_token(vector["cookie"]) == vector["token"]


def run_derivation(vector: Vector) -> None:
    output = crypto.hkdf(raw(vector["key"]), Label(vector["label"]), *context(vector), size=vector["size"])
    assert output == raw(vector["output"])


def run_statement(vector: Vector) -> None:
    statement = parse_statement(raw(vector["envelope"]))
    crypto.verify(statement, raw(vector["key"]))
    assert (statement.kind, statement.payload) == (vector["kind"], vector["payload"])
    assert statement.hash.hex() == vector["hash"]


def run_threshold(vector: Vector) -> None:
    statement = parse_statement(raw(vector["envelope"]))
    signers = crypto.verify_threshold(statement, list(map(raw, vector["keys"])), vector["threshold"])
    assert len(signers) >= vector["threshold"]
    assert statement.hash.hex() == vector["hash"]


def run_item_core(vector: Vector) -> None:
    core = crypto.parse_core(raw(vector["core"]))
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(core).items()}
    assert fields == vector["fields"]
    assert core.encode() == raw(vector["core"])
    assert crypto.core_hash(core.encode()).hex() == vector["coreHash"]


def run_item_header(vector: Vector) -> None:
    found = crypto.check_header(
        parse_statement(raw(vector["envelope"])),
        raw(vector["key"]),
        dossier=bytes.fromhex(vector["dossier"]),
        section_key_hash=bytes.fromhex(vector["sectionKeyHash"]),
    )
    assert (found.hash.hex(), found.core_hash.hex()) == (vector["hash"], vector["coreHash"])


def run_item_key(vector: Vector) -> None:
    key = SealingKey.from_seed(raw(vector["seed"]))
    assert crypto.open_item_key(header(vector), key, raw(vector["sealedKey"])) == raw(vector["itemKey"])


def run_metadata(vector: Vector) -> None:
    opened = crypto.open_metadata(header(vector), raw(vector["itemKey"]), raw(vector["sealedMetadata"]))
    assert opened == vector["metadata"]


def run_item_part(vector: Vector) -> None:
    opened = crypto.open_part(header(vector), raw(vector["itemKey"]), vector["index"], raw(vector["stream"]))
    assert opened == raw(vector["plaintext"])


def run_content_stream(vector: Vector) -> None:
    """Feed in odd pieces; whatever comes out before an error is a prefix of the true content."""
    opener, stream, out = StreamOpener(raw(vector["key"]), raw(vector["ad"])), raw(vector["stream"]), b""
    content = (bytes(range(251)) * (vector["length"] // 251 + 1))[: vector["length"]]
    try:
        for at in range(0, len(stream), 30_011):
            out += opener.update(stream[at : at + 30_011])
        out += opener.finish()
    finally:
        assert content.startswith(out)
    assert out == content
    assert hashlib.sha256(out).hexdigest() == vector["sha256"]


def run_adoption(vector: Vector) -> None:
    opened = crypto.open_adopted(raw(vector["listKey"]), raw(vector["wrapped"]), place(vector), header(vector))
    assert opened == raw(vector["itemKey"])


def run_placement(vector: Vector) -> None:
    key = SealingKey.from_seed(raw(vector["seed"]))
    assert crypto.open_placed(raw(vector["sealed"]), place(vector), header(vector), key) == raw(vector["itemKey"])


def run_section(vector: Vector) -> None:
    where = place(vector)
    secret = crypto.unwrap_section(raw(vector["root"]), raw(vector["wrapped"]), where, raw(vector["publicKey"]))
    assert secret == raw(vector["secret"])
    assert crypto.section_list_key(secret, where) == raw(vector["listKey"])
    assert crypto.section_sealing_key(secret, where).public == raw(vector["publicKey"])


def run_dossier_keys(vector: Vector) -> None:
    keys = crypto.unwrap_dossier_keys(
        raw(vector["root"]),
        raw(vector["wrapped"]),
        bytes.fromhex(vector["dossier"]),
        vector["sequence"],
        key=raw(vector["key"]),
        inbox=raw(vector["inboxKey"]),
    )
    assert keys == crypto.DossierKeys(raw(vector["signingSeed"]), raw(vector["dossierRoot"]))


def run_capsule(vector: Vector) -> None:
    capsule = crypto.parse_capsule(raw(vector["capsule"]))
    assert capsule.encode() == raw(vector["capsule"])
    expected = {KeyId.parse(raw(e["id"])): bytes.fromhex(e["commitment"]) for e in vector["expected"]}
    keys = crypto.open_capsule(capsule, SealingKey.from_seed(raw(vector["seed"])), expected)
    assert keys == {KeyId.parse(raw(key["id"])): raw(key["secret"]) for key in vector["keys"]}


def run_key_chain(vector: Vector) -> None:
    person, organisation = bytes.fromhex(vector["person"]), bytes.fromhex(vector["organisation"])
    pinned = bytes.fromhex(vector["pinned"]) or None
    chain = crypto.verify_key_chain(statements(vector["statements"]), person, organisation, pinned=pinned)
    assert chain.head.hex() == vector["head"]
    assert (chain.signing_key, chain.sealing_key) == (raw(vector["signingKey"]), raw(vector["sealingKey"]))


def run_case_chain(vector: Vector) -> None:
    pinned = bytes.fromhex(vector["pinned"]) or None
    chain = crypto.check_case_chain(statements(vector["statements"]), pinned=pinned)
    assert (chain.head.hex(), chain.sequence) == (vector["head"], vector["sequence"])


def run_joined_key(vector: Vector) -> None:
    person, organisation = bytes.fromhex(vector["person"]), bytes.fromhex(vector["organisation"])
    chain = crypto.verify_key_chain(statements(vector["chain"]), person, organisation)
    assert crypto.joined_key(parse_statement(raw(vector["statement"])), chain) == raw(vector["sealingKey"])


def run_dossier_chain(vector: Vector) -> None:
    pinned = bytes.fromhex(vector["pinned"]) or None
    chain = crypto.verify_dossier_chain(
        statements(vector["statements"]), bytes.fromhex(vector["dossier"]), pinned=pinned
    )
    assert (chain.head.hex(), chain.inbox_key) == (vector["head"], raw(vector["inboxKey"]))
    assert chain.keys == tuple(map(raw, vector["keys"]))


def run_section_chain(vector: Vector) -> None:
    chain = crypto.verify_dossier_chain(statements(vector["chain"]), bytes.fromhex(vector["dossier"]))
    keys = crypto.verify_section_chain(statements(vector["statements"]), chain)
    assert [key.public_key for key in keys] == list(map(raw, vector["publicKeys"]))
    assert [key.dossier_sequence for key in keys] == vector["signedBy"]


def run_register(vector: Vector) -> None:
    register = register_keys(vector)
    entries = crypto.verify_register(statements(vector["statements"]), register)
    assert register.hash.hex() == vector["keysHash"]
    assert [entry.key for entry in entries] == list(map(raw, vector["organisationKeys"]))


def organisation(vector: Vector) -> crypto.OrganisationKey:
    entry = parse_statement(raw(vector["register"]["entry"]))
    return crypto.verify_register_entry(entry, register_keys(vector["register"]))


def run_attestation(vector: Vector) -> None:
    person, where = bytes.fromhex(vector["person"]), bytes.fromhex(vector["organisation"])
    chain = crypto.verify_key_chain(statements(vector["chain"]), person, where)
    statement = parse_statement(raw(vector["statement"]))
    roles = crypto.check_attestation(statement, organisation(vector), chain, vector["now"], counter=vector["counter"])
    assert list(roles) == vector["roles"]


def run_system_attestation(vector: Vector) -> None:
    statement = parse_statement(raw(vector["statement"]))
    keys = crypto.check_system_attestation(statement, organisation(vector), vector["now"], counter=vector["counter"])
    assert (keys.signing_key, keys.sealing_key) == (raw(vector["signingKey"]), raw(vector["sealingKey"]))


def run_address(vector: Vector) -> None:
    chain = crypto.verify_dossier_chain(statements(vector["chain"]), bytes.fromhex(vector["dossier"]))
    keys = crypto.check_address(
        parse_statement(raw(vector["statement"])),
        raw(vector["directoryKey"]),
        bytes.fromhex(vector["organisation"]),
        chain,
        statements(vector["sections"]),
        vector["now"],
    )
    assert [key.public_key for key in keys] == list(map(raw, vector["publicKeys"]))


def run_passphrase(vector: Vector) -> None:
    assert parse_passphrase(vector["typed"]).decode() == vector["words"]


def run_recovery_code(vector: Vector) -> None:
    code = parse_recovery_code(vector["typed"])
    assert code == raw(vector["code"])
    assert parse_recovery_code(format_recovery_code(code)) == code


def run_unlock_method(vector: Vector) -> None:
    person, method = bytes.fromhex(vector["person"]), Method.parse(vector["method"])
    pair = crypto.open_method(person, method, vector["typed"], raw(vector["wrappedSeed"]))
    assert pair.public == method.public_key
    assert unlock_key(person, method, vector["typed"]) == raw(vector["unlockKey"])


def run_unlock_root(vector: Vector) -> None:
    person, listed = bytes.fromhex(vector["person"]), parse_statement(raw(vector["list"]))
    methods = {method.method: method for method in crypto.list_methods(listed, person)}
    method = methods[bytes.fromhex(vector["method"])]
    pair = SealingKey.from_seed(raw(vector["seed"]))
    assert crypto.open_root(listed, person, method, pair, raw(vector["sealed"])) == raw(vector["root"])


def run_identity(vector: Vector) -> None:
    head = parse_statement(raw(vector["chainHead"]))
    identity = crypto.unwrap_identity(raw(vector["root"]), raw(vector["wrapped"]), head)
    seeds = (raw(vector["signingSeed"]), raw(vector["sealingSeed"]))
    assert identity == Identity(SigningKey.from_seed(seeds[0]), SealingKey.from_seed(seeds[1]))


RUNNERS: dict[str, Callable[[Vector], None]] = {form: globals()[f"run_{form.replace('-', '_')}"] for form in COUNTS}


def test_made_again():
    """The kept maker makes every file again, byte for byte, and no file is left over."""
    assert list(make.differences(make.all_files())) == []
