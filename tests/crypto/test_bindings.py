"""What every ciphertext is bound to: each field of each kind is changed in turn, and each label is tried for every other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any
from unittest.mock import Mock

import pytest

import crypto
from crypto import (
    Core,
    DossierKeys,
    Header,
    Identity,
    KeyId,
    Label,
    Method,
    SealingKey,
    SectionPlace,
    SigningKey,
    TamperedError,
    core_hash,
    hkdf,
    key_hash,
    open_sealed,
    seal,
    sign,
    unwrap,
    wrap,
)
from crypto.headers import item_commitment
from crypto.items import content_ad
from crypto.stream import StreamOpener, StreamSealer
from crypto.unlock import open_method, open_root, seal_root, unwrap_identity, wrap_identity
from tests.crypto.conftest import Delivery, make_delivery
from tests.values import replace

ITEM = make_delivery()
ROOT, LIST_KEY = b"r" * 32, crypto.section_list_key(ITEM.secret, ITEM.place)
PAIR = SealingKey.from_seed(b"g" * 32)
PERSON = b"p" * 16


def header_of(core: Core) -> Header:
    """A header that commits to the item key under a changed core: only the ciphertext's own binding can refuse it."""
    digest = core_hash(core.encode())
    return replace(ITEM.header, core=core, core_hash=digest, commitment=item_commitment(ITEM.item_key, digest))


def other(value: Any) -> Any:
    """A value near this one, of the same type and shape."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1, *value[1:]]) if value else b"\x01" * 16
    if isinstance(value, str):
        return {"system": "person", "person": "system"}.get(value, f"{value}x")
    return value + 1


@dataclass(frozen=True)
class Kind:
    """One kind of ciphertext: the fields of its context, and how it opens under them."""

    name: str
    context: dict[str, Any]
    open: Callable[[dict[str, Any]], object]


def core_fields(core: Core) -> dict[str, Any]:
    return {field.name: getattr(core, field.name) for field in fields(core)}


def place_fields(place: SectionPlace) -> dict[str, Any]:
    return {field.name: getattr(place, field.name) for field in fields(place)}


def split(context: dict[str, Any]) -> tuple[SectionPlace, dict[str, Any]]:
    names = {field.name for field in fields(SectionPlace)}
    rest = {name: value for name, value in context.items() if name not in names}
    return SectionPlace(**{name: context[name] for name in names}), rest


def kinds() -> Iterator[Kind]:
    core = core_fields(ITEM.core)
    yield Kind(
        "item key", core, lambda c: crypto.open_item_key(header_of(Core(**c)), ITEM.section, ITEM.sealed.sealed_key)
    )
    yield Kind(
        "metadata",
        core,
        lambda c: crypto.open_metadata(header_of(Core(**c)), ITEM.item_key, ITEM.sealed.sealed_metadata),
    )
    digest = ITEM.header.core_hash
    sealer = StreamSealer(ROOT, content_ad(digest, 0))
    stream = sealer.update(b"content") + sealer.finish()
    yield Kind(
        "content", {"core": digest, "index": 0}, lambda c: open_stream(stream, content_ad(c["core"], c["index"]))
    )
    yield from section_kinds()
    yield from dossier_kinds()
    yield from unlock_kinds()


def open_stream(stream: bytes, ad: bytes) -> bytes:
    opener = StreamOpener(ROOT, ad)
    return opener.update(stream) + opener.finish()


def with_hash(value: bytes) -> Header:
    """The header under another statement hash, which the cached property of its statement would give."""
    statement = replace(ITEM.header.statement)
    statement.__dict__["hash"] = value
    return replace(ITEM.header, statement=statement)


def section_kinds() -> Iterator[Kind]:
    place = place_fields(ITEM.place)
    wrapped = crypto.wrap_section(ROOT, ITEM.secret, ITEM.place)
    # Unwrapping recomputes the public key for the place, so the context alone is tried here.
    yield Kind(
        "section secret",
        {**place, "public": key_hash(ITEM.section.public)},
        lambda c: unwrap(Label.SECTION_SECRET, (*split(c)[0].context, c["public"]), ROOT, wrapped),
    )
    adopted = crypto.adopt_item_key(LIST_KEY, ITEM.item_key, ITEM.place, ITEM.header)
    yield Kind(
        "adopted item key",
        {**place, "header": ITEM.header.hash},
        lambda c: crypto.open_adopted(LIST_KEY, adopted, split(c)[0], with_hash(c["header"])),
    )
    placed = crypto.seal_placed(ITEM.item_key, ITEM.place, ITEM.header, ITEM.section.public)
    yield Kind(
        "placed item key",
        {**place, "header": ITEM.header.hash},
        lambda c: crypto.open_placed(placed, split(c)[0], with_hash(c["header"]), ITEM.section),
    )


def dossier_kinds() -> Iterator[Kind]:
    keys = DossierKeys(b"k" * 32, b"o" * 32)
    key, inbox = SigningKey.from_seed(keys.signing_seed).public, crypto.inbox_key(keys.root, PERSON, 4).public
    wrapped = crypto.wrap_dossier_keys(ROOT, keys, PERSON, 4)
    yield Kind(
        "dossier keys",
        {"dossier": PERSON, "sequence": 4, "key": key, "inbox": inbox},
        lambda c: crypto.unwrap_dossier_keys(
            ROOT, wrapped, c["dossier"], c["sequence"], key=c["key"], inbox=c["inbox"]
        ),
    )
    key_id = KeyId.stream(b"s" * 16, 5)
    capsule = crypto.seal_capsule(b"h" * 32, PERSON, PAIR.public, {key_id: ROOT})
    yield Kind(
        "capsule",
        {"statement": b"h" * 32, "grantee": PERSON, "stream": b"s" * 16, "epoch": 5},
        lambda c: (
            crypto.open_capsule(
                replace(
                    capsule,
                    statement_hash=c["statement"],
                    grantee=c["grantee"],
                    key_ids=(KeyId.stream(c["stream"], c["epoch"]),),
                ),
                PAIR,
                {},
            )
            if c != {"statement": b"h" * 32, "grantee": PERSON, "stream": b"s" * 16, "epoch": 5}
            else crypto.open_capsule(capsule, PAIR, {key_id: crypto.sha256(ROOT)})
        ),
    )


def unlock_kinds() -> Iterator[Kind]:
    code = crypto.new_recovery_code()
    method, seed = crypto.new_method(PERSON, "recovery-code", code)
    second, _ = crypto.new_method(PERSON, "recovery-code", code)
    names = {"method": method.method, "public_key": method.public_key}
    yield Kind(
        "method seed",
        {"person": PERSON, **names},
        lambda c: open_method(c["person"], Method(c["method"], method.type, c["public_key"]), code, seed),
    )
    signer = SigningKey.from_seed(b"i" * 32)
    listed = sign("unlock-methods", unlock_list(method, second), signer)
    pair = open_method(PERSON, method, code, seed)
    sealed = seal_root(listed, PERSON, ROOT)[method.method]

    def open_under(c: dict[str, Any]) -> bytes:
        statement = replace(listed)
        statement.__dict__["hash"] = c["list"]
        return open_root(statement, c["person"], replace(method, method=c["method"]), pair, sealed)

    yield Kind("root", {"person": PERSON, "method": method.method, "list": listed.hash}, open_under)
    identity = Identity(signer, PAIR)
    chain = {
        "person": PERSON,
        "organisation": b"o" * 16,
        "sequence": 0,
        "signing": signer.public,
        "sealing": PAIR.public,
    }
    wrapped = wrap_identity(ROOT, identity, PERSON, b"o" * 16, 0)
    yield Kind("identity", chain, lambda c: unwrap_identity(ROOT, wrapped, key_statement(**c)))


def unlock_list(*methods: Method) -> dict[str, Any]:
    return {
        "person": PERSON.hex(),
        "counter": 1,
        "previous": "",
        "methods": [method.entry() for method in methods],
        "signer": PERSON.hex(),
        "issuedAt": 1,
    }


def key_statement(
    person: bytes, organisation: bytes, sequence: int, signing: bytes, sealing: bytes
) -> crypto.Statement:
    payload = {
        "person": person.hex(),
        "organisation": organisation.hex(),
        "sequence": sequence,
        "previous": "",
        "signingKey": crypto.encode_base64(signing),
        "sealingKey": crypto.encode_base64(sealing),
        "streamKeyHash": "0" * 64,
        "signer": person.hex(),
        "issuedAt": 1,
    }
    return sign("key-chain", payload, SigningKey.from_seed(b"i" * 32))


KINDS = {kind.name: kind for kind in kinds()}
FIELDS = [(kind.name, field) for kind in KINDS.values() for field in kind.context]


@pytest.mark.parametrize("name", KINDS)
def test_opens_unchanged(name):
    """Each kind opens under the context that it was sealed for."""
    assert KINDS[name].open(KINDS[name].context) is not None


@pytest.mark.parametrize("name, field", FIELDS)
def test_bound_to_every_field(name, field):
    """Changing any one field of its context keeps any kind of ciphertext shut (N05, P1)."""
    kind = KINDS[name]
    with pytest.raises(TamperedError):
        kind.open(kind.context | {field: other(kind.context[field])})


@pytest.mark.parametrize(
    "parameters", [{"memory_kib": 65_537}, {"passes": 4}, {"salt": b"t" * 16}, {"type": "recovery-code"}]
)
def test_bound_to_derivation_parameters(parameters, monkeypatch):
    """A method seed is bound to each parameter of its derivation, whatever key they would derive (R10, N37)."""
    monkeypatch.setattr("crypto.unlock.unlock_key", Mock(return_value=ROOT))
    method, seed = crypto.new_method(PERSON, "passphrase", "typed")
    assert open_method(PERSON, method, "typed", seed).public == method.public_key
    with pytest.raises(TamperedError):
        open_method(PERSON, replace(method, **parameters), "typed", seed)


LABELS = list(Label)


@pytest.mark.parametrize("label", LABELS)
def test_label_matrix(label):
    """Sealed, wrapped or streamed under one label, nothing opens under any other (N06)."""
    sealed, wrapped = seal(label, (), PAIR.public, b"text"), wrap(label, (), ROOT, b"text")
    sealer = StreamSealer(ROOT, crypto.bind(label))
    stream = sealer.update(b"text") + sealer.finish()
    assert open_sealed(label, (), PAIR, sealed) == unwrap(label, (), ROOT, wrapped) == b"text"
    for wrong in set(LABELS) - {label}:
        for attempt in (
            lambda wrong=wrong: open_sealed(wrong, (), PAIR, sealed),
            lambda wrong=wrong: unwrap(wrong, (), ROOT, wrapped),
            lambda wrong=wrong: open_stream(stream, crypto.bind(wrong)),
        ):
            with pytest.raises(TamperedError):
                attempt()


def test_labels_derive_apart():
    """Every label derives another key from the same material, and every label carries the version."""
    assert len({hkdf(ROOT, label) for label in LABELS}) == len(LABELS)
    assert all(label.startswith("eigendossier/v1/") for label in LABELS)


def test_every_delivery_field_is_tried():
    """The mutator covers every field of the core."""
    tried = {field for name, field in FIELDS if name == "item key"}
    assert tried == {field.name for field in fields(Core)}
    assert isinstance(ITEM, Delivery)
